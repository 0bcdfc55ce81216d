"""Classes of photos, by a run, a portable file, or a network with published weights; a file needs no torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lissom.data.deep import Values
from lissom.data.files import Pixels, Unreadable, fit_square, is_image_name, read_decoded
from lissom.data.folders import FolderFiles
from lissom.data.left_out import LeftOut, first, no_images, summary
from lissom.data.names import printable
from lissom.data.scales import Scales
from lissom.errors import DataError, LissomError, UsageError
from lissom.events import Note
from lissom.models.registry import ENTRIES
from lissom.stats.softmax import softmax
from lissom.tasks.classify.data.depth import scaled_notes
from lissom.tasks.classify.normalise import normalise
from lissom.tasks.classify.settings import ClassifyOptions
from lissom.training.by_file import ByFile
from lissom.training.opened import Opened
from lissom.training.task import Arrays, Where

if TYPE_CHECKING:
    from lissom.deploy.targets import Runs

INPUT, OUTPUT = "images", "logits"


class View(NamedTuple):
    """How a network sees images."""

    class_names: Sequence[str]
    mean: Sequence[float]
    """For each channel, of pixels scaled to 0..1."""
    std: Sequence[float]
    channels: int
    resolution: int
    """Side of the square input, pixels."""
    fit: Callable[[Pixels], Pixels]
    """One image, uint8 H W C, to that resolution; it pickles. Raises: Unreadable for one that cannot be."""
    to_floats: Callable[[Pixels, Sequence[float], Sequence[float]], np.ndarray] = normalise
    """uint8 N H W C, mean and std -> float32 N C H W."""
    notes: tuple[Note, ...] = ()
    """What the user must know of how images are preprocessed."""
    scales: Scales | None = None
    """Of images with more than 8 bits; None: each by its type or its own range."""

    @classmethod
    def of(cls, facts: Any) -> "View":
        fit = partial(fit_square, resolution=facts.resolution)
        size = facts.in_channels, facts.resolution
        return cls(facts.class_names, facts.mean, facts.std, *size, fit, scales=facts.scales)


class ImagePredictor:
    """Pixels to probabilities. `network`: float32 N C H W by the name `images` -> N K by the name `logits`."""

    def __init__(
        self, view: View, network: Callable[[Mapping[str, np.ndarray]], Arrays], *, top: int = 1, model: Any = None
    ) -> None:
        self.view, self._network, self._top = view, network, top
        self.model = model
        """The network; None: an exported file is used."""

    def work(self, inputs: Sequence[Path | str]) -> Iterator[ByFile]:
        """Image files, and folders of them. Raises: DataError where there is no image at all."""
        left: list[LeftOut] = []
        files = list(_image_files(inputs, left))
        if not files:
            raise DataError("no-images", inputs=printable(", ".join(map(str, inputs))), left=first(left))
        deep: dict[str, Values] = {}
        notes = (*self.view.notes, *summary(left).values())
        yield ByFile(
            files,
            read=partial(self._read, deep=deep),
            preprocess=self.preprocess,
            row=self._row,
            notes=notes,
            remarks=lambda: scaled_notes(deep, self.view.scales),
        )

    def _read(self, file: Path, deep: dict[str, Values]) -> Pixels:
        """The image as the network wants it; `deep` gets the range of one with more than 8 bits.

        Raises: DataError that names the file and the reason.
        """
        name = printable(str(file))
        image = read_decoded(file, channels=self.view.channels, scales=self.view.scales, name=name)
        if image.values:
            deep[name] = image.values
        try:
            return self.view.fit(image.pixels)
        except Unreadable as error:
            raise DataError("image-unreadable", path=printable(str(file)), reason=error) from error

    def preprocess(self, inputs: Pixels | list[Pixels]) -> dict[str, np.ndarray]:
        """uint8 N H W C, at the network's resolution -> `images`, float32 N C H W."""
        if not len(inputs):
            return {INPUT: np.zeros((0, self.view.channels, 1, 1), np.float32)}
        return {INPUT: self.view.to_floats(np.asarray(inputs), self.view.mean, self.view.std)}

    def outputs(self, arrays: Arrays) -> Arrays:
        if not len(arrays[INPUT]):  # all files of a part were broken
            return {OUTPUT: np.zeros((0, len(self.view.class_names)), np.float32)}
        return self._network(arrays)

    def decode(self, outputs: Arrays) -> np.ndarray:
        """`logits` N K -> probabilities N K."""
        return softmax(outputs[OUTPUT]) if len(outputs[OUTPUT]) else outputs[OUTPUT]

    def _row(self, file: Path, probabilities: np.ndarray | None, error: LissomError | None) -> dict[str, Any]:
        name = printable(str(file))
        if probabilities is None:
            return {"file": name, "label": None, "probability": None, "top": [], "error": str(error)}
        order = np.argsort(-probabilities, kind="stable")[: self._top]
        best = [{"label": self.view.class_names[i], "probability": float(probabilities[i])} for i in order]
        return {"file": name, **best[0], "top": best, "error": None}


def predictor(opened: Opened, options: ClassifyOptions, where: Where) -> ImagePredictor:
    """The predictor of images: of a run, a file, or a named network with `options.weights`.

    Raises: UsageError for weights of what has its own, DataError for a name that is none.
    """
    if (options.weights is not None or options.options) and not opened.name:
        path = opened.run.path if opened.run else opened.file.path if opened.file else ""
        raise UsageError("weights-with-run", model=path)
    if opened.file:
        network = partial(_logits, opened.file, len(opened.facts.class_names))
        return ImagePredictor(View.of(opened.facts), network, top=options.top)
    return _of_run(opened, options, where) if opened.run else _of_name(opened.name, options, where)


def _logits(file: "Runs", classes: int, arrays: Arrays) -> Arrays:
    """Outputs of a file. Raises: DataError for other ones than `logits` N K of so many classes."""
    outputs = file(arrays)
    found = {name: values.shape[1:] for name, values in outputs.items()}
    if found.get(OUTPUT) != (classes,):
        raise DataError("deploy-not-onnx", path=file.path, reason=f"{found}, expected {OUTPUT} ({classes},)")
    return outputs


def _of_run(opened: Opened, options: ClassifyOptions, where: Where) -> ImagePredictor:
    from lissom.deploy.module import ModuleOutputs
    from lissom.device import choose_device
    from lissom.training.trained import trained

    assert opened.run
    model = opened.model or trained(opened.run, choose_device(where.device))
    return ImagePredictor(View.of(opened.facts), ModuleOutputs(model, (OUTPUT,)), top=options.top, model=model)


def _of_name(name: str, options: ClassifyOptions, where: Where) -> ImagePredictor:
    if options.weights is None:
        raise (
            UsageError("network-without-weights", model=name)
            if name in ENTRIES
            else DataError("model-neither", path=name)
        )
    from lissom.deploy.module import ModuleOutputs
    from lissom.tasks.classify.published import published

    view, model = published(name, options.weights, options.options, where.device)
    return ImagePredictor(view, ModuleOutputs(model, (OUTPUT,)), top=options.top, model=model)


def _image_files(inputs: Sequence[Path | str], left: list[LeftOut]) -> Iterator[Path]:
    """Files as they are given; of a folder, all images below it, by name. `left` gets what of it is left out."""
    for given in map(Path, inputs):
        if given.is_dir():
            found = FolderFiles(given)
            left += [*found.left_out, *no_images(found.names)]
            yield from sorted(found.file(name) for name in found.names if is_image_name(name))
        elif given.exists():
            yield given
        else:
            raise DataError("file-missing", path=printable(str(given)))
