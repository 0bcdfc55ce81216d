import dataclasses
import json
from datetime import datetime

import pytest

from lissom.config import EngineConfig, ModelConfig, TrainConfig
from lissom.errors import DataError, MachineError, UsageError
from lissom.runs.folder import RUN_FORMAT, create, list_runs, open_run, read_config, write_atomic, write_run

NOW = datetime(2026, 11, 21, 14, 30, 0)
CONFIG = TrainConfig(
    model=ModelConfig(model="mobilenetv2", options={"projection": True}), engine=EngineConfig(epochs=3)
)


@pytest.fixture
def run(tmp_path):
    path = create(tmp_path / "runs", "net-digits", now=NOW)
    write_run(path, {"status": "training", "class_names": ["零", "one"]}, config=CONFIG)
    return path


class TestCreate:
    def test_a_name_has_the_time(self, tmp_path):
        path = create(tmp_path / "a" / "runs", "net-digits", now=NOW)
        assert path == tmp_path / "a" / "runs" / "net-digits-20261121-143000"
        assert (path / "checkpoints").is_dir()

    def test_within_one_second_names_are_numbered(self, tmp_path):
        names = [create(tmp_path, "net", now=NOW).name for _ in range(3)]
        assert names == ["net-20261121-143000", "net-20261121-143000-2", "net-20261121-143000-3"]

    @pytest.mark.parametrize("root", ["file", "file/below", "file/below/it"])
    def test_a_place_below_a_file_is_one_line(self, tmp_path, root):
        (tmp_path / "file").touch()
        with pytest.raises(MachineError, match="Cannot make the run folder") as raised:
            create(tmp_path / root, "net", now=NOW)
        assert raised.value.exit_code == 5
        assert "\n" not in str(raised.value)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]


class TestOpen:
    def test_what_was_written_is_read(self, run):
        opened = open_run(run)
        assert opened.config == CONFIG
        assert opened.data["class_names"] == ["零", "one"]
        assert opened.status == "training"
        assert opened.history == []
        assert (opened.best, opened.last) == (run / "best.safetensors", run / "last.safetensors")

    def test_facts_are_added_and_changed(self, run):
        write_run(run, {"status": "finished", "test": 0.9})
        assert open_run(run).data.items() >= {"status": "finished", "test": 0.9, "format": RUN_FORMAT}.items()
        assert open_run(run).data["class_names"] == ["零", "one"]

    def test_history_is_one_row_for_each_line(self, run):
        write_atomic(run / "metrics.jsonl", '{"epoch": 1}\n{"epoch": 2}\n')
        assert open_run(run).history == [{"epoch": 1}, {"epoch": 2}]

    def test_the_environment_is_read_when_it_is_there(self, run):
        assert open_run(run).environment == {}
        write_atomic(run / "env.json", '{"python": "3.13"}')
        assert open_run(run).environment == {"python": "3.13"}

    def test_another_version_is_named_with_ours(self, run):
        (run / "run.json").write_text(json.dumps({"format": 99, "lissom": "7.1"}))
        with pytest.raises(DataError, match=f"format 99, written by lissom 7.1; this lissom reads format {RUN_FORMAT}"):
            open_run(run)

    def test_a_folder_that_is_no_run(self, tmp_path):
        with pytest.raises(DataError, match="is no run folder"):
            open_run(tmp_path)

    def test_no_folder_at_all(self, tmp_path):
        with pytest.raises(DataError, match="There is no run folder"):
            open_run(tmp_path / "none")

    @pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "config.yaml"])
    @pytest.mark.parametrize("content", [b'{"format": 1, ', b"\xff\xfe\x00"])
    def test_a_damaged_file_is_named(self, run, name, content):
        (run / name).write_bytes(content)
        with pytest.raises(DataError, match=name) as raised:
            open_run(run)
        assert raised.value.exit_code == 3

    def test_json_that_is_no_object(self, run):
        (run / "run.json").write_text("[]")
        with pytest.raises(DataError, match="list, not an object"):
            open_run(run)

    def test_a_missing_config_is_named(self, run):
        (run / "config.yaml").unlink()
        with pytest.raises(DataError, match=r"config\.yaml"):
            read_config(run)

    def test_an_unknown_setting_is_named_with_near_ones(self, run):
        (run / "config.yaml").write_text("engine:\n  epoch: 3\n")
        with pytest.raises(UsageError, match="unknown key 'epoch'; did you mean epochs"):
            read_config(run)


def test_every_setting_survives_the_file(run):
    """No value of the defaults, so that a lost one shows."""
    engine = EngineConfig(epochs=7, batch_size=64, threads=3, precision="bf16", checkpoint_minutes=0.5)
    config = dataclasses.replace(CONFIG, engine=engine)
    write_run(run, {}, config=config)
    assert read_config(run) == config


def test_runs_are_listed_by_name_and_nothing_else_is(tmp_path, run):
    (tmp_path / "runs" / "other").mkdir()
    second = create(tmp_path / "runs", "a-net", now=NOW)
    write_run(second, {})
    assert list_runs(tmp_path / "runs") == [second, run]
    assert list_runs(tmp_path / "none") == []
