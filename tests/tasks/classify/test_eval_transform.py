"""Published weights see their publisher's pixels: no difference to torchvision's and timm's own transforms."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from timm.data import create_transform, resolve_data_config
from timm.models import get_pretrained_cfg
from torchvision import transforms
from torchvision.models import get_model_weights
from torchvision.transforms import InterpolationMode

from lissom.data.files import Unreadable
from lissom.tasks.classify.eval_transform import resize_and_crop, scale_and_standardise
from lissom.tasks.classify.normalise import normalise
from lissom.tasks.classify.published import fit_of
from lissom.weights.catalogue import CHECKPOINTS, checkpoints
from lissom.weights.checkpoint import IMAGENET, Checkpoint

SIZES = [(375, 500), (500, 375), (333, 499), (257, 256), (256, 257), (225, 611), (31, 47), (97, 23), (224, 224)]
ROWS = [row for row in CHECKPOINTS.values() if row.name.startswith(("torchvision/", "timm/"))]


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Waves and noise, H W C: smooth parts and hard edges."""
    rng = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([127 + 90 * np.sin(x / (5 + c) + y / (11 - c)) for c in range(channels)], axis=2)
    return np.clip(waves + rng.normal(0, 40, waves.shape), 0, 255).astype(np.uint8)


def as_pillow(array: np.ndarray) -> Image.Image:
    return Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)


def publishers(row: Checkpoint) -> Callable[[Image.Image], Any]:
    """The transform that the publisher's own package makes for the checkpoint."""
    publisher, name = row.name.split("/")
    if publisher == "torchvision":
        builder, version = name.rsplit(".", 1)
        return get_model_weights(builder)[f"IMAGENET1K_{version.upper()}"].transforms()
    return create_transform(**resolve_data_config(pretrained_cfg=get_pretrained_cfg(name).to_dict()))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_s_transform_is_its_publisher_s_to_the_bit(row: Checkpoint) -> None:
    for size in ((333, 499), (611, 225)):
        array = photo(*size)
        theirs = publishers(row)(as_pillow(array)).numpy()
        ours = scale_and_standardise(fit_of(row)(array)[None], *row.norm)[0]
        assert ours.dtype == theirs.dtype == np.float32
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("resize", "resolution"), [(256, 224), (232, 224), (235, 224), (248, 224), (168, 160)])
def test_pixels_and_floats_of_any_size_are_torchvision_s(
    resize: int, resolution: int, channels: int, interpolation: str
) -> None:
    cut = transforms.Compose(
        [transforms.Resize(resize, InterpolationMode(interpolation)), transforms.CenterCrop(resolution)]
    )
    norm = IMAGENET.over(channels)
    floats = transforms.Compose([transforms.ToTensor(), transforms.Normalize(*map(list, norm))])
    resample = Image.Resampling[interpolation.upper()]
    for size in SIZES:
        array = photo(*size, channels)
        theirs = cut(as_pillow(array))
        ours = resize_and_crop(array, resize=resize, resolution=resolution, resample=resample)
        assert ours.shape == (resolution, resolution, channels)
        assert np.array_equal(ours.squeeze(), np.asarray(theirs))
        assert np.array_equal(scale_and_standardise(ours[None], *norm)[0], floats(theirs).numpy())


def test_each_of_the_256_values_is_scaled_as_torchvision_does() -> None:
    values = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 1, 3))
    for norm in {row.norm for row in CHECKPOINTS.values()}:
        theirs = transforms.Compose([transforms.ToTensor(), transforms.Normalize(*map(list, norm))])(values).numpy()
        assert np.array_equal(scale_and_standardise(values[None], *norm)[0], theirs)
    assert not np.array_equal(normalise(values[None], *IMAGENET), scale_and_standardise(values[None], *IMAGENET))


def test_google_s_crop_rounds_half_a_pixel_down() -> None:
    """Transformers' `center_crop`: `top = (height - crop) // 2`; at 256 x 259 the rest of 35 is 17 there, 18 here."""
    (row,) = [row for row in checkpoints("mobilenetv1") if row.name == "google/mobilenet_v1_1.0_224"]
    assert (row.resize, row.resolution, row.interpolation) == (256, 224, "bilinear")
    array = photo(259, 256)
    assert np.array_equal(fit_of(row)(array), array[17 : 17 + 224, 16 : 16 + 224])
    torchvisions = resize_and_crop(array, resize=256, resolution=224, resample=Image.Resampling.BILINEAR)
    assert np.array_equal(torchvisions, array[18 : 18 + 224, 16 : 16 + 224])


def test_a_transform_pickles() -> None:
    array = photo(40, 60)
    fit = fit_of(ROWS[0])
    assert np.array_equal(pickle.loads(pickle.dumps(fit))(array), fit(array))


def test_an_image_that_would_become_too_large_is_refused() -> None:
    with pytest.raises(Unreadable, match="400000 x 1"):
        fit_of(ROWS[0])(np.zeros((1, 400_000, 3), np.uint8))
