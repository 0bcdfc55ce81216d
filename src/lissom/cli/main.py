"""From the words typed to one verb, and from what went wrong to one line and an exit code."""

import contextlib
import difflib
import errno
import shlex
import sys
import traceback
from collections.abc import Sequence

from lissom._version import __version__
from lissom.atomic import FULL
from lissom.cli.commands import COMMANDS, OF_MODELS, arguments, message_key, of_outside
from lissom.cli.stopping import Ending, say, silence
from lissom.cli.streams import below, shown_streams
from lissom.errors import LissomError, MachineError, UsageError, near
from lissom.messages import text

REFUSED = (*FULL, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS)  # whoever opened the path: no fault of the program


def run(argv: Sequence[str]) -> int:
    """Runs one command line; returns its exit code, whatever went wrong."""
    with shown_streams():
        return _guarded(argv)


def _guarded(argv: Sequence[str]) -> int:
    with Ending() as ending:
        try:
            code = _dispatch(list(argv))
            print(end="", flush=True)  # while a reader who left can still be told from a fault
            return code
        except LissomError as error:
            say(str(error))
            return error.exit_code
        except KeyboardInterrupt:
            return _stopped()
        except BrokenPipeError:  # `lissom models | head`: the reader left, which is no fault
            silence(sys.stdout)
            return 0
        except MemoryError as error:
            say(text("error.memory-full", reason=str(error) or type(error).__name__))
            return MachineError.exit_code
        except Exception as error:
            if ending.asked:  # within an import, which made something else of it
                return _stopped()
            if isinstance(error, OSError) and error.errno in (REFUSED if error.filename else (*FULL, errno.EIO)):
                return _refused(error)
            return _fault()


def _fault() -> int:
    with contextlib.suppress(OSError):
        traceback.print_exc()
    say(text("cli.fault", version=__version__))
    return 1


def _stopped() -> int:
    say(text("cli.stopped"))
    return 130


def _refused(error: OSError) -> int:
    """What the system says of a path; without one: of what is printed, on a full disk or a lost terminal."""
    reason = error.strerror or error
    if error.filename:
        refused = MachineError("path-refused", path=error.filename, reason=reason)
    else:
        silence(sys.stdout)
        refused = MachineError("output-refused", reason=reason)
    say(str(refused))
    return refused.exit_code


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if argv[0] in ("-V", "--version"):
        print(__version__)
        return 0
    if len(argv) == 2 and argv[1] in ("-h", "--help") and (tasks := tasks_of(argv[0])):
        print(task_overview(argv[0], tasks))
        return 0
    verb, words = find_verb(argv)
    return run_verb(verb, words)


def run_verb(verb: str, words: list[str]) -> int:
    """Fills the verb's argument class and runs it, or prints its help."""
    kind, said = arguments(verb), verb
    if verb in OF_MODELS:
        from lissom.cli.predict import model_and_task

        model, task = model_and_task(words)
        if model is not None:
            kind, said = arguments(verb, task), f"{verb} {shlex.quote(model)}"
    if asks_help(words):
        from lissom.cli.help import help_text

        key = message_key(verb)
        shown = help_text(kind, verb=verb, summary=text(f"summary.{key}"), examples=text(f"examples.{key}"))
        print(shown, file=below(sys.stdout))  # its headings are bold
        return 0
    from lissom.cli.parse import parse

    return parse(kind, words, verb=said).run()


def asks_help(words: Sequence[str]) -> bool:
    """Whether `--help` is among the flags."""
    flags = words[: words.index("--")] if "--" in words else words
    return "-h" in flags or "--help" in flags


def find_verb(argv: list[str]) -> tuple[str, list[str]]:
    """The verb, of one word or two, and the words after it; an unknown one names near ones."""
    if own := of_outside(argv):
        return own, argv[2:]
    for words in (2, 1):
        verb = " ".join(argv[:words])
        if verb in COMMANDS:
            return verb, argv[words:]
    seconds = tasks_of(argv[0])
    if seconds and (len(argv) == 1 or argv[1].startswith("-")):
        raise UsageError("task-missing", verb=argv[0], known=", ".join(seconds))
    if seconds:
        raise UsageError("task-unknown", verb=argv[0], got=argv[1], known=", ".join(seconds))
    raise UsageError("verb-unknown", got=argv[0], near=_near_verbs(argv[0]))


def tasks_of(verb: str) -> list[str]:
    """The second words of a verb that has some: `classify` and `scene` of `train`."""
    return [known.split()[1] for known in COMMANDS if known.startswith(verb + " ")]


def task_overview(verb: str, tasks: list[str]) -> str:
    """What `lissom train --help` prints: a line for each task; the help of the task has the rest."""
    return "\n".join(f"  lissom {verb} {task} --help   {text(f'summary.{verb}-{task}')}" for task in tasks)


def overview() -> str:
    """What `lissom --help` prints: examples, then a line for each verb."""
    width = max(map(len, COMMANDS)) + 2
    verbs = "\n".join(f"  {verb:<{width}}{text(f'summary.{message_key(verb)}')}" for verb in COMMANDS)
    return f"{text('examples.lissom')}\n{text('cli.verbs')}\n{verbs}\n\n{text('cli.more')}"


def _near_verbs(word: str) -> str:
    """The verbs like a word by their first word; where none is, by the whole."""
    firsts = {name.split(" ")[0] for name in COMMANDS}
    likely = difflib.get_close_matches(word, sorted(firsts), n=3, cutoff=0.6)
    return ", ".join(likely) or near(word, COMMANDS)
