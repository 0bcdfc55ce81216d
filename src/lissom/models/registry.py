"""Names to networks. Importing this needs no torch: a paper's file is imported when one of its networks is built."""

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lissom.errors import UsageError, near
from lissom.models.catalogue import ENTRIES
from lissom.models.contract import Identity, name_of
from lissom.models.entry import PROBABILITY, Entry, Option
from lissom.models.own import build_own, entry_of, is_own

if TYPE_CHECKING:
    from torch import nn

    from lissom.models.classifier import Classifier
    from lissom.models.window_net import WindowNet

Builder = Callable[..., "Classifier | WindowNet"]
_BUILDERS: dict[str, Builder] = {}
LARGEST = {"num_classes": 1_000_000, "in_channels": 10_000, "width": 16.0}
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def names(task: str | None = None) -> list[str]:
    """The networks that `build` takes, in the catalogue's order: those for images, or for one task alone."""
    return [name for name, known in ENTRIES.items() if known.task == task]


def entry(name: str) -> Entry:
    """What is known of a network without building it, by its name as `canonical` reads it.

    Raises: UsageError, with the near names.
    """
    if is_own(str(name)):
        return entry_of(str(name))
    known = canonical(str(name))
    if known not in ENTRIES:
        raise UsageError("network-unknown", name=name, near=_near(str(name)))
    return ENTRIES[known]


def canonical(name: str) -> str:
    """The catalogue's spelling of a name that differs in case and separators alone, as `MobileNetV3-Large`; else the
    name as it is."""
    if name in ENTRIES:
        return name
    alike = [known for known in ENTRIES if letters(known) == letters(name)]
    return alike[0] if len(alike) == 1 else name


def letters(name: str) -> str:
    """A name without what spellings differ in: case and separators."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _near(name: str) -> str:
    """The members of a family that is named, else the names most like it."""
    members = [known for known in ENTRIES if letters(name) and letters(known).startswith(letters(name))]
    return ", ".join(members) or near(name.lower(), ENTRIES)


def build(
    name: str, *, num_classes: int = 1000, in_channels: int = 3, width: float = 1.0, **options: Any
) -> "Classifier | WindowNet":
    """The network called `name`, freshly initialised, by the model contract; also on `torch.device("meta")`.

    `options` are those of `entry(name).options`; a string, as a command line gives it, is read as the default's type.
    `package.module:callable` is a network of one's own, as `own` says, and whatever module that is.
    Raises: UsageError for an unknown name or option, and for a value out of range.
    """
    known = entry(name)
    asked = Identity(
        name=known.name,
        num_classes=_in_range("num_classes", num_classes, int),
        in_channels=_in_range("in_channels", in_channels, int),
        width=_in_range("width", width, float),
        options={**known.options, **typed_options(known.name, options)},
    )
    if is_own(known.name):
        sizes = {"num_classes": asked.num_classes, "in_channels": asked.in_channels, "width": asked.width}
        own: Any = build_own(known.name, sizes, {key: asked.options[key] for key in options})
        return own
    import_module(known.module if "." in known.module else f"lissom.models.{known.module}")
    model = _BUILDERS[known.name](**asked.settings)
    model.identity = asked
    return model


def typed_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of network `name`, strings read as the defaults' types. Raises: UsageError as `build` does."""
    known = entry(name)
    return {key: _option(known, key, value) for key, value in options.items()}


def chosen_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options that differ from the network's defaults, strings read as the defaults' types.

    Raises: UsageError as `build` does.
    """
    return {k: v for k, v in typed_options(name, options).items() if v != entry(name).options[k]}


def builder(name: str) -> Callable[[Builder], Builder]:
    """Decorator: the function that builds the catalogue's network `name`."""

    def register(function: Builder) -> Builder:
        if name in _BUILDERS:
            raise KeyError(f"network {name} has two builders")
        if name not in ENTRIES:
            raise KeyError(f"network {name} is not in the catalogue")
        _BUILDERS[name] = function
        return function

    return register


def check_resolution(model_or_name: "nn.Module | str", resolution: int) -> None:
    """Passes when images of that side fill the last map's first pixel; a model without a pyramid may take any.

    For a name the largest stride that its options can give counts. Raises: UsageError with the smallest resolution.
    """
    if isinstance(model_or_name, str):
        name, smallest = model_or_name, entry(model_or_name).stride
    else:
        name = name_of(model_or_name)
        pyramid = getattr(model_or_name, "pyramid", ())
        smallest = pyramid[-1].stride if pyramid else 1
    whole = isinstance(resolution, int) and not isinstance(resolution, bool)
    if not whole or resolution < smallest:
        raise UsageError("resolution-too-small", network=name, got=resolution, smallest=smallest)


def _in_range(name: str, value: Any, kind: type) -> Any:
    """`value` if it is a number of that kind, above 0 and no larger than is sensible."""
    allowed = int if kind is int else int | float
    fits = isinstance(value, allowed) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not 0 < value <= LARGEST[name]:
        expected = f"{'1 <=' if kind is int else '0 <'} {name} <= {LARGEST[name]}"
        raise UsageError("network-out-of-range", name=name, got=repr(value), expected=expected)
    return value


def _option(known: Entry, name: str, value: Any) -> Any:
    """`value` as the type of the option's default."""
    if name not in known.options:
        offered = near(name, known.options)
        raise UsageError("network-option-unknown", network=known.name, option=name, near=offered)
    default, choices = known.options[name], known.choices.get(name, ())
    limits = known.limits.get(name, PROBABILITY)
    read = _read(value, default)
    if read is None or (choices and read not in choices) or not (choices or _inside(read, limits)):
        expected = _expected(default, choices, limits)
        raise UsageError("network-option-value", network=known.name, option=name, got=value, expected=expected)
    return read


def _read(value: Any, default: Option) -> Option | None:
    """`value` as the type of `default`, or None; a command line gives strings."""
    if isinstance(default, bool) or isinstance(value, bool):
        return _as_bool(value) if isinstance(default, bool) else None
    if isinstance(default, str):
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if isinstance(default, float):
        return number
    return int(number) if number.is_integer() else None


def _inside(value: Option, limits: tuple[float, float]) -> bool:
    if isinstance(value, bool):
        return True
    low, high = limits
    return low <= float(value) <= high and not (limits == PROBABILITY and value == 1)


def _expected(default: Option, choices: tuple, limits: tuple[float, float]) -> str:
    if isinstance(default, bool):
        return "true, false"
    if choices:
        return ", ".join(map(str, choices))
    low, high = limits
    return f"{low:g} <= number {'<' if limits == PROBABILITY else '<='} {high:g}"


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    return True if text in TRUE else False if text in FALSE else None
