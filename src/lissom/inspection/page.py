"""The pictures and the page of a look inside a network."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.inspection import spiral
from lissom.inspection.attention import feature_maps, spatial_gates
from lissom.inspection.levels import heat_maps
from lissom.inspection.look import Inspected
from lissom.inspection.twins import ALIKE
from lissom.messages import language, text
from lissom.report import gates, kernels, losses, maps, sheet
from lissom.report.lettering import worded
from lissom.report.page import Page
from lissom.report.saving import save_picture
from lissom.report.tables import Column, column, percent

FIRST_BLOCK = 1  # behind the stem: GhostNet's figure 1 shows the maps after the first group of blocks
MOST_IMAGES = 8
MOST_LAYERS = 5
MOST_ROWS = 20  # of a table; a longer one is folded
LEAST_SIDE = 4  # of an attention map, in cells: fewer say nothing of where
PICTURES = ("kernels", "spiral", "activations", "twin_maps", "twins", "gates", "places", "levels")
SHEETS = ("places", "levels")  # pixels alone: no SVG


def draw(folder: Path, seen: Inspected, found: dict[str, Any]) -> None:
    """Every picture that this network gives as PNG and SVG, then `inspect.html`; those of an earlier look go."""
    for name in PICTURES:
        for ending in (".png", ".svg"):
            (folder / f"inspect_{name}{ending}").unlink(missing_ok=True)
    drawn = {**_weights_pictures(seen, found), **_maps_pictures(seen, found), **_attention_pictures(seen)}
    drawn |= _level_pictures(seen)
    for name, picture in drawn.items():
        save_picture(picture, folder / f"inspect_{name}", vector=name not in SHEETS)
    write_atomic(folder / "inspect.html", page(folder, seen, found).html())


def _weights_pictures(seen: Inspected, found: dict[str, Any]) -> dict[str, Any]:
    drawn: dict[str, Any] = {"spiral": losses.spirals(_panels(seen.spiral))}
    if seen.kernels:
        layers = [kernels.Layer(k.name, k.kernels.cpu().numpy(), k.dead.cpu().numpy()) for k in seen.kernels]
        drawn["kernels"] = kernels.kernel_sheet(layers)
    if found["activations"]:
        drawn["activations"] = losses.activation_losses(found["activations"], independent=found["independent_loss"])
    return drawn


def _panels(rows: list[spiral.Loss]) -> list[losses.Panel]:
    """The spiral itself, then one draw for each width: of the first draws, that whose error is nearest the mean."""
    points = spiral.spiral()
    panels = [losses.Panel(0, points.numpy(), 0.0)]
    for row in rows:
        back = spiral.there_and_back(points, spiral.matrices(row.width, 50))  # draws P 2
        typical = int((spiral.error(points, back) - row.error).abs().argmin())
        panels.append(losses.Panel(row.width, spiral.rescaled(points, back[typical]).numpy(), row.error))
    return panels


def _maps_pictures(seen: Inspected, found: dict[str, Any]) -> dict[str, Any]:
    if not found["twins"]:
        return {}
    pixels, images = _samples(seen, most=1)
    block = found["twins"][FIRST_BLOCK]["block"]
    shown = feature_maps(seen.model, images, block)[0].numpy()  # C h w
    pairs = [maps.Alike(*pair) for pair in seen.twins.best(block)]
    return {
        "twin_maps": maps.twin_maps(pixels[0], shown, pairs),
        "twins": maps.twin_shares(found["twins"], alike=ALIKE),
    }


def _attention_pictures(seen: Inspected) -> dict[str, Any]:
    if not seen.gates:
        return {}
    layers = [gates.Layer(layer.name, layer.per_class.numpy()) for layer in seen.gates]
    drawn = {"gates": gates.gate_lines(layers, seen.samples.class_names)}
    pixels, images = _samples(seen, most=MOST_IMAGES)
    found = {name: at for name, at in spatial_gates(seen.model, images).items() if min(at.shape[1:]) >= LEAST_SIDE}
    if found:
        drawn["places"] = _places(seen, pixels, found)
    return drawn


def _places(seen: Inspected, pixels: np.ndarray, found: dict[str, Tensor]) -> Any:
    """A column for each image, a row for each of at most five layers, first and last among them."""
    names = list(found)
    rows = [names[place] for place in gates.evenly(len(names), MOST_LAYERS)]
    shown, captions = list(pixels), [""] * len(pixels)
    for name in rows:
        for image, weights in zip(pixels, found[name].numpy(), strict=True):
            shown.append(sheet.overlay(image, weights - weights.min()))
            captions.append(
                f"{name.removeprefix('blocks.').removesuffix('.spatial')}\n{weights.min():.2f} – {weights.max():.2f}"
            )
    return sheet.sheet(shown, captions, columns=len(pixels), title=worded("inspect.places_title"))


def _level_pictures(seen: Inspected) -> dict[str, Any]:
    """Below each picture, for each level, how sure the network is at each of its cells, from 0 to 1."""
    if not seen.levels:
        return {}
    pixels, images = _samples(seen, most=MOST_IMAGES)
    shown, captions = list(pixels), [""] * len(pixels)
    for row, heat in zip(seen.levels, heat_maps(seen.samples, images), strict=True):
        for image, scores in zip(pixels, heat.numpy(), strict=True):
            shown.append(sheet.overlay(image, scores))
            captions.append(worded("inspect.level", stride=row["stride"], highest=f"{scores.max():.2f}"))
    return {"levels": sheet.sheet(shown, captions, columns=len(pixels), title=worded("inspect.levels_title"))}


def _samples(seen: Inspected, *, most: int) -> tuple[np.ndarray, Tensor]:
    """The first picture of each class, at most `most`: uint8 N H W C, and as the network takes them."""
    _, chosen = np.unique(seen.samples.labels, return_index=True)
    pixels = seen.samples.pixels(chosen[:most])
    with torch.inference_mode():
        images = seen.samples.normalise(pixels)
    return pixels, images


def page(folder: Path, seen: Inspected, found: dict[str, Any]) -> Page:
    """All of it as one file: what was asked, the picture, the figures."""
    made = Page(
        text("inspect.title", network=seen.samples.network),
        lang=language(),
        subtitle=text("inspect.subtitle", images=found["images"], source=found["source"]),
        footer=f"lissom {__version__}",
    )
    for note in found["notes"]:
        made.paragraph(note)
    sections = (
        ("kernels", ("kernels",), "kernels"),
        ("spiral", ("spiral",), "spiral"),
        ("activations", ("activations",), "activations"),
        ("twins", ("twin_maps", "twins"), "twins"),
        ("attention", ("gates", "places"), "attention"),
        ("levels", ("levels",), "levels"),
    )
    for key, pictures, table in sections:
        if found[table]:
            made.heading(text(f"inspect.section_{key}")).paragraph(text(f"inspect.about_{key}"))
            for name in pictures:
                _picture(made, folder / f"inspect_{name}", text(f"inspect.caption_{name}"))
            rows = found[table]
            folded = text("inspect.all_rows", n=len(rows)) if len(rows) > MOST_ROWS else ""
            made.table(rows, columns(table), folded=folded)
    return made


def _picture(made: Page, stem: Path, caption: str) -> None:
    for ending in (".svg", ".png"):
        if stem.with_suffix(ending).exists():
            made.picture(stem.with_suffix(ending).read_bytes(), alt=caption, caption=caption)
            return


def columns(table: str) -> list[Column]:
    """How the rows of one table of `inspect` read for a person."""
    shares = ("dead_share", "error", "low", "high", "collapsed", "expected_collapsed")
    shares += ("zero_share", "silent", "lost", "twinned", "closed", "open", "sure_images", "sure_cells")
    decimals = ("largest_cosine", "highest", "mean_gate", "between_channels", "between_classes")
    made = []
    for key in TABLES[table]:
        show = percent if key in shares else "{:.3f}".format if key in decimals else str
        is_word = key in ("layer", "block", "kind", "kernel", "cells")
        made.append(column(key, text(f"inspect_column.{key}"), show, right=not is_word))
    return made


TABLES = {
    "kernels": ("layer", "kernel", "channels", "weak", "constant", "dead", "dead_share"),
    "spiral": ("width", "error", "low", "high", "collapsed", "expected_collapsed"),
    "activations": ("layer", "kind", "channels", "zero_share", "silent", "lost"),
    "twins": ("block", "channels", "pairs", "twinned", "largest_cosine"),
    "attention": (
        "layer",
        "kind",
        "channels",
        "mean_gate",
        "between_channels",
        "between_classes",
        "closed",
        "open",
    ),
    "levels": ("stride", "cells", "highest", "sure_images", "sure_cells"),
}
