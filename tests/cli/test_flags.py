"""Every flag reaches its verb, and every figure stands at its name."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from lissom.cli.main import run
from lissom.cli.screens import classify, scene
from lissom.cli.show import Screen, console, show_comparison, show_rows, show_runs
from lissom.errors import DataError

TRAIN = "train classify --data photos --model mobilenetv1_cifar --width 0.1 --epochs 1 --batch-size 8 --threads 1"


class TestFlags:
    @pytest.mark.parametrize(("verb", "words", "expected"), [
        (
            "evaluate",
            "evaluate runs/a there --file m.onnx --weights imagenet --options depth 3 --batch-size 7 --output out "
            "--device cpu --threads 3 --dry-run --json --cube c.mat",
            {
                "file": Path("m.onnx"), "weights": "imagenet", "options": {"depth": "3"}, "batch_size": 7,
                "output": Path("out"), "device": "cpu", "threads": 3, "write": False, "cube": "c.mat",
            },
        ),
        ("evaluate", "evaluate runs/a --json", {"write": True, "file": None, "batch_size": None, "device": "auto"}),
        (
            "predict",
            "predict mobilenetv2 photos --top 2 --weights imagenet --options depth 3 --device cpu --threads 3 "
            "--format json",
            {"top": 2, "weights": "imagenet", "options": {"depth": "3"}, "device": "cpu", "threads": 3},
        ),
        (
            "inspect",
            "inspect runs/a --data there --output out --images 9 --batch-size 4 --device cpu --threads 2 "
            "--dry-run --json",
            {
                "output": Path("out"), "images": 9, "batch_size": 4, "device": "cpu", "threads": 2, "write": False,
            },
        ),
        ("export", "export runs/a --output there --data d --cube c.mat --json",
         {"data": "d", "cube": "c.mat", "options": {}}),
        ("export", "export runs/a --output there --nms --confidence 0.3 --agnostic --dry-run",
         {"options": {"nms": True, "confidence": 0.3, "agnostic": True}}),
        ("resume", "resume runs/a --data there --device cpu --threads 2 --json", {"device": "cpu", "threads": 2}),
        ("resume", "resume runs/a --data there --cube c.mat --dry-run --json", {"cube": "c.mat"}),
        ("export", "export runs/a --output there --data d --cube c.mat --dry-run", {"data": "d", "cube": "c.mat"}),
        (
            "fetch",
            "fetch one two --mirror http://m --offline --cache-dir c --json",
            {"mirror": "http://m", "offline": True, "cache_dir": "c"},
        ),
        ("check", "check-data classify there --picture p.png --cache-dir c --json",
         {"picture": Path("p.png"), "cache_dir": "c"}),
        ("check", "check-data classify there --picture p.png --dry-run --json", {"picture": None}),
        ("runs", "runs --runs-dir there --sort macs --json", {"sort": "macs"}),
        ("models", "models net --sort macs --where macs<3e8 year>=2018 --json",
         {"sort": "macs", "where": ("macs<3e8", "year>=2018")}),
    ])  # fmt: skip
    def test_it_arrives(
        self,
        verb: str,
        words: str,
        expected: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        function = {"check": "check_data", "runs": "list_runs", "models": "list_models"}.get(verb, verb)
        if "--dry-run" in words:
            function = {"resume": "resume_point", "export": "export_path"}.get(verb, function)
        called: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

        def verbs(*given: Any, **named: Any) -> Any:
            called.append((given, named))
            raise DataError("file-missing", path="stopped here")

        monkeypatch.setattr(f"lissom.verbs.{verb}.{function}", verbs)
        assert run(words.split()) == 3
        ((given, named),) = called
        assert {name: named[name] for name in expected} == expected
        places = [str(value) for value in (*given, *named.values())]
        assert ("there" in places) == ("there" in words)

    def test_a_setting_of_training_arrives_with_its_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        called: list[Any] = []

        def train(config: Any, **named: Any) -> Any:
            called.append((config, named))
            raise DataError("file-missing", path="stopped here")

        monkeypatch.setattr("lissom.verbs.train.train", train)
        more = "--runs-dir there --name n --lr 0.5 --no-flip --mixup 0.3 --balance weights --options depthwise false"
        assert run([*TRAIN.split(), *more.split(), "--quiet"]) == 3
        ((config, named),) = called
        assert (named["runs_dir"], named["name"]) == (Path("there"), "n")
        assert (config.optim.lr, config.augment.flip, config.augment.mixup) == (0.5, False, 0.3)
        assert (config.data.balance, config.model.options, config.engine.batch_size) == (
            "weights", {"depthwise": "false"}, 8,
        )  # fmt: skip

    @pytest.mark.parametrize(("words", "function", "vary", "runs"), [
        (f"{TRAIN} --vary lr 0.1 1 --runs 3",                    "train_several", ("lr", [0.1, 1]), 3),
        (f"{TRAIN} --vary lr 0.1 1 --runs 3 --dry-run",          "plan_several",  ("lr", [0.1, 1]), 3),
        (f"{TRAIN} --dry-run",                                   "plan_several",  None, 1),
        ("train scene --cube synthetic --compare-splits",        "train_several", ("split", ["random", "disjoint"]), 1),
    ])  # fmt: skip
    def test_what_is_varied_arrives_and_a_dry_run_plans(
        self, words: str, function: str, vary: Any, runs: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called: list[Any] = []

        def verb(name: str) -> Any:
            def call(config: Any, **named: Any) -> Any:
                called.append((name, named["vary"], named["runs"]))
                raise DataError("file-missing", path="stopped here")

            return call

        for name in ("train", "train_several", "plan_several"):
            monkeypatch.setattr(f"lissom.verbs.train.{name}", verb(name))
        assert run([*words.split(), "--quiet"]) == 3
        assert called == [(function, vary, runs)]

    def test_settings_are_printed_in_their_own_alphabet(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["train", "classify", "--data", "照片", "--print-config"]) == 0
        assert "data: 照片\n" in capsys.readouterr().out

    def test_threads_and_device_reach_where_it_is_computed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from lissom import predict

        seen: list[Any] = []

        def predictor(opened: Any, options: Any, where: Any) -> Any:
            seen.append((options.top, where.device, where.threads))
            raise DataError("file-missing", path="stopped here")

        monkeypatch.setattr("lissom.tasks.classify.predictor.predictor", predictor)
        with pytest.raises(DataError):
            predict("mobilenetv2", "photos", top=2, weights="imagenet", device="cpu", threads=1)
        assert seen == [(2, "cpu", 1)]


class TestScreens:
    def test_each_figure_of_an_evaluation_stands_at_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        score = {"precision": 0.25, "recall": 0.5, "f1": 1 / 3, "images": 7}
        found = {
            "top1": 0.8125, "top1_interval_95": [0.75, 0.875], "correct": 13, "images": 16, "macro_f1": 0.6543,
            "calibration_error": 0.0456, "notes": [], "per_class": [{"class": "cat [red]", **score}], "folder": None,
        }  # fmt: skip
        classify.evaluation(found)
        out = capsys.readouterr().out
        first = out.splitlines()[0]
        assert first.index("81.2 %") < first.index("75.0") < first.index("87.5") < first.index("13") < first.index("16")
        assert "0.654" in out
        assert "4.6 %" in out
        row = next(line for line in out.splitlines() if "cat [red]" in line)
        assert row.split()[-4:] == ["0.250", "0.500", "0.333", "7"]

    def test_what_must_be_known_of_an_evaluation_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        found: dict[str, Any] = dict.fromkeys(("top1", "correct", "images", "macro_f1", "calibration_error"), 1)
        told = {"name": "verbs.data-moved", "values": {"data": "[there]"}}
        rows = [{"class": "cat", "images": 1}]
        classify.evaluation({**found, "top1_interval_95": [0, 1], "per_class": rows, "notes": [told], "folder": None})
        assert "[there]" in capsys.readouterr().out

    def test_each_figure_of_a_scene_stands_at_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        figures = {"oa": 0.8125, "aa": 0.75, "kappa": 0.625, "pixels": 16, "correct": 13}
        rows = [{"class": "corn", "pixels": 16}]
        scene.evaluation({**figures, "oa_interval_95": [0.5, 0.875], "notes": [], "per_class": rows, "folder": None})
        said = capsys.readouterr().out.splitlines()[0]
        assert said == (
            "OA 81.2 % (95 % interval 50.0 % to 87.5 %; 13 of 16 test pixels), AA 75.0 %, kappa x 100 62.50"
        )
        record = SimpleNamespace(weights=None, data=SimpleNamespace(warnings=(), notes=()), notes=("[leaks]",))
        config = SimpleNamespace(scene=SimpleNamespace(split="random", tested_by="scene_runs.random"))
        scene.result(SimpleNamespace(test=figures, record=record, config=config, path="runs/a"))
        first, told, *_ = capsys.readouterr().out.splitlines()
        assert first.startswith("OA 81.25 %, AA 75.00 %, kappa x 100 62.50 on 16 test pixels")
        assert told == "[leaks]"

    def test_a_long_table_is_whole_and_names_are_not_markup(self, capsys: pytest.CaptureFixture[str]) -> None:
        show_rows([{"run": f"run-{n}", "macs": 10_000 * n} for n in range(1, 300)], note="the end")
        lines = capsys.readouterr().out.splitlines()
        assert sum("run-" in line for line in lines) == 299
        assert lines[-1].strip() == "the end"
        assert any(line.split() == ["run-299", "2,990,000"] for line in lines)

    def test_a_comparison_has_each_run_s_value_below_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        figures = [{"run": "a[1]", "macs": 5, "metric": "top1"}, {"run": "[b]", "macs": 6, "metric": "top1"}]
        found = {
            "runs": ["a[1]", "[b]"],
            "settings": {"optim.lr": [0.1, "[x]"]},
            "figures": figures,
            "verdicts": ["[v]"],
        }
        show_comparison(found)
        lines = capsys.readouterr().out.splitlines()
        head = next(line for line in lines if "a[1]" in line)
        row = next(line for line in lines if "optim.lr" in line)
        assert head.index("a[1]") < head.index("[b]")
        assert row.index("0.1") < row.index("[x]")
        assert lines[-1].strip() == "[v]"

    def test_the_numbers_of_a_contact_sheet_are_explained(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lissom.report.lettering.drawable", str.isascii)
        report = {
            "classes": {"cat": {"all": 3}, "猫": {"all": 4}},
            "sizes": None,
            "notes": [],
            "warnings": [],
            "broken": [],
        }
        classify.check(report, Path("sheet.png"))
        assert "1 = 猫" in capsys.readouterr().out
        classify.check(report, None)
        assert "1 = 猫" not in capsys.readouterr().out

    def test_runs_are_headed_by_their_metric(self, capsys: pytest.CaptureFixture[str]) -> None:
        row = {"run": "a", "val": 50.0, "test": 40.0}
        show_runs([{**row, "metric": "oa"}])
        assert "test OA %" in (out := capsys.readouterr().out)
        assert "overall accuracy" in out
        show_runs([{**row, "metric": "top1"}, {**row, "metric": "oa"}])
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["run", "val", "%", "test", "%", "metric"]
        assert [line.split()[-1] for line in lines[2:4]] == ["top-1", "OA"]


class TestNarrowTerminal:
    ROWS = (
        {"run": "a-long-name-of-a-run", "data": "/some/path", "macs": 123_456_789, "val": 0.5, "status": "finished"},
    )

    def shown(self, monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
        out = Screen(file=io.StringIO(), width=width, highlight=False)
        monkeypatch.setattr("lissom.cli.show.console", lambda: out)
        show_rows(list(self.ROWS))
        return out.file.getvalue().splitlines()  # type: ignore[attr-defined]

    @pytest.mark.parametrize("width", [25, 40, 60, 80])
    def test_no_number_is_cut_in_two(self, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
        whole = "\n".join(self.shown(monkeypatch, width))
        assert "0.500" in whole
        assert "123,456,789" in whole or "MACs" in whole.split("left out")[1]

    def test_the_least_needed_columns_go_first_and_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "data" in self.shown(monkeypatch, 100)[0]
        lines = self.shown(monkeypatch, 52)
        assert "data" not in lines[0]
        assert "MACs" in lines[0]
        assert lines[-1] == "Columns left out on this narrow terminal: data."

    def test_a_pipe_is_as_wide_as_its_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        console().say("word " * 200)
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_a_chinese_sentence_fills_its_lines(self) -> None:
        out = Screen(file=io.StringIO(), width=20, highlight=False)
        out.say("测试 OA 为 97.9 %，区间为九十七到九十八，其余像素不参与训练。")
        lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
        assert all(14 <= cell_len(line) <= 20 for line in lines[:-1])
        assert any("97.9 %" in line for line in lines)
