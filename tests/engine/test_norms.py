"""Running statistics that warm up are plain averages; others go on from what they are, by the module's own momentum."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.toy import ENGINE, ToyTrain, toy_fit, toy_net
from lissom.config import EngineConfig, OptimConfig
from lissom.engine.norms import BatchNormWarmup, require_variance, resolve_norm_warmup
from lissom.errors import UsageError
from lissom.runs.weights import read_weights


def test_warming_statistics_are_the_mean_of_all_batches_so_far() -> None:
    norm, batches = nn.BatchNorm2d(3, momentum=0.01), [torch.randn(4, 3, 5, 5) * 7 + 2 for _ in range(20)]
    warmup = BatchNormWarmup(norm)
    for number, batch in enumerate(batches):
        with warmup.at(number):
            norm(batch)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches])
    variances = torch.stack([batch.var((0, 2, 3)) for batch in batches])
    torch.testing.assert_close(norm.running_mean, means.mean(0))
    torch.testing.assert_close(norm.running_var, variances.mean(0))


def test_without_it_the_start_is_still_there() -> None:
    norm = nn.BatchNorm2d(3, momentum=0.01)
    for _ in range(20):
        norm(torch.randn(4, 3, 5, 5) * 7 + 2)
    assert norm.running_mean is not None
    assert norm.running_mean.max() < 1  # a fifth of the way to 2


@pytest.mark.parametrize(("batch", "momentum"), [(0, 1.0), (4, 0.2), (9, 0.1), (10, 0.1), (1000, 0.1)])
def test_momentum_falls_to_the_modules_own_and_is_put_back(batch: int, momentum: float) -> None:
    norm = nn.BatchNorm2d(3, momentum=0.1)
    with BatchNormWarmup(norm).at(batch):
        assert norm.momentum == pytest.approx(momentum)
    assert norm.momentum == 0.1


class Moments(nn.Conv2d):
    """Keeps mean and variance of each channel that it puts out."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        out = super().forward(images)
        if self.training:
            self.seen.append((out.detach().mean((0, 2, 3)), out.detach().var((0, 2, 3))))
        return out


def fitted(folder: Path, steps: int, **settings: object) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """The statistics after a training that began with mean 7 and variance 3, and those of its batches."""
    model = toy_net()
    model[0].__class__, model[0].seen = Moments, []
    model[1].running_mean.fill_(7.0)
    model[1].running_var.fill_(3.0)
    engine = settings.pop("engine", {"epochs": 1})
    settings = {"ema": 0.0, **settings}
    toy_fit(folder, model=model, train=ToyTrain(replace(ENGINE, **engine), steps=steps), engine=engine, optim=settings)
    means, variances = (torch.stack(values) for values in zip(*model[0].seen, strict=True))
    return read_weights(folder / "last.safetensors")[0], means, variances


def continued(start: float, batches: torch.Tensor, momentum: float = 0.1) -> torch.Tensor:
    """running = (1 - m) running + m batch."""
    running = torch.full_like(batches[0], start)
    for batch in batches:
        running = (1 - momentum) * running + momentum * batch
    return running


def test_statistics_go_on_from_those_of_the_weights(tmp_path: Path) -> None:
    kept, means, variances = fitted(tmp_path, 6, norm_warmup=False)
    assert len(means) == 6
    torch.testing.assert_close(kept["1.running_mean"], continued(7.0, means))
    torch.testing.assert_close(kept["1.running_var"], continued(3.0, variances))


@pytest.mark.parametrize("norm_warmup", [True, None])  # None that nobody decided: the weights are random
def test_a_warmup_forgets_them(norm_warmup: bool | None, tmp_path: Path) -> None:
    kept, means, variances = fitted(tmp_path, 6, norm_warmup=norm_warmup)
    torch.testing.assert_close(kept["1.running_mean"], means.mean(0))
    torch.testing.assert_close(kept["1.running_var"], variances.mean(0))


def test_parts_of_a_batch_are_counted_as_batches(tmp_path: Path) -> None:
    kept, means, _ = fitted(tmp_path, 3, norm_warmup=True, engine={"epochs": 1, "accumulate": 2})
    assert len(means) == 6
    torch.testing.assert_close(kept["1.running_mean"], means.mean(0))


def test_a_trunk_that_rests_first_warms_up_when_it_wakes(tmp_path: Path) -> None:
    kept, _, _ = fitted(tmp_path, 2, norm_warmup=True, head_epochs=2, engine={"epochs": 3})
    assert kept["1.running_mean"].abs().max() < 3.5  # 5/6 * 5/6 of 7 would be left: the run's batches 5 and 6


def test_the_part_that_never_rests_is_counted_from_the_start() -> None:
    model = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(2))
    with BatchNormWarmup(model, late=model[0], first=3).at(4):
        assert [norm.momentum for norm in model] == pytest.approx([1 / 2, 1 / 5])
    with BatchNormWarmup(model, late=model[0], first=3).at(1):
        assert [norm.momentum for norm in model] == pytest.approx([1, 1 / 2])


@pytest.mark.parametrize(("settings", "engine", "random", "expected"), [
    ({},                     {},                True,  True),
    ({},                     {},                False, False),
    ({},                     {"compile": True}, True,  False),
    ({"freeze": True},       {},                True,  False),
    ({"head_epochs": 2},     {"epochs": 3},     True,  True),
    ({"norm_warmup": True},  {},                False, True),
    ({"norm_warmup": False}, {},                True,  False),
    ({"norm_warmup": False}, {"compile": True}, True,  False),
])  # fmt: skip
def test_what_is_left_open_is_decided(settings: dict, engine: dict, random: bool, expected: bool) -> None:
    optim, engine = OptimConfig(**settings), replace(ENGINE, **engine)
    found = resolve_norm_warmup(optim, engine, toy_net(), random=random, label="toy")
    assert found.norm_warmup is expected


def test_a_single_value_of_a_channel_has_no_variance_and_is_refused() -> None:
    def refused(side: int, engine: EngineConfig, optim: OptimConfig = OptimConfig()) -> bool:  # noqa: B008
        def build() -> nn.Module:
            with torch.device("meta"):
                return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4))

        try:
            require_variance(optim, engine, build, ((3, side, side),), engine.step_size // engine.accumulate)
        except UsageError as error:
            return "--batch-size" in str(error)
        return False

    assert refused(2, EngineConfig(batch_size=1))
    assert refused(2, EngineConfig(batch_size=4, accumulate=4))
    assert not refused(4, EngineConfig(batch_size=1)), "four pixels have a variance"
    assert not refused(2, EngineConfig(batch_size=4, accumulate=2))
    assert not refused(2, EngineConfig(batch_size=1), OptimConfig(freeze=True)), "statistics rest"
    assert not refused(2, EngineConfig(batch_size=2, devices=2, sync_bn=True)), "two images share statistics"
