import io
from pathlib import Path

import pytest
from rich.console import Console

from engine.toy import toy_fit
from lissom.cli.progress import Progress, screen
from lissom.cli.show import console
from lissom.events import Advanced, CheckpointDamaged, Closed, EpochEnded, Note, Saved, Started, Stopping, silent


@pytest.fixture
def output():
    return io.StringIO()


def test_without_a_terminal_there_is_one_line_for_each_epoch(tmp_path, output):
    result = toy_fit(tmp_path, listener=Progress(Console(file=output, width=200)))
    lines = output.getvalue().splitlines()
    assert len(lines) == 3
    for line, row in zip(lines, result.history, strict=True):
        assert line.startswith(f"epoch {row['epoch']}/3  loss {row['train_loss']:.4f}  accuracy {row['accuracy']:.4f}")
    assert lines[-1].endswith("left 0:00")


def test_on_a_terminal_there_are_two_bars(tmp_path, output):
    toy_fit(tmp_path, listener=Progress(Console(file=output, force_terminal=True, width=100)), pause=0.02)
    assert "whole run" in output.getvalue()
    assert "/3, step" in output.getvalue()
    assert output.getvalue().count("accuracy") == 3
    assert output.getvalue().count("\x1b[?25l") == output.getvalue().count("\x1b[?25h") > 0  # the cursor comes back


def test_each_figure_of_an_epoch_stands_at_its_name_and_the_best_is_marked(output):
    show = Progress(Console(file=output, width=200))
    where = {"folder": Path("there"), "epochs": 3, "steps_per_epoch": 5, "epoch": 0, "step": 0, "checkpoint": None}
    show(Started(**where, metric="top1"))
    row = {"epoch": 1, "train_loss": 0.5, "seconds": 12.0, "images_per_second": 340.0, "top1": 0.75}
    show(EpochEnded(row=row, best=True))
    show(EpochEnded(row=row | {"epoch": 2}, best=False))
    first, second = output.getvalue().splitlines()
    assert first.startswith("epoch 1/3  loss 0.5000  top-1 0.7500 * 12.0 s  340 samples/s")
    assert second.startswith("epoch 2/3  loss 0.5000  top-1 0.7500   12.0 s  340 samples/s")


def test_early_stopping_and_resuming_are_said(tmp_path, output):
    slow = {"lr": 1e-9, "ema": 0.0}
    toy_fit(
        tmp_path, engine={"epochs": 9, "patience": 1}, optim=slow, listener=Progress(Console(file=output, width=200))
    )
    assert "Stopped early: no improvement since epoch 2." in output.getvalue()
    toy_fit(
        tmp_path, engine={"epochs": 9, "patience": 1}, optim=slow, listener=Progress(Console(file=output)), resume=True
    )
    assert "Resuming from" in output.getvalue()


def test_a_damaged_checkpoint_is_named(output):
    Progress(Console(file=output, width=200))(CheckpointDamaged(path=Path("there/step-1.pt")))
    assert "there/step-1.pt is damaged" in output.getvalue()


def test_closing_twice_or_before_the_start_is_harmless(output):
    show = Progress(Console(file=output))
    show(Stopping())
    show(Closed())
    show(Closed())
    assert output.getvalue().count("\n") == 1


def test_the_lines_are_chinese_for_chinese_readers(tmp_path, output, monkeypatch):
    monkeypatch.setenv("LISSOM_LANG", "zh")
    toy_fit(tmp_path, listener=Progress(Console(file=output, width=200)))
    assert output.getvalue().startswith("第 1/3 轮  损失")


@pytest.mark.parametrize("closing", [Advanced(what="pixels", done=9, total=9), Stopping(), Closed()])
def test_work_has_a_bar_until_it_is_done_or_something_else_happens(output, closing):
    show = Progress(Console(file=output, force_terminal=True, width=100))
    show(Advanced(what="pixels", done=3, total=9))
    show(closing)
    assert "classifying pixels" in output.getvalue()
    assert output.getvalue().count("\x1b[?25l") == output.getvalue().count("\x1b[?25h") == 1  # the cursor comes back


def test_each_kind_of_work_has_its_own_bar(output):
    show = Progress(Console(file=output, force_terminal=True, width=100))
    show(Advanced(what="bytes", done=3, total=0))
    show(Advanced(what="images", done=1, total=9))
    show.close()
    assert "fetching" in output.getvalue()
    assert "reading images" in output.getvalue()


def test_without_a_terminal_work_shows_nothing(output):
    Progress(Console(file=output))(Advanced(what="rows", done=3, total=9))
    assert output.getvalue() == ""


def test_a_note_is_its_sentence(output):
    Progress(Console(file=output))(Note(name="weights.note", values={"file": "a.pt", "note": "[averaged]"}))
    assert output.getvalue() == "a.pt: [averaged]\n"


def test_what_has_no_handler_is_not_shown(output):
    Progress(Console(file=output))(Saved(path=Path("there")))
    assert output.getvalue() == ""


def test_the_screen_of_a_quiet_command_is_nobody():
    with screen(quiet=True) as listener:
        assert listener is silent


def test_the_screen_is_in_order_after_a_failure(monkeypatch, output):
    monkeypatch.setattr("lissom.cli.progress.Screen", lambda **_: Console(file=output, force_terminal=True))

    def fail():
        with screen() as listener:
            listener(Advanced(what="rows", done=1, total=9))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert output.getvalue().count("\x1b[?25l") == output.getvalue().count("\x1b[?25h") == 1


def test_a_word_between_colons_is_text_and_nothing_is_imported_to_print_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C may come while a line is printed, and prints one itself."""
    console().print("runs/:cat:")
    assert ":cat:" in capsys.readouterr().out
