"""What `goldens.py` runs: the scenarios, command by command, and the pictures and cubes that they read, all seeded."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from goldens_compare import WEIGHTS

TREES = ("ash", "beech", "cedar", "elm", "fir", "oak")  # six, so that there is a top-5
PLACE = (500_000.0, 4_500_000.0, 20.0)  # left and top in UTM zone 33 north, side of a pixel, all in metres
NO_DATA = -9999


class Scenario(NamedTuple):
    """Commands after `lissom`, one after the other, and what of their work is compared beside printed JSON."""

    name: str
    commands: tuple[str, ...]
    runs: tuple[str, ...] = ()
    """Run folders."""
    maps: tuple[str, ...] = ()
    """Files in the folder `maps`."""
    needs: tuple[str, ...] = ()
    """Scenarios whose runs the commands read."""
    run_files: tuple[str, ...] = WEIGHTS
    """What each run folder must hold."""
    stopped: str = ""
    """The run that the first command begins, interrupted after its first epoch."""
    whole: str = ""
    """The run of the same tree that `stopped` must equal once it has been resumed."""


PHOTO = "train classify --width 0.25 --batch-size 16 --data pictures"
LARGE = "train classify --width 0.25 --batch-size 8 --data large --resolution 32"
SCENE = "train scene --window 9 --components 13 --batch-size 64"
FIELD = "train scene --ground-truth truth.npy --cube field"
STEPS = "--batch-size 64"  # of what is trained in steps
FIRST = f"{PHOTO} --model mobilenetv2_cifar"
AUGMENTED = (
    f"{PHOTO} --model ghostnet_cifar --epochs 6 --crop 3 --flip True --cutout 5 --mixup 0.2 --cutmix 1 --randaugment 2 "
    "--balance weights --ema 0.9 --label-smoothing 0.1 --clip-norm 1 --accumulate 2"
)
HYBRID = f"{SCENE} --model hybridsn --epochs 12"
CLASSICAL = ("best.safetensors",)  # no epochs, and the spectra that train are kept as weights are

SCENARIOS = (
    Scenario("photo scratch", (f"{FIRST} --epochs 8 --lr 0.005 --name scratch",), ("scratch",)),
    Scenario("scene hybridsn", (f"{HYBRID} --name hybridsn",), ("hybridsn",)),
    Scenario("photo augmented", (f"{AUGMENTED} --name augmented",), ("augmented",)),
    Scenario("scene svm", ("train scene --model svm --name svm",), ("svm",), run_files=CLASSICAL),
    Scenario(
        "photo resumed", (f"{AUGMENTED} --name stopped", "resume runs/stopped"), ("stopped",),
        needs=("photo augmented",), stopped="stopped", whole="augmented",
    ),
    Scenario(
        "scene resumed", (f"{HYBRID} --name halted", "resume runs/halted"), ("halted",),
        needs=("scene hybridsn",), stopped="halted", whole="hybridsn",
    ),
    Scenario(
        "photo frozen", (f"{FIRST} --weights runs/scratch --freeze --epochs 2 --name frozen",), ("frozen",),
        needs=("photo scratch",),
    ),
    Scenario(
        "photo tuned",
        (f"{LARGE} --model mobilenetv2_cifar --weights runs/scratch/best.safetensors --head-epochs 1 "
         "--layer-decay 0.7 --epochs 2 --name tuned",),
        ("tuned",), needs=("photo scratch",),
    ),
    Scenario(
        "photo streamed", (f"{LARGE} --model mobilenetv3_small --mixup 0.2 --ema 0.9 --patience 1 --epochs 4 "
                           "--name streamed",), ("streamed",),
    ),
    Scenario(
        "photo sampled",
        (f"{PHOTO} --model shufflenetv2_cifar --balance sampler --optimizer sgd --lr 0.05 --schedule onecycle "
         "--precision bf16 --epochs 2 --name sampled",),
        ("sampled",),
    ),
    Scenario("photo processes", (f"{PHOTO} --model se_resnet20_cifar --devices 2 --epochs 2 --name pair",), ("pair",)),
    Scenario("scene processes", (f"{SCENE} --model hybridsn --devices 2 --epochs 2 --name two",), ("two",)),
    Scenario(
        "scene attention", (f"{SCENE} --model hybridsn --options batch_norm true attention se --split disjoint "
                            "--epochs 2 --name attention",), ("attention",),
    ),
    Scenario(
        "scene cnn1d", (f"{FIELD}.hdr {STEPS} --model cnn1d --split disjoint --smooth 5 --epochs 3 --name cnn1d",),
        ("cnn1d",),
    ),
    Scenario("scene forest", (f"{FIELD}.hdr --model random_forest --name forest",), ("forest",), run_files=CLASSICAL),
    Scenario(
        "scene neighbours",
        (f"{FIELD}.tif --model knn --split maps --train-map train.npy --test-map test.npy --name neighbours",),
        ("neighbours",), run_files=CLASSICAL,
    ),
    Scenario(
        "scene from", (f"{FIELD}.hdr {STEPS} --from runs/hybridsn --train-per-class 20 --epochs 2 --name from",),
        ("from",),
        needs=("scene hybridsn",),
    ),
    Scenario(
        "scene splits", ("train scene --model cnn2d --compare-splits --epochs 2 --name splits",),
        ("splits-random", "splits-disjoint"),
    ),
    Scenario("scene repeated", ("train scene --model cnn3d --runs 2 --epochs 1 --name again",), ("again-1", "again-2")),
    Scenario("photo evaluated", ("evaluate runs/scratch", "evaluate runs/scratch more"), needs=("photo scratch",)),
    Scenario("scene evaluated", ("evaluate runs/hybridsn", "evaluate runs/svm"), needs=("scene hybridsn", "scene svm")),
    Scenario("photo predicted", ("predict runs/scratch more large --top 3",), needs=("photo scratch",)),
    Scenario(
        "photo exported", ("export runs/scratch --output scratch.onnx", "predict scratch.onnx more --top 3"),
        needs=("photo scratch",),
    ),
    Scenario(
        "scene predicted",
        ("predict runs/hybridsn synthetic --output maps/plain.npy --confidence maps/confidence.npy",
         "predict runs/hybridsn synthetic --mc-dropout 3 --output maps/drop.mat --uncertainty maps/uncertainty.npy"),
        maps=("plain.npy", "confidence.npy", "drop.mat", "uncertainty.npy"), needs=("scene hybridsn",),
    ),
    Scenario(
        "scene placed",
        ("predict runs/cnn1d field.tif --output maps/placed.tif",
         "predict runs/cnn1d field.hdr --output maps/placed.hdr"),
        maps=("placed.tif", "placed.img", "placed.hdr"), needs=("scene cnn1d",),
    ),
    Scenario("photo compared", ("compare runs/scratch runs/frozen",), needs=("photo scratch", "photo frozen")),
    Scenario("scene compared", ("compare runs/hybridsn runs/svm",), needs=("scene hybridsn", "scene svm")),
)  # fmt: skip


def make_data(folder: Path) -> None:
    """Everything that the commands read, into `folder`; the same bytes each time."""
    pictures(folder / "pictures", TREES, per_class=(16, 14, 12, 10, 8, 8), side=24, seed=1)
    pictures(folder / "more", TREES[:4], per_class=(3, 3, 3, 3), side=24, seed=2)
    pictures(folder / "large", TREES[:3], per_class=(10, 9, 8), side=110, seed=3)
    cube, truth = field(seed=4)
    write_envi(folder / "field.hdr", cube)
    write_geotiff(folder / "field.tif", cube)
    np.save(folder / "truth.npy", truth)
    half = np.arange(truth.shape[1]) < truth.shape[1] // 2
    np.save(folder / "train.npy", np.where(half, truth, 0).astype(np.uint8))
    np.save(folder / "test.npy", np.where(half, 0, truth).astype(np.uint8))
    (folder / "maps").mkdir()


def pictures(folder: Path, classes: tuple[str, ...], *, per_class: tuple[int, ...], side: int, seed: int) -> None:
    """`folder/class/N.png`: waves whose direction and colour tell the class, under noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    for number, (name, count) in enumerate(zip(classes, per_class, strict=True)):
        (folder / name).mkdir(parents=True)
        for place in range(count):
            angle = np.pi * number / len(TREES)
            wave = np.sin(15 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
            colour = 60 * np.cos(number + np.arange(3))
            values = 128 + 40 * wave[..., None] + colour + rng.normal(0, 25, (side, side, 3))
            Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(folder / name / f"{place}.png")


def field(
    *, seed: int, height: int = 40, width: int = 36, bands: int = 20
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """A cube `H W bands` of four classes in patches, with a corner without data, and its classes `H W` (0: none)."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:height, :width]
    truth = (row // 6 + column // 6) % 4 + 1
    spectra = 1000 + 800 * np.sin(np.arange(bands) / 4 + np.arange(5)[:, None])
    cube = (spectra[truth] + rng.normal(0, 350, (height, width, bands))).astype(np.int16)
    cube[:4, :4] = NO_DATA
    truth[row % 6 == 5] = 0
    truth[:4, :4] = 0
    return cube, truth.astype(np.uint8)


def write_envi(header: Path, cube: NDArray[np.int16]) -> None:
    """A header and its raw file, bands interleaved by line."""
    height, width, bands = cube.shape
    left, top, side = PLACE
    lines: dict[str, Any] = {
        "samples": width, "lines": height, "bands": bands, "header offset": 0, "file type": "ENVI Standard",
        "data type": 2, "interleave": "bil", "byte order": 0, "data ignore value": NO_DATA,
        "map info": f"{{UTM, 1, 1, {left}, {top}, {side}, {side}, 33, North, WGS-84, units=Meters}}",
    }  # fmt: skip
    header.write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()), encoding="utf-8")
    header.with_suffix(".img").write_bytes(cube.transpose(0, 2, 1).astype("<i2").tobytes())


def write_geotiff(path: Path, cube: NDArray[np.int16]) -> None:
    """The same cube at the same place."""
    import rasterio

    height, width, bands = cube.shape
    left, top, side = PLACE
    place = {"transform": rasterio.Affine(side, 0, left, 0, -side, top), "crs": rasterio.CRS.from_epsg(32633)}
    size = {"height": height, "width": width, "count": bands, "dtype": "int16", "nodata": NO_DATA}
    with rasterio.open(path, "w", driver="GTiff", **size, **place) as file:
        file.write(cube.transpose(2, 0, 1))
