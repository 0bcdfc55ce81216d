"""Objectives that observe, that stop a training with a reason, and that learn parameters of their own."""

from pathlib import Path

import pytest
import torch

from engine.test_fine_tuning import Stopping
from engine.test_fit import last, without_timings
from engine.toy import ENGINE, OPTIM, Tempered, ToyObjective, ToyTrain, toy_fit, toy_net
from lissom.engine.checkpoint import checkpoints, load_checkpoint
from lissom.engine.objective import Losses
from lissom.errors import Interrupted, ResultError

STEPS = 6  # in an epoch of the toy


def content(folder: Path) -> dict:
    return load_checkpoint(checkpoints(folder / "checkpoints")[0])


class TestObserved:
    def test_counts_are_summed_over_an_epoch_s_batches(self, tmp_path: Path) -> None:
        history = toy_fit(tmp_path, objective=Tempered(), engine={"accumulate": 2, "epochs": 2}).history
        assert [row["batches"] for row in history] == [2 * STEPS] * 2
        assert 0 < history[0]["right"] <= 16 * STEPS
        assert "right" in (tmp_path / "results.csv").read_text().splitlines()[0].split(",")

    def test_they_neither_train_nor_count_as_a_loss(self, tmp_path: Path) -> None:
        class Observing(ToyObjective):
            def losses(self, outputs, batch):
                return Losses(super().losses(outputs, batch).terms, {"large": outputs.sum() * 1e6})

        rows = [toy_fit(tmp_path, objective=objective).history[-1] for objective in (Observing(), ToyObjective())]
        assert rows[0].pop("large")
        assert without_timings(rows[:1]) == without_timings(rows[1:])

    def test_where_there_are_none_no_column_and_no_key_is_there(self, tmp_path: Path) -> None:
        row = toy_fit(tmp_path).history[0]
        losses = ["train_loss", "loss_cross_entropy", "loss_size"]
        timings = ["seconds", "images_per_second", "evaluation_seconds"]
        assert list(row) == ["epoch", "step", "lr", *losses, *timings, "accuracy", "val_loss"]
        assert list(content(tmp_path)) == ["model", "optimizer", "average", "state", "run"]
        assert "observed" not in content(tmp_path)["state"]


class TestReasonToStop:
    class Doubting(ToyObjective):
        def why_stop(self, row):
            return ResultError("loss-not-finite", losses="size", step=row["step"], epoch=2, lr=0, checkpoint="-")

    def test_it_ends_the_training_before_the_epoch_is_kept(self, tmp_path: Path) -> None:
        with pytest.raises(ResultError, match="in step 6"):
            toy_fit(tmp_path, objective=self.Doubting())
        assert not list(tmp_path.iterdir())

    def test_none_goes_on(self, tmp_path: Path) -> None:
        asked = []

        class Content(ToyObjective):
            def why_stop(self, row):
                asked.append((row["epoch"], "accuracy" in row))

        assert toy_fit(tmp_path, objective=Content()).stopped == "done"
        assert asked == [(1, True), (2, True), (3, True)]


class TestOwnParameters:
    def test_they_are_trained_and_kept(self, tmp_path: Path) -> None:
        objective = Tempered()
        temperatures = [row["temperature"] for row in toy_fit(tmp_path, objective=objective).history]
        assert len({2.0, *temperatures}) == 4
        assert content(tmp_path)["objective"]["temperature"].item() == temperatures[-1]
        assert not any("temperature" in name for name in content(tmp_path)["model"])

    def test_the_first_step_is_the_formula(self, tmp_path: Path) -> None:
        """Nesterov's from rest: temperature - lr * (1 + momentum) * gradient; layer decay does not slow it."""
        objective, reference, net = Tempered(), Tempered(), toy_net(dropout=0.0)
        train = ToyTrain(ENGINE, steps=1)
        ((batch,),) = train.epoch(0, parts=range(1))
        sum(reference.losses(reference.outputs(net, batch), batch).terms.values()).backward()
        plain = {"ema": 0.0, "clip_norm": 0.0, "warmup_epochs": 0.0, "schedule": "constant", "layer_decay": 0.5}
        changes = {"engine": {"epochs": 1}, "optim": plain, "train": train, "model": toy_net(dropout=0.0)}
        toy_fit(tmp_path, objective=objective, **changes)
        expected = 2.0 - OPTIM.lr * 1.9 * reference.temperature.grad
        torch.testing.assert_close(objective.temperature.detach(), expected)

    def test_clipping_counts_them(self, tmp_path: Path) -> None:
        objective = Tempered()
        objective.temperature.data.fill_(0.01)  # outputs a hundred times as large: its gradient is the largest
        plain = {"ema": 0.0, "clip_norm": 1e-6, "warmup_epochs": 0.0, "schedule": "constant"}
        toy_fit(tmp_path, objective=objective, engine={"epochs": 1}, optim=plain, train=ToyTrain(ENGINE, steps=1))
        assert abs(objective.temperature.item() - 0.01) <= OPTIM.lr * 1.9 * 1.01e-6

    def test_one_that_is_not_finite_is_not_saved(self, tmp_path: Path) -> None:
        objective = Tempered()
        objective.temperature.register_hook(lambda gradient: gradient * float("nan"))
        changes = {"train": ToyTrain(ENGINE, steps=1), "optim": {"clip_norm": 0.0}}
        with pytest.raises(ResultError, match="weights are not finite after step 1"):
            toy_fit(tmp_path, objective=objective, **changes)

    @pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
    @pytest.mark.parametrize("at", [3, 6, 14])  # within the first epoch, at its end, in the last
    def test_a_resumed_training_is_the_same_to_the_last_bit(self, at: int, optimizer: str, tmp_path: Path) -> None:
        optim = {"optimizer": optimizer, "lr": 0.01}
        whole, broken = tmp_path / "whole", tmp_path / "broken"
        whole.mkdir()
        broken.mkdir()
        expected = toy_fit(whole, objective=Tempered(), optim=dict(optim))
        changes = {"train": Stopping(ENGINE, at=at), "engine": {"checkpoint_minutes": 0.0}}
        with pytest.raises(Interrupted):
            toy_fit(broken, objective=Tempered(), optim=dict(optim), **changes)
        result = toy_fit(broken, objective=Tempered(), optim=dict(optim), resume=True)
        assert last(broken) == last(whole)
        assert content(broken)["objective"] == content(whole)["objective"]
        assert content(broken)["objective"]["batches"] == 3 * STEPS
        assert without_timings(result.history) == without_timings(expected.history)
