import csv
import dataclasses
import errno
import json
from types import SimpleNamespace

import pytest
import torch

from engine.toy import ENGINE, OPTIM, VAL, ToyObjective, ToyTrain, toy_fit, toy_net
from lissom import atomic
from lissom.engine import checkpoint
from lissom.engine.checkpoint import checkpoints, load_checkpoint
from lissom.engine.objective import Losses
from lissom.engine.records import TIMINGS
from lissom.engine.state import TrainingState
from lissom.errors import DataError, Interrupted, MachineError, ResultError
from lissom.events import CheckpointDamaged, EpochEnded, Saved, Started, StepEnded
from lissom.runs.weights import digest, load_weights, read_weights


def without_timings(history):
    return [{name: value for name, value in row.items() if name not in TIMINGS} for row in history]


def seen(row):
    """Samples of an epoch, going by its rate."""
    return pytest.approx(row["images_per_second"] * row["seconds"])


def last(folder):
    return digest(read_weights(folder / "last.safetensors")[0])


class Scripted(ToyObjective):
    """Evaluates to the values given, one for each epoch."""

    def __init__(self, *values):
        self.values = iter(values)

    def evaluate(self, model, batches):
        return {"accuracy": next(self.values)}


class TestWhatIsLeft:
    def test_the_toy_problem_is_learned(self, tmp_path):
        result = toy_fit(tmp_path, engine={"epochs": 8})
        assert result.best_metric == max(row["accuracy"] for row in result.history) > 0.9
        assert result.stopped == "done"
        assert result.epochs == len(result.history) == 8

    def test_rows_stand_in_both_files(self, tmp_path):
        history = toy_fit(tmp_path).history
        assert [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()] == history
        with open(tmp_path / "results.csv", newline="") as file:
            assert [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)] == history

    def test_a_rows_columns(self, tmp_path):
        row = toy_fit(tmp_path).history[1]
        assert (row["epoch"], row["step"]) == (2, 12)
        assert row["train_loss"] == pytest.approx(row["loss_cross_entropy"] + row["loss_size"])
        assert seen(row) == 16 * 6
        assert {"lr", "accuracy", "val_loss"} <= row.keys()

    def test_best_weights_are_those_that_were_evaluated_best(self, tmp_path):
        result = toy_fit(tmp_path, engine={"epochs": 5})
        model = toy_net(seed=99)
        about = load_weights(model, tmp_path / "best.safetensors")
        with torch.no_grad():
            assert ToyObjective().evaluate(model.eval(), VAL)["accuracy"] == result.best_metric
        assert about["epoch"] == str(result.best_epoch)

    def test_of_equal_epochs_the_last_is_the_best(self, tmp_path):
        result = toy_fit(tmp_path, objective=Scripted(0.7, 0.7, 0.5))
        assert (result.best_epoch, result.best_metric) == (2, 0.7)
        assert read_weights(tmp_path / "best.safetensors")[1]["epoch"] == "2"
        assert read_weights(tmp_path / "last.safetensors")[1]["epoch"] == "3"

    def test_a_metric_that_is_no_number_ends_the_training(self, tmp_path):
        with pytest.raises(ResultError, match=r"accuracy = nan.*--lr") as raised:
            toy_fit(tmp_path, objective=Scripted(0.1, float("nan"), 0.2))
        assert raised.value.exit_code == 4
        assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1
        assert read_weights(tmp_path / "best.safetensors")[1]["epoch"] == "1"

    def test_without_a_metric_the_last_weights_are_kept_and_patience_ends_nothing(self, tmp_path):
        objective = ToyObjective()
        objective.evaluate = lambda model, batches: {}
        result = toy_fit(tmp_path, objective=objective, engine={"patience": 1})
        assert (result.best_epoch, result.best_metric, result.stopped) == (3, None, "done")
        about = read_weights(tmp_path / "best.safetensors")[1]
        assert about["epoch"] == "3"
        assert "value" not in about

    def test_the_average_is_kept_where_there_is_one(self, tmp_path):
        toy_fit(tmp_path, optim={"ema": 0.5})
        content = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0])
        kept = read_weights(tmp_path / "last.safetensors")[0]
        assert digest(kept) == digest(content["average"])
        assert digest(kept) != digest(content["model"])

    def test_without_one_the_weights_are(self, tmp_path):
        toy_fit(tmp_path, optim={"ema": 0.0})
        content = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0])
        assert last(tmp_path) == digest(content["model"])

    def test_events_come_in_order(self, tmp_path):
        told = []
        toy_fit(tmp_path, listener=told.append, engine={"epochs": 1})
        kinds = [type(event).__name__ for event in told]
        assert kinds == ["Started", *["StepEnded"] * 6, "Saved", "EpochEnded", "Ended", "Closed"]

    def test_without_a_listener_nothing_is_said(self, tmp_path, capfd):
        toy_fit(tmp_path)
        assert capfd.readouterr() == ("", "")

    def test_what_a_listener_raises_ends_the_run(self, tmp_path):
        told = []

        def tired(event):
            told.append(type(event).__name__)
            if isinstance(event, EpochEnded):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            toy_fit(tmp_path, listener=tired)
        assert told[-2:] == ["EpochEnded", "Closed"]
        assert toy_fit(tmp_path, resume=True).stopped == "done"


class Fewer(ToyTrain):
    """In the second and fifth step of an epoch not all of the batch is there; fails before step `at` of the epoch."""

    def __init__(self, *args, at=None, **options):
        super().__init__(*args, **options)
        self.at = at

    def epoch(self, epoch, *, start_step=0, parts):
        for step, batches in enumerate(super().epoch(epoch, start_step=start_step, parts=parts), start_step):
            if step == self.at:
                raise KeyboardInterrupt
            yield [batch.first(3) for batch in batches] if step in (1, 4) else batches


class TestSamplesSeen:
    def test_the_rate_is_of_what_was_seen(self, tmp_path):
        engine = dataclasses.replace(ENGINE, accumulate=2)
        rows = toy_fit(tmp_path, engine={"accumulate": 2}, train=Fewer(engine)).history
        assert [seen(row) for row in rows] == [4 * 16 + 2 * 2 * 3] * 3

    @pytest.mark.parametrize("at", [1, 3, 5])
    def test_an_epoch_in_two_halves_counts_both(self, tmp_path, at):
        with pytest.raises(Interrupted):
            toy_fit(tmp_path, train=Fewer(ENGINE, at=at), engine={"checkpoint_minutes": 0.0})
        rows = toy_fit(tmp_path, train=Fewer(ENGINE), resume=True).history
        assert [seen(row) for row in rows] == [4 * 16 + 2 * 3] * 3

    def test_a_checkpoint_without_the_number_is_read_too(self, tmp_path):
        values = TrainingState(samples=5).to_dict()
        assert TrainingState.from_dict(values, torch.device("cpu")).samples == values.pop("samples") == 5
        assert TrainingState.from_dict(values, torch.device("cpu")).samples == 0


class TestTraining:
    def test_one_step_is_the_formula(self, tmp_path):
        """Nesterov's first step from rest: weights - lr * (1 + momentum) * gradient."""
        model, engine = toy_net(dropout=0.0), dataclasses.replace(ENGINE, epochs=1)
        ((batch,),) = ToyTrain(engine, steps=1).epoch(0, parts=range(1))
        reference = toy_net(dropout=0.0)
        objective = ToyObjective()
        sum(objective.losses(objective.outputs(reference, batch), batch).terms.values()).backward()
        plain = {"ema": 0.0, "clip_norm": 0.0, "weight_decay": 0.0, "warmup_epochs": 0.0, "schedule": "constant"}
        toy_fit(tmp_path, model=model, engine={"epochs": 1}, optim=plain, train=ToyTrain(engine, steps=1))
        for mine, other in zip(model.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(mine, other - OPTIM.lr * 1.9 * other.grad)

    def test_accumulating_equals_the_whole_batch_where_images_do_not_meet(self, tmp_path):
        """Without batch-norm and dropout the mean over the parts is the mean over the batch."""
        models = [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4)) for _ in range(2)]
        models[1].load_state_dict(models[0].state_dict())
        for model, accumulate in zip(models, (1, 4), strict=True):
            toy_fit(tmp_path, model=model, engine={"accumulate": accumulate}, optim={"ema": 0.0})
        torch.testing.assert_close(models[0][1].weight, models[1][1].weight)

    def test_a_small_clip_norm_bounds_the_step(self, tmp_path):
        """|step| <= lr * (1 + momentum) * clip_norm from rest."""
        model, engine = toy_net(), dataclasses.replace(ENGINE, epochs=1)
        before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
        plain = {"clip_norm": 0.01, "weight_decay": 0.0, "warmup_epochs": 0.0, "schedule": "constant"}
        toy_fit(tmp_path, model=model, engine={"epochs": 1}, optim=plain, train=ToyTrain(engine, steps=1))
        moved = torch.cat([p.detach().flatten() for p in model.parameters()]) - before
        assert moved.norm().item() == pytest.approx(OPTIM.lr * 1.9 * 0.01, rel=1e-3)

    @pytest.mark.parametrize("optimizer", ["adam", "adamw"])
    def test_other_optimizers_learn_too(self, tmp_path, optimizer):
        history = toy_fit(tmp_path, optim={"optimizer": optimizer, "lr": 0.01, "schedule": "onecycle"}).history
        assert history[-1]["train_loss"] < history[0]["train_loss"]

    def test_bfloat16_learns_and_keeps_float32_weights(self, tmp_path):
        history = toy_fit(tmp_path, engine={"precision": "bf16"}).history
        assert history[-1]["train_loss"] < history[0]["train_loss"]
        assert read_weights(tmp_path / "last.safetensors")[0]["0.weight"].dtype == torch.float32

    def test_the_memory_layout_changes_no_more_than_rounding(self, tmp_path):
        losses = [toy_fit(tmp_path, engine={"channels_last": on}).history[0]["train_loss"] for on in (True, False)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)

    def test_the_same_seed_gives_the_same_bits_and_another_does_not(self, tmp_path):
        digests = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            (tmp_path / name).mkdir()
            toy_fit(tmp_path / name, engine={"seed": seed})
            digests.append(last(tmp_path / name))
        assert digests[0] == digests[1] != digests[2]  # the net's own seed is the same: it is dropout that differs

    def test_patience_ends_a_run_that_no_longer_improves(self, tmp_path):
        result = toy_fit(tmp_path, objective=Scripted(0.5, 0.4, 0.5, 0.9), engine={"epochs": 4, "patience": 2})
        assert (result.stopped, result.epochs, result.best_epoch) == ("early", 3, 3)


class Clock:
    """Stands still but for 20 seconds after each step; a listener."""

    STEP = 20.0

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("lissom.engine.fit.time", SimpleNamespace(monotonic=lambda: self.now))

    def __call__(self, event):
        self.now += self.STEP * isinstance(event, StepEnded)


class TestResume:
    def test_a_finished_run_stays_as_it_is(self, tmp_path):
        first = toy_fit(tmp_path)
        before = last(tmp_path)
        again = toy_fit(tmp_path, resume=True)
        assert again == first
        assert last(tmp_path) == before

    def test_without_a_checkpoint_it_begins_at_the_beginning(self, tmp_path):
        told = []
        toy_fit(tmp_path, resume=True, listener=told.append)
        assert isinstance(told[0], Started)
        assert told[0].checkpoint is None

    def test_a_damaged_checkpoint_is_told_and_the_one_before_used(self, tmp_path):
        expected = toy_fit(tmp_path)
        before = last(tmp_path)
        newest, older = checkpoints(tmp_path / "checkpoints")
        newest.write_bytes(newest.read_bytes()[:1000])
        told = []
        result = toy_fit(tmp_path, resume=True, listener=told.append)
        assert told[0] == CheckpointDamaged(path=newest)
        assert told[1].checkpoint == older
        assert without_timings(result.history) == without_timings(expected.history)
        assert last(tmp_path) == before

    def test_time_brings_checkpoints_within_an_epoch(self, tmp_path):
        told = []
        toy_fit(tmp_path, engine={"checkpoint_minutes": 0.0, "epochs": 1}, listener=told.append)
        assert sum(isinstance(event, Saved) for event in told) == 7  # after each of 6 steps, and at the end

    def test_the_minutes_between_checkpoints_are_minutes_since_the_last(self, tmp_path, monkeypatch):
        clock, told = Clock(monkeypatch), []
        engine = {"checkpoint_minutes": 1.0, "epochs": 1}
        toy_fit(tmp_path, engine=engine, listener=lambda event: (clock(event), told.append(event)))
        saved = [told[at - 1].step for at, event in enumerate(told) if isinstance(event, Saved)][:-1]
        assert saved == [4]  # 60 seconds after the beginning; no minute follows

    def test_the_seconds_of_an_epoch_are_those_of_both_halves(self, tmp_path, monkeypatch):
        clock = Clock(monkeypatch)
        with pytest.raises(Interrupted):
            toy_fit(tmp_path, train=Fewer(ENGINE, at=3), engine={"checkpoint_minutes": 0.0}, listener=clock)
        (row, *_) = toy_fit(tmp_path, train=Fewer(ENGINE), resume=True, listener=clock).history
        assert row["seconds"] == 2 * clock.STEP + 2 * clock.STEP  # the last step of each half is told too late

    @pytest.mark.parametrize(("changed", "said"), [({"accumulate": 2}, "'parts': 1"), ({"seed": 4}, "'seed': 3")])
    def test_another_batch_division_or_seed_is_refused(self, tmp_path, changed, said):
        toy_fit(tmp_path)
        with pytest.raises(DataError, match=said):
            toy_fit(tmp_path, resume=True, engine=changed)

    def test_another_network_is_refused(self, tmp_path):
        toy_fit(tmp_path)
        with pytest.raises(DataError, match="does not fit the network"):
            toy_fit(tmp_path, resume=True, model=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4)))


class Exploding(ToyObjective):
    """A loss that is not finite from step number `at` on."""

    def __init__(self, at, value):
        self.at, self.value, self.seen = at, value, 0

    def losses(self, outputs, batch):
        losses = super().losses(outputs, batch)
        self.seen += 1
        factor = self.value if self.seen > self.at else 1.0
        return Losses({**losses.terms, "cross_entropy": losses.terms["cross_entropy"] * factor})


class TestFailure:
    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_a_loss_that_is_not_finite_stops_with_step_rate_and_checkpoint(self, tmp_path, value):
        with pytest.raises(ResultError) as raised:
            toy_fit(tmp_path, objective=Exploding(8, value))
        text = str(raised.value)
        assert "(cross_entropy) is not finite in step 9 (epoch 2), at learning rate 0.0375;" in text
        assert checkpoints(tmp_path / "checkpoints")[0].name in text
        assert raised.value.exit_code == 4

    @pytest.mark.parametrize(("steps", "minutes"), [(1, 5.0), (2, 0.0)])
    def test_weights_that_are_not_finite_are_not_saved(self, tmp_path, steps, minutes):
        class Poisoning(ToyObjective):
            def losses(self, outputs, batch):
                losses = super().losses(outputs, batch)
                losses.terms["cross_entropy"].register_hook(lambda gradient: gradient * float("nan"))
                return losses

        train, engine = ToyTrain(ENGINE, steps=steps), {"checkpoint_minutes": minutes}
        with pytest.raises(ResultError, match="weights are not finite after step 1"):
            toy_fit(tmp_path, objective=Poisoning(), train=train, engine=engine)
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_is_one_line_and_leaves_the_former_checkpoint(self, tmp_path, monkeypatch):
        def full(event):
            if isinstance(event, EpochEnded):
                monkeypatch.setattr(atomic.os, "fsync", no_space)

        def no_space(handle):
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(MachineError, match="The disk is full") as raised:
            toy_fit(tmp_path, listener=full)
        assert raised.value.exit_code == 5
        monkeypatch.undo()
        (saved,) = checkpoints(tmp_path / "checkpoints")
        assert checkpoint.step_of(saved) == 6
        assert not list(tmp_path.rglob("*.part"))
        assert toy_fit(tmp_path, resume=True).stopped == "done"

    def test_out_of_memory_names_a_number_that_was_tried(self, tmp_path):
        class Hungry(ToyObjective):
            def outputs(self, model, batch):
                if len(batch.images) > 5:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                return super().outputs(model, batch)

        with pytest.raises(MachineError, match="16 images per step; 4 fit: --accumulate 4"):
            toy_fit(tmp_path, objective=Hungry())

    def test_out_of_memory_elsewhere_names_half(self, tmp_path):
        class Hungry(ToyObjective):
            def evaluate(self, model, batches):
                raise MemoryError

        with pytest.raises(MachineError, match="16 images per step; try 8"):
            toy_fit(tmp_path, objective=Hungry())

    def test_two_processes_wanted_and_one_there_is_said(self, tmp_path):
        with pytest.raises(ValueError, match="2 devices, but 1 processes"):
            toy_fit(tmp_path, engine={"devices": 2})
