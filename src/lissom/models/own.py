"""Networks of people's own, named by `package.module:callable` or `folder/module.py:callable`.

The callable is given those of num_classes, in_channels and width that its signature takes, and the options; its result
is any `nn.Module` from images `B C H W` to `B K`. Importing this needs no torch.
"""

import importlib
import inspect
import site
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lissom.errors import DataError, LissomError, UsageError, near
from lissom.models.entry import Entry, Option, Published

if TYPE_CHECKING:
    from torch import nn

RESOLUTION = 224  # pixels, for a network of which nothing is known
SIZES = ("num_classes", "in_channels", "width")


def is_own(name: str) -> bool:
    """Whether a model's name is that of a callable."""
    return ":" in name


def located(name: str) -> str:
    """The same by the whole path of its file, so that it is found from any folder; of an installed package as it is.

    Raises: UsageError for what cannot be imported.
    """
    module, _, call = name.rpartition(":")
    file = getattr(_module(module, name), "__file__", None)
    if file is None or any(Path(file).is_relative_to(folder) for folder in _installed()):
        return name
    return f"{Path(file).resolve()}:{call}"


def entry_of(name: str) -> Entry:
    """What its signature says of it: options are the parameters with a plain default. Raises: as `located`."""
    parameters = _parameters(name)
    plain = {key: p.default for key, p in parameters.items() if isinstance(p.default, bool | int | float | str)}
    options: dict[str, Option] = {key: value for key, value in plain.items() if key not in SIZES}
    words = {key: (value,) for key, value in options.items() if isinstance(value, str)}
    anything = {key: (float("-inf"), float("inf")) for key in options if key not in words}
    nothing_known = Published({}, RESOLUTION, 0, 0, None, "")
    return Entry(
        name=name, title=name, paper="", year=0, module="", stride=1, options=options, choices=words, limits=anything,
        published=(nothing_known,),
    )  # fmt: skip


def build_own(name: str, sizes: Mapping[str, Any], options: Mapping[str, Any]) -> "nn.Module":
    """What the callable returns. sizes: num_classes, in_channels and width, None where nobody asks for one.

    Raises: UsageError for a width or an option that it does not take, and for what cannot be imported or called;
    DataError where it returns no module.
    """
    from torch import nn

    parameters = _parameters(name)
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    takes = list(parameters)
    for key in options:
        if key not in takes and not anything:
            raise UsageError("network-option-unknown", network=name, option=key, near=near(key, takes))
    if sizes.get("width") not in (None, 1.0) and "width" not in parameters:
        raise UsageError("network-option-unknown", network=name, option="width", near=near("width", takes))
    given = {key: value for key, value in sizes.items() if value is not None and key in parameters}
    try:
        made = named(name)(**given, **options)
    except LissomError:
        raise
    except (Exception, SystemExit) as error:  # whatever a person's own code raises
        raise UsageError("callable-not-found", got=name, reason=told(error)) from error
    if not isinstance(made, nn.Module):
        raise DataError("callable-no-module", got=name, made=type(made).__name__)
    return made


def require_classes(model: "nn.Module", name: str, shape: tuple[int, ...], classes: int) -> None:
    """Passes when an image of that shape, without the batch, gives a number for each class. Raises: DataError."""
    import torch

    was, parameter = model.training, next(model.parameters(), torch.empty(0))
    with torch.no_grad():
        try:
            found = tuple(model.eval()(torch.zeros(1, *shape, device=parameter.device)).shape)
        except (Exception, SystemExit) as error:  # whatever a person's own code raises
            found = told(error)
    model.train(was)
    if found != (1, classes):
        raise DataError("callable-output", got=name, shape=" x ".join(map(str, shape)), found=found, classes=classes)


def told(error: BaseException) -> str:
    """Class and first line of what a person's own code raised, which may raise again when it is asked."""
    try:
        said = str(error)
    except Exception:
        said = ""
    if isinstance(error, LissomError):
        return said
    first = next((line for line in said.splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}".rstrip(".: ")


def named(name: str) -> Any:
    """What `package.module:callable` names. Raises: UsageError where it cannot be imported."""
    module, _, call = name.rpartition(":")
    try:
        return getattr(_module(module, name), call)
    except AttributeError as error:
        raise UsageError("callable-not-found", got=name, reason=error) from None


def _parameters(name: str) -> dict[str, inspect.Parameter]:
    """None where it has no signature that can be read, as some of Python's own."""
    made = named(name)
    try:
        return dict(inspect.signature(made).parameters)
    except (TypeError, ValueError):
        return {}


def _module(module: str, name: str) -> ModuleType:
    """Imported; the working folder is on the path, as for `python -m`, or the folder of the file's package."""
    is_file = module.endswith(".py")
    if is_file and not Path(module).expanduser().is_file():
        raise UsageError("callable-no-file", path=module, got=name)
    folder, dotted = _by_file(Path(module)) if is_file else ("", module)
    sys.path.insert(0, folder)
    try:
        found = importlib.import_module(dotted)
        if folder and Path(found.__file__ or "").resolve() != Path(module).resolve():
            raise ImportError(f"{dotted} is {found.__file__}, not {module}")
        return found
    except (Exception, SystemExit) as error:  # whatever a person's own code raises
        raise UsageError("callable-not-found", got=name, reason=told(error)) from error
    finally:
        sys.path.remove(folder)


def _by_file(file: Path) -> tuple[str, str]:
    """The folder of a file's package, and its name there."""
    file = file.expanduser().resolve()
    folder, dotted = file.parent, [file.stem]
    while (folder / "__init__.py").is_file():
        dotted.insert(0, folder.name)
        folder = folder.parent
    return str(folder), ".".join(dotted)


def _installed() -> list[str]:
    """The folders of installed packages and of Python's own."""
    paths = sysconfig.get_paths()
    return [*site.getsitepackages(), *(paths[key] for key in ("stdlib", "purelib", "platlib"))]
