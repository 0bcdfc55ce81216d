import errno
import json
import os
from datetime import datetime

import pytest

from lissom.atomic import write_atomic
from lissom.errors import DataError, MachineError, UsageError
from lissom.runs.folder import (
    RUN_FORMAT,
    create,
    is_run,
    list_runs,
    read_run,
    write_config,
    write_record,
)  # fmt: skip

NOW = datetime(2026, 11, 21, 14, 30, 0)
CONFIG = {"model": {"model": "mobilenetv2", "options": {"projection": True}}, "engine": {"epochs": 3}}


@pytest.fixture
def run(tmp_path):
    path = create(tmp_path / "runs", "net-digits", now=NOW)
    write_config(path, CONFIG)
    write_record(path, {"status": "training", "facts": {"class_names": ["零", "one"]}})
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
        with pytest.raises(MachineError, match="Cannot create the run folder") as raised:
            create(tmp_path / root, "net", now=NOW)
        assert raised.value.exit_code == 5
        assert "\n" not in str(raised.value)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_whoever_is_killed_leaves_a_whole_run_or_none(self, tmp_path):
        def killed(path):
            write_config(path, CONFIG)
            os._exit(3)

        for dated in (True, False):
            child = os.fork()
            if child == 0:
                create(tmp_path, "net", killed, dated=dated, now=NOW)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        assert all(path.name.startswith(".run.") for path in tmp_path.iterdir())
        assert list_runs(tmp_path) == []
        path = create(tmp_path, "net", lambda path: write_record(path, {}), dated=False)
        assert [path] == list(tmp_path.iterdir()) == list_runs(tmp_path)

    def test_what_is_raised_while_it_is_filled_leaves_nothing(self, tmp_path):
        def fail(path):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            create(tmp_path, "net", fail)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("there", ["full", "empty", "dangling link", "made meanwhile"])
    def test_a_chosen_name_must_be_free(self, tmp_path, there):
        def make(path):
            if there == "dangling link":
                (tmp_path / "net").symlink_to(tmp_path / "nowhere")
            else:
                (tmp_path / "net").mkdir()
                (tmp_path / "net" / "file").touch() if there == "full" else None

        if there != "made meanwhile":
            make(tmp_path)
        with pytest.raises(UsageError, match="exists already"):
            create(tmp_path, "net", make if there == "made meanwhile" else lambda path: None, dated=False)
        assert [path.name for path in tmp_path.iterdir()] == ["net"]


class TestRead:
    def test_what_was_written_is_read_as_plain_mappings(self, run):
        stored = read_run(run)
        assert stored.config == CONFIG
        assert stored.record["facts"] == {"class_names": ["零", "one"]}
        assert stored.record["format"] == RUN_FORMAT
        assert stored.history == []
        assert is_run(run)

    def test_records_are_added_and_changed(self, run):
        write_record(run, {"status": "finished", "test": {"top1": 0.9}})
        record = read_run(run).record
        assert record.items() >= {"status": "finished", "test": {"top1": 0.9}, "format": RUN_FORMAT}.items()
        assert record["facts"] == {"class_names": ["零", "one"]}

    def test_history_is_one_row_for_each_line(self, run):
        write_atomic(run / "metrics.jsonl", '{"epoch": 1}\n{"epoch": 2}\n')
        assert read_run(run).history == [{"epoch": 1}, {"epoch": 2}]

    @pytest.mark.parametrize("written", [1, 99])
    def test_another_version_is_named_with_ours_and_what_to_do(self, run, written):
        (run / "run.json").write_text(json.dumps({"format": written, "lissom": "7.1"}))
        words = f"format {written}, written by lissom 7.1; this lissom reads format {RUN_FORMAT}.*--config"
        with pytest.raises(DataError, match=words) as raised:
            read_run(run)
        assert str(run) in str(raised.value)

    def test_a_folder_that_is_no_run(self, tmp_path):
        with pytest.raises(DataError, match="is not a run folder"):
            read_run(tmp_path)

    def test_a_folder_that_may_not_be_looked_into_is_listed_and_refused(self, run, monkeypatch):
        ask = os.stat

        def refuse(path, *args, **options):
            if str(path).startswith(str(run)):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return ask(path, *args, **options)

        monkeypatch.setattr(os, "stat", refuse)  # tests may run as root, whom nothing is forbidden
        assert list_runs(run.parent) == [run]
        with pytest.raises(DataError, match=r"run.json cannot be read: Permission denied"):
            read_run(run)

    def test_no_folder_at_all(self, tmp_path):
        with pytest.raises(DataError, match="There is no run folder"):
            read_run(tmp_path / "none")

    @pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "config.yaml"])
    @pytest.mark.parametrize("content", [b'{"format": 1, ', b"\xff\xfe\x00"])
    def test_a_damaged_file_is_named(self, run, name, content):
        (run / name).write_bytes(content)
        with pytest.raises(DataError, match=name) as raised:
            read_run(run)
        assert raised.value.exit_code == 3

    @pytest.mark.parametrize(("name", "content", "words"), [
        ("run.json", "[]", "list, not an object"), ("config.yaml", "- a\n", "list, not sections"),
    ])  # fmt: skip
    def test_files_that_are_no_mappings(self, run, name, content, words):
        (run / name).write_text(content)
        with pytest.raises(DataError, match=words):
            read_run(run)

    def test_a_missing_config_is_named(self, run):
        (run / "config.yaml").unlink()
        with pytest.raises(DataError, match=r"config\.yaml"):
            read_run(run)


def test_runs_are_listed_by_name_and_nothing_else_is(tmp_path, run):
    (tmp_path / "runs" / "other").mkdir()
    second = create(tmp_path / "runs", "a-net", now=NOW)
    write_record(second, {})
    assert list_runs(tmp_path / "runs") == [second, run]
    assert list_runs(tmp_path / "none") == []
