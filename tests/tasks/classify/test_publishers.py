"""How the images of published weights are cut and scaled: as their publishers say, found from the catalogue."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from lissom.tasks.classify.published import published_view
from lissom.weights.catalogue import CHECKPOINTS

RNG = np.random.default_rng(0)
IMAGE = Image.fromarray(RNG.integers(0, 256, (20, 31, 3), np.uint8)).resize((403, 260), Image.Resampling.BICUBIC)
KINDS = {(row.resize, row.resolution, row.interpolation, row.norm, row.crop_down): row for row in CHECKPOINTS.values()}


@pytest.mark.parametrize("row", KINDS.values(), ids=lambda row: row.name)
def test_the_shorter_side_is_resized_the_centre_cut_and_the_norm_the_publisher_s(row) -> None:
    view = published_view(row.network, row.name, row.options)
    resized = v2.Resize(row.resize, interpolation=v2.InterpolationMode(row.interpolation))(IMAGE)
    left, top = ((side - row.resolution) / 2 for side in resized.size)
    left, top = (int(rest) if row.crop_down else round(rest) for rest in (left, top))
    expected = resized.crop((left, top, left + row.resolution, top + row.resolution))
    cut = view.fit(np.asarray(IMAGE))
    assert np.array_equal(cut, np.asarray(expected))
    norm = v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(*row.norm)])
    found = view.to_floats(cut[None], view.mean, view.std)[0]
    torch.testing.assert_close(torch.from_numpy(found.copy()), norm(expected), atol=1e-5, rtol=1e-5)
    assert (view.resolution, view.channels) == (row.resolution, 3)


def test_publishers_differ_in_all_of_it() -> None:
    assert {row.resize > row.resolution for row in KINDS.values()} >= {True}
    assert {row.crop_down for row in KINDS.values()} == {True, False}
    assert len({row.interpolation for row in KINDS.values()}) > 1
