"""`lissom completion`: scripts for three shells, made from the verbs' own argument classes."""

import sys
from dataclasses import dataclass
from typing import Annotated, Literal

from lissom.cli.arguments import Positional
from lissom.cli.commands import COMMANDS, OF_MODELS, arguments
from lissom.cli.fields import arguments_of
from lissom.training.registry import TASKS


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Arguments of `lissom completion`."""

    shell: Annotated[Literal["bash", "zsh", "fish"], Positional]
    """The shell that will read the script."""

    def run(self) -> int:
        """Prints a script that completes verbs, flags and network names."""
        sys.stdout.write(_SCRIPTS[self.shell].replace("@WORDS@", "\n".join(_cases(self.shell))))
        return 0


def _cases(shell: str) -> list[str]:
    """One line of the script for each verb, with its flags, those of all its tasks together."""
    words: dict[str, dict[str, None]] = {}
    for command in COMMANDS:
        for task in TASKS if command in OF_MODELS else [""]:
            flags = arguments_of(arguments(command, task)).listed
            words.setdefault(command.split()[0], {}).update(dict.fromkeys([*flags, "--help"]))
    if shell == "fish":
        seen = "complete -c lissom -n '__fish_seen_subcommand_from"
        return [f"{seen} {verb}' -l {flag[2:]}" for verb, known in words.items() for flag in known]
    return [f'    {verb}) words="{" ".join(known)}" ;;' for verb, known in words.items()]


_VERBS = " ".join(dict.fromkeys(verb.split()[0] for verb in COMMANDS))
_TASKS = " ".join(dict.fromkeys(verb.split()[1] for verb in COMMANDS if " " in verb))
_BASH = f"""_lissom() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="{_VERBS} --help --version"
  elif [ "$prev" = train ] || [ "$prev" = check-data ]; then words="{_TASKS}"
  elif [ "$prev" = --model ]; then words="$(lissom models --names)"
  else case "${{COMP_WORDS[1]}}" in
@WORDS@
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _lissom lissom
"""
_SCRIPTS = {
    "bash": _BASH,
    "zsh": "#compdef lissom\nautoload -U +X bashcompinit && bashcompinit\n" + _BASH,
    "fish": f"complete -c lissom -n __fish_use_subcommand -a '{_VERBS}'\n@WORDS@\n",
}
