"""The arguments of every verb, as the parser, the help and shell completion see them."""

from collections import Counter
from dataclasses import dataclass

import pytest

from lissom.cli.arguments import Help
from lissom.cli.commands import COMMANDS, OF_MODELS, arguments
from lissom.cli.fields import arguments_of
from lissom.cli.help import field_docs
from lissom.cli.kinds import kind_of
from lissom.training.registry import TASKS

# verbs that take a model: once for each task
CLASSES = [arguments(command, task) for command in COMMANDS for task in (TASKS if command in OF_MODELS else [""])]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
class TestEveryVerb:
    def test_a_name_stands_for_one_argument(self, kind: type) -> None:
        known = arguments_of(kind)
        assert max(Counter(argument.name for argument in known.all).values()) == 1
        assert len(known.by_flag) >= len([argument for argument in known.all if not argument.positional])
        assert set(known.listed) <= known.by_flag.keys()

    def test_no_form_that_turns_off_is_another_flag(self, kind: type) -> None:
        known = arguments_of(kind)
        names = {argument.name for argument in known.all}
        assert not [argument for argument in known.all if argument.kind.is_switch and argument.off in names]

    def test_every_argument_has_its_help(self, kind: type) -> None:
        for argument in arguments_of(kind).all:
            said = any(isinstance(marker, Help) for marker in argument.markers)
            assert said or field_docs(argument.owner).get(argument.path[-1]), argument.name


def test_an_annotation_that_no_word_fills_is_a_fault() -> None:
    @dataclass
    class Odd:
        where: complex = 0j

    with pytest.raises(TypeError, match="complex"):
        arguments_of(Odd)
    for hint in (tuple[int, int], dict[int, str], int | float):
        with pytest.raises((TypeError, AssertionError)):
            kind_of(hint)
