"""`lissom env`."""

from dataclasses import dataclass

from lissom.cli.arguments import Json
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Env:
    """Arguments of `lissom env`."""

    json: Json = False

    def run(self) -> int:
        """Prints versions, processor, memory and devices."""
        from lissom.runs.environment import environment

        result = environment()
        print(to_json(result) if self.json else _as_lines(result))
        return 0


def _as_lines(values: dict, indent: str = "") -> str:
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", _as_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(lines)
