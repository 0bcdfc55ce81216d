"""The token is asked by anybody and travels nowhere; events travel."""

import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lissom.events import Advanced, EpochEnded, Note, Started, Stop, note
from lissom.plain import plain


def test_a_stop_is_asked_by_any_thread_and_stays_so() -> None:
    stop = Stop()
    assert not stop.asked
    thread = threading.Thread(target=stop.ask)
    thread.start()
    thread.join()
    assert stop.asked


def test_a_stop_does_not_travel() -> None:
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(Stop())


@pytest.mark.parametrize("event", [
    Advanced(what="bytes", done=3, total=0),
    Note(name="weights.note", values={"file": "a", "note": "b"}),
    Started(folder=Path("x"), epochs=2, steps_per_epoch=3, epoch=0, step=0, checkpoint=None, metric="top1"),
    EpochEnded(row={"epoch": 1, "top1": 0.5}, best=True),
], ids=lambda event: type(event).__name__)  # fmt: skip
def test_events_travel(event: object) -> None:
    assert pickle.loads(pickle.dumps(event)) == event


def test_the_room_needs_no_torch() -> None:
    code = "import sys, lissom.events; assert not {'torch', 'numpy', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_note_is_put_into_the_language_of_who_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also once it has been a file's plain values, and with a note among its values."""
    inner = note("weights.new-head", got=1000, expected=7)
    outer = note("weights.note", file="w.pth", note=inner)
    kept = Note(**json.loads(json.dumps(plain(outer))))
    for lang, words in (("en", "The classifier is new"), ("zh", "分类器")):
        monkeypatch.setenv("LISSOM_LANG", lang)
        assert words in str(outer)
        assert str(kept) == str(outer)
