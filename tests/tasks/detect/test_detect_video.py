"""Boxes on videos and cameras: frames as a stream, what is written, and what is said of a video that is damaged."""

import csv
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lissom.boxes.suppress import Rule
from lissom.cli.screens import detect as screen
from lissom.errors import DataError, Interrupted, MachineError, UsageError
from lissom.events import Advanced, Note, Stop, silent
from lissom.tasks.detect import video
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.predictor import BOXES, INPUT, SCORES, BoxPredictor
from lissom.tasks.detect.settings import DetectOptions
from lissom.tasks.detect.task import TASK
from lissom.training import predict as training
from lissom.training.opened import Opened
from lissom.training.task import Where

FACTS = DetectFacts(class_names=("cat", "dog"), resolution=64, strides=(32,), anchors=(((10.0, 10.0),),))
SIZE = 80, 40  # of the frames: width, height


def redness(arrays: Any) -> dict[str, np.ndarray]:
    """A network that finds one cat in the left half of each image; its score is how red the middle is."""
    images = arrays[INPUT]
    high, wide = images.shape[2:]
    score = images[:, 0, high // 2, wide // 2]
    boxes = np.tile(np.array([[[0, 0, wide / 2, high]]], np.float32), (len(images), 1, 1))
    return {BOXES: boxes, SCORES: np.stack([score, np.zeros_like(score)], 1)[:, None]}


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prediction by that network instead of a run's."""

    def predictor(opened: Any, options: DetectOptions, where: Where) -> BoxPredictor:
        return BoxPredictor(FACTS, redness, Rule(options.confidence, options.iou, options.max_boxes), options=options)

    monkeypatch.setattr(training, "open_model", lambda *_, **__: Opened(task=TASK, facts=FACTS))
    monkeypatch.setattr("lissom.tasks.detect.predictor.predictor", predictor)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    write(folder / "clip.avi", range(40, 240, 5))
    return folder


def write(path: Path, reds: Any, code: str = "MJPG") -> None:
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    import cv2

    made = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 10.0, SIZE)
    for red in reds:
        made.write(np.full((SIZE[1], SIZE[0], 3), (30, 50, red), np.uint8))  # blue, green, red
    made.release()


def predict(inputs: Any, *, stop: Stop | None = None, listener: Any = silent, **options: Any) -> list[dict[str, Any]]:
    given = {"confidence": 0.0, **options}
    return training.predict("run", inputs, given, Where(), listener, stop or Stop())


def read_back(path: Path) -> tuple[list[np.ndarray], float]:
    stream = video.Stream(path)
    return [pixels for _, pixels in stream.frames()], stream.rate or 0.0


def test_each_frame_is_a_row_in_order(place: Path) -> None:
    told: list[Any] = []
    rows = predict(place / "clip.avi", listener=told.append)
    assert [row["frame"] for row in rows] == list(range(1, 41))
    assert {(row["width"], row["height"], row["error"]) for row in rows} == {(80, 40, None)}
    scores = [row["boxes"][0]["score"] for row in rows]
    assert scores == pytest.approx([red / 255 for red in range(40, 240, 5)], abs=0.03)
    assert rows[0]["boxes"][0]["box"] == [0, 0, 40, 40]
    steps = [(event.done, event.total) for event in told if isinstance(event, Advanced)]
    assert steps == [(16, 40), (32, 40), (40, 41)]
    (latency,) = [event for event in told if isinstance(event, Note)]
    assert "suppression (NMS)" in str(latency)


def test_what_is_written_tells_the_frame(place: Path, tmp_path: Path) -> None:
    kinds = ("pictures", "yolo", "coco", "csv", "crops")
    Image.new("RGB", (64, 32), (99, 99, 99)).save(tmp_path / "one.png")
    out, told = tmp_path / "out", []
    rows = predict([tmp_path / "one.png", place / "clip.avi"], output=str(out), write=kinds, listener=told.append)
    assert len(rows) == 41
    drawn, rate = read_back(out / "clip.mp4")
    assert (len(drawn), rate, drawn[0].shape) == (40, 10.0, (40, 80, 3))
    assert drawn[20].std() > 20
    assert drawn[20][:, 60:].std(axis=(0, 1)).max() < 20  # the box is in the other half
    assert drawn[20][20, 70].tolist() == pytest.approx([140, 50, 30], abs=20)
    assert len(list((out / "labels").glob("clip-*.txt"))) == 40
    assert (out / "labels" / "clip-7.txt").read_text().startswith("0 0.25")
    coco = json.loads((out / "predictions.json").read_text())
    assert "frame" not in coco["images"][0]
    assert [image["frame"] for image in coco["images"][1:]] == list(range(1, 41))
    lines = list(csv.DictReader((out / "predictions.csv").read_text().splitlines()))
    assert [line["frame"] for line in lines] == ["", *map(str, range(1, 41))]
    assert (out / "crops" / "cat" / "clip-40-1.jpg").is_file()
    assert {"one.jpg", "clip.mp4"} <= {file.name for file in out.iterdir()}
    assert not [file.name for file in out.iterdir() if file.name.endswith(".part")]
    said = [str(event) for event in told if isinstance(event, Note)]
    assert said[-2:] == [f"Wrote the results of 1 image to {out}.", f"Wrote the results of 40 frames to {out}."]


def test_without_pictures_no_video_is_drawn(place: Path, tmp_path: Path) -> None:
    predict(place / "clip.avi", output=str(tmp_path / "out"), write=("csv",))
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["predictions.csv"]


def test_a_folder_gives_its_images_and_videos(place: Path, tmp_path: Path) -> None:
    write(tmp_path / "b.avi", [90] * 3)
    write(tmp_path / "a.avi", [90] * 2)
    Image.new("RGB", (64, 32)).save(tmp_path / "c.png")
    rows = predict(tmp_path)
    assert [Path(row["file"]).name for row in rows] == ["c.png", "a.avi", "a.avi", "b.avi", "b.avi", "b.avi"]
    assert len(predict(str(tmp_path / "?.avi"))) == 5


@pytest.mark.parametrize("share", [0.9, 0.6])
def test_a_video_that_ends_early_keeps_what_was_read(place: Path, tmp_path: Path, share: float) -> None:
    data = (place / "clip.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: int(share * len(data))])
    rows = predict(tmp_path / "cut.avi", output=str(tmp_path / "out"), write=("pictures", "csv"))
    *frames, last = rows
    assert 5 < len(frames) < 40
    assert last["error"].endswith(f"ends early or is damaged: {len(frames)} of 40 frames could be read.")
    assert len(read_back(tmp_path / "out" / "cut.mp4")[0]) == len(frames)
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 1 + len(frames)


def test_frames_behind_a_damaged_one_are_read(place: Path, tmp_path: Path) -> None:
    data = bytearray((place / "clip.avi").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 700] = bytes(np.random.default_rng(0).integers(0, 256, 700, np.uint8))
    (tmp_path / "hurt.avi").write_bytes(data)
    whole, hurt = (
        [row for row in predict(path) if row["frame"]] for path in (place / "clip.avi", tmp_path / "hurt.avi")
    )
    assert 30 < len(hurt) < 40
    numbers = [row["frame"] for row in hurt]
    assert numbers == sorted(set(numbers))
    assert hurt[-1]["boxes"] == whole[-1]["boxes"]  # the last frame, whatever came of those before


@pytest.mark.parametrize("content", [b"", b"no video" * 100])
def test_what_is_no_video_is_one_line_and_the_rest_goes_on(place: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.mp4").write_bytes(content)
    first, *rest = predict([tmp_path / "bad.mp4", place / "clip.avi"])
    assert "bad.mp4 cannot be read as a video; expected" in first["error"]
    assert "\n" not in first["error"]
    assert len(rest) == 40


def test_a_drawn_video_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    clip = video.Clip(tmp_path / "clip.mp4", 10.0)
    with pytest.raises(MachineError, match="mp4v 1 x 1"):
        clip.add(np.zeros((1, 1, 3), np.uint8))
    clip.close()
    assert not list(tmp_path.iterdir())


def test_a_frame_takes_no_file_of_an_image(place: Path, tmp_path: Path) -> None:
    Image.new("RGB", SIZE, "red").save(tmp_path / "clip-2.png")
    out = tmp_path / "out"
    predict([tmp_path / "clip-2.png", place / "clip.avi"], output=str(out), write=("yolo",))
    assert len(list((out / "labels").iterdir())) == 41


def test_a_list_of_other_files_is_no_video_whatever_it_is_called(place: Path, tmp_path: Path) -> None:
    """FFmpeg would open what stands there."""
    (tmp_path / "other.avi").write_bytes((place / "clip.avi").read_bytes())
    (tmp_path / "list.avi").write_text("ffconcat version 1.0\nfile other.avi\n")
    (row,) = predict(tmp_path / "list.avi")
    assert "list.avi" in row["error"]
    assert row["boxes"] == []


def test_without_opencv_the_command_that_installs_it_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "cv2" else found(name))
    with pytest.raises(UsageError, match=r"pip install 'lissom\[video\]'"):
        predict(place / "clip.avi")


def test_a_stop_writes_what_was_predicted(place: Path, tmp_path: Path) -> None:
    stop = Stop()

    def listener(event: object) -> None:
        if isinstance(event, Advanced):
            stop.ask()

    out = tmp_path / "out"
    with pytest.raises(Interrupted, match=r"Stopped after 16 frames of .*clip.avi. Wrote the results of 16 frames"):
        predict(place / "clip.avi", stop=stop, listener=listener, output=str(out), write=("pictures", "csv"))
    assert len(read_back(out / "clip.mp4")[0]) == 16
    assert len((out / "predictions.csv").read_text().splitlines()) == 17


class Camera:
    """The only camera of a machine, number 0: dark frames without end, or `frames` of them."""

    frames = 10**9

    def __init__(self, number: int) -> None:
        self.number, self.read_so_far = number, 0

    def isOpened(self) -> bool:
        return self.number == 0

    def get(self, what: int) -> float:
        import cv2

        return 30.0 if what == cv2.CAP_PROP_FPS else -1.0

    def read(self) -> tuple[bool, Any]:
        self.read_so_far += 1
        there = self.read_so_far <= self.frames
        return there, np.full((SIZE[1], SIZE[0], 3), 60, np.uint8) if there else None

    def release(self) -> None: ...


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[Camera]:
    import cv2

    real = cv2.VideoCapture
    monkeypatch.setattr(
        cv2, "VideoCapture", lambda source, *more: Camera(source) if isinstance(source, int) else real(source, *more)
    )
    return Camera


def test_a_camera_runs_until_it_is_stopped_and_all_is_written(camera: type[Camera], tmp_path: Path) -> None:
    stop, out, told = Stop(), tmp_path / "out", []

    def listener(event: Any) -> None:
        told.append(event)
        if isinstance(event, Advanced) and event.done == 20:
            assert event.total == 0
            stop.ask()

    rows = predict("0", stop=stop, listener=listener, output=str(out), write=("pictures", "csv"))
    assert [row["frame"] for row in rows] == list(range(1, 21))
    assert {row["file"] for row in rows} == {"0"}
    frames, rate = read_back(out / "camera0.mp4")
    assert len(frames) == 20
    assert rate not in (25, 30)  # as fast as they came, not as the camera says
    assert len((out / "predictions.csv").read_text().splitlines()) == 21
    said = [str(event) for event in told if isinstance(event, Note)]
    assert said[0].startswith("Camera 0: Ctrl-C ends it")
    assert said[-1] == f"Wrote the results of 20 frames to {out}."


def test_a_camera_that_is_taken_away_says_so(camera: type[Camera], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "frames", 3)
    *rows, last = predict("0")
    assert len(rows) == 3
    assert last["error"] == "Camera 0 gives no more images, after 3 frames."


def test_no_camera_is_one_line_and_a_file_of_that_name_is_a_file(
    camera: type[Camera], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = predict("7")
    assert row["error"].startswith("There is no camera 7, or another program uses it")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "7").write_bytes(b"no image")
    assert "camera" not in predict("7")[0]["error"]
    with pytest.raises(DataError, match="No such file"):
        predict("0.5")


def test_the_table_tells_each_class_of_a_video_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = predict(place / "clip.avi")
    for row in rows:
        row["file"] = "clip.avi"
    screen.predictions(rows, "table")
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if "clip.avi" in line]
    assert "40 / 40" in line
    screen.predictions(rows, "csv")
    assert capsys.readouterr().out.splitlines()[:2] == [
        "file,frame,label,score,left,top,right,bottom",
        f"clip.avi,1,cat,{rows[0]['boxes'][0]['score']},0.0,0.0,40.0,40.0",
    ]
    screen.predictions([{**row, "boxes": []} for row in rows], "table")
    assert "No boxes in 40 frames" in capsys.readouterr().out
