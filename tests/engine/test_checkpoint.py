import pytest
import torch

from lissom.engine import checkpoint
from lissom.engine.checkpoint import checkpoints, load_checkpoint, newest, newest_sound, save_checkpoint
from lissom.errors import DataError


def never(path):
    pytest.fail(f"{path} is not damaged")


def test_what_is_saved_comes_back(tmp_path):
    path = save_checkpoint(tmp_path, 12, {"weights": torch.arange(5), "state": {"epoch": 3, "rows": [{"a": 0.1}]}})
    assert newest_sound(tmp_path, on_damaged=never) == path
    content = load_checkpoint(path)
    assert torch.equal(content["weights"], torch.arange(5))
    assert content["state"] == {"epoch": 3, "rows": [{"a": 0.1}]}


def test_the_last_two_are_kept(tmp_path):
    for step in (1, 5, 9, 10):
        save_checkpoint(tmp_path, step, {"step": step})
    assert [checkpoint.step_of(path) for path in checkpoints(tmp_path)] == [10, 9]
    assert newest(tmp_path) == 10


def test_none_is_none(tmp_path):
    assert newest_sound(tmp_path, on_damaged=never) is None
    assert newest(tmp_path) == 0


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: b"", lambda c: c[:50] + b"?" + c[51:]])
def test_a_damaged_one_is_named_set_aside_and_the_one_before_used(tmp_path, damage):
    older = save_checkpoint(tmp_path, 1, {"step": 1})
    newer = save_checkpoint(tmp_path, 2, {"step": 2})
    newer.write_bytes(damage(newer.read_bytes()))
    named = []
    assert newest_sound(tmp_path, on_damaged=named.append) == older
    assert named == [newer]
    assert not newer.exists()
    assert newer.with_suffix(".damaged").exists()


def test_a_damaged_one_does_not_push_out_a_sound_one(tmp_path):
    older = save_checkpoint(tmp_path, 1, {"step": 1})
    save_checkpoint(tmp_path, 9, {"step": 9}).write_bytes(b"")
    newest_sound(tmp_path, on_damaged=lambda path: None)
    again = save_checkpoint(tmp_path, 2, {"step": 2})
    assert checkpoints(tmp_path) == [again, older]


def test_all_damaged_is_an_error_that_names_them(tmp_path):
    path = save_checkpoint(tmp_path, 1, {"step": 1})
    path.write_bytes(b"")
    with pytest.raises(DataError, match=path.name):
        newest_sound(tmp_path, on_damaged=lambda path: None)


def test_another_format_is_an_error_that_names_both(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "CHECKPOINT_FORMAT", 99)
    path = save_checkpoint(tmp_path, 1, {})
    monkeypatch.undo()
    with pytest.raises(DataError, match="format 99; this lissom reads format 1"):
        load_checkpoint(path)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("code was run",))

    path = save_checkpoint(tmp_path, 1, {"evil": Evil()})
    with pytest.raises(Exception, match="print"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"hello", [1], {"state": {}}])
def test_what_is_no_checkpoint_but_has_the_name_of_one_is_one_line(content, tmp_path):
    path = tmp_path / "step-00000001-0123456789abcdef.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(DataError, match="cannot be read") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)
