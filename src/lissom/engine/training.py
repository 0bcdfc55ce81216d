"""One step of training, in two halves: gradients, then weights."""

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from lissom.config import EngineConfig, OptimConfig
from lissom.engine.average import Average
from lissom.engine.layers import trunk
from lissom.engine.norms import BatchNormWarmup
from lissom.engine.objective import Batch, Losses, Objective
from lissom.engine.optimizer import build_optimizer, set_rates
from lissom.engine.schedule import factor, warmed
from lissom.engine.seeds import seed_part
from lissom.engine.syncbn import synchronised


class Training:
    """The network and what it is trained for, with optimizer and average, on their device.

    `model` is the bare network, whose state is saved; the forward pass goes through Fabric's wrapping of it. `learned`
    is the objective where it is a module too, else an empty one.
    """

    def __init__(
        self,
        fabric: Fabric,
        model: nn.Module,
        objective: Objective,
        optim: OptimConfig,
        engine: EngineConfig,
        steps: int,
    ) -> None:
        model = synchronised(model) if engine.sync_bn and fabric.world_size > 1 else model
        layout = torch.channels_last if engine.channels_last else torch.contiguous_format
        self.model = model.to(fabric.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.objective = objective
        self.learned = (objective if isinstance(objective, nn.Module) else nn.Module()).to(fabric.device)
        self.average = Average(self.model, optim.ema) if optim.ema else None
        self._trunk = nn.ModuleList(trunk(self.model))
        self._trunk.requires_grad_(not optim.freeze)
        self._rests = optim.freeze
        self.optimizer = build_optimizer(self.model, optim, self.learned)
        self.parts = range(fabric.global_rank * engine.accumulate, (fabric.global_rank + 1) * engine.accumulate)
        self._fabric, self._optim, self._engine = fabric, optim, engine
        self._steps, self._steps_per_epoch = steps, steps // engine.epochs
        self._warmup_steps = round(self._optim.warmup_epochs * self._steps_per_epoch)
        resting = optim.head_epochs * self._steps_per_epoch * len(self.parts)
        self._norm_warmup = BatchNormWarmup(self.model, late=self._trunk, first=resting)
        self._wrapped: Any = None
        self._wrapped_optimizer: Any = None

    @property
    def shown(self) -> nn.Module:
        """What is evaluated and kept: the average where there is one."""
        return self.average.model if self.average else self.model

    def begin(self) -> None:
        """Wraps the model for its processes and precision; after the state was loaded, which it hands to all."""
        if self._engine.compile:
            self.model.compile()  # in place: the names in the state dict stay as they are
        self._wrapped, self._wrapped_optimizer = self._fabric.setup(self.model, self.optimizer)
        if self._fabric.world_size > 1:
            for tensor in self.learned.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def begin_epoch(self, epoch: int) -> None:
        """Train mode, but for a trunk that rests in this epoch: its norms neither use nor move with the batch.

        epoch: from 0. In many processes a resting trunk still has gradients, since all of them expect these; they are
        dropped in `update`.
        """
        self._rests = self._optim.freeze or epoch < self._optim.head_epochs
        self.model.train()
        self.learned.train()
        self._trunk.train(not self._rests)
        if self._fabric.world_size == 1:
            self._trunk.requires_grad_(not self._rests)

    def lr(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0 over the whole run."""
        known = {"steps": self._steps, "warmup_steps": self._warmup_steps, "floor": self._optim.final_lr}
        return self._optim.lr * factor(self._optim.schedule, step, **known)

    def _set_rates(self, step: int) -> None:
        """What biases have more and momentum has less than in the rest of the run goes to 0 in a straight line over the
        warm-up."""
        optim, lr, left = self._optim, self.lr(step), 1 - warmed(step, self._warmup_steps)
        start = optim.momentum if optim.warmup_momentum is None else optim.warmup_momentum
        momentum = optim.momentum - left * (optim.momentum - start)
        set_rates(self.optimizer, lr, bias_lr=lr + left * (optim.warmup_bias_lr or 0.0), momentum=momentum)

    def gradients(self, batches: Sequence[Batch], step: int) -> Losses:
        """Gradients of the mean over the micro-batches; returns each loss's mean over them and the sums of the counts,
        detached."""
        assert len(batches) == len(self.parts), f"{len(batches)} micro-batches for {len(self.parts)} parts"
        self.optimizer.zero_grad(set_to_none=True)
        means: dict[str, Tensor] = {}
        sums: dict[str, Tensor | float] = {}
        for part, batch in zip(self.parts, batches, strict=True):
            seed_part(self._engine.seed, step, part)
            with self._fabric.no_backward_sync(self._wrapped, enabled=part != self.parts[-1]):
                with self._warm_norms(step, part):
                    losses = self.objective.losses(self.objective.outputs(self._wrapped, batch), batch)
                self._fabric.backward(_total(losses) / len(batches))
            for name, loss in losses.terms.items():
                means[name] = means.get(name, 0.0) + loss.detach() / len(batches)
            for name, count in losses.observed.items():
                sums[name] = sums.get(name, 0.0) + (count.detach() if isinstance(count, Tensor) else count)
        return Losses(means, sums)

    def attempt(self, batch: Batch) -> None:
        """Losses and gradients of one batch by this process alone, for nothing but to see whether they fit."""
        self.optimizer.zero_grad(set_to_none=True)
        with self._fabric.autocast():
            losses = self.objective.losses(self.objective.outputs(self.model, batch), batch)
        _total(losses).backward()

    def _warm_norms(self, step: int, part: int) -> contextlib.AbstractContextManager[None]:
        """None, where nobody decided, is a training from random weights."""
        if self._engine.compile or self._optim.norm_warmup is False:  # a momentum that changes compiles at every batch
            return contextlib.nullcontext()
        return self._norm_warmup.at(step * len(self.parts) + part - self.parts[0])

    def update(self, step: int) -> None:
        """Moves the weights along the gradients, and the average after them."""
        if self._rests:
            self._trunk.zero_grad(set_to_none=True)
        self._share_learned()
        if self._optim.clip_norm:
            parameters = [*self.model.parameters(), *self.learned.parameters()]
            torch.nn.utils.clip_grad_norm_(parameters, self._optim.clip_norm)
        self._set_rates(step)
        self._wrapped_optimizer.step()
        if self.average:
            self.average.update(step)

    def _share_learned(self) -> None:
        """The mean gradients over all processes of the objective's own parameters, which Fabric does not wrap."""
        if self._fabric.world_size == 1:
            return
        for parameter in self.learned.parameters():
            if parameter.grad is not None:
                torch.distributed.all_reduce(parameter.grad)
                parameter.grad /= self._fabric.world_size

    def state(self) -> dict[str, Any]:
        """All tensors that the next step depends on."""
        average = self.average.model.state_dict() if self.average else None
        learned = self.learned.state_dict()
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "average": average}
        return state | ({"objective": learned} if learned else {})

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of `state`; RuntimeError, KeyError or ValueError when it does not fit."""
        self.model.load_state_dict(state["model"])
        self.learned.load_state_dict(state.get("objective", {}))
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.model.load_state_dict(state["average"])

    def is_finite(self) -> bool:
        """Whether all weights are finite; on a GPU this waits for it."""
        tensors = [*self.model.state_dict().values(), *self.learned.state_dict().values()]
        return all(bool(torch.isfinite(t).all()) for t in tensors if t.is_floating_point())


def _total(losses: Losses) -> Tensor:
    return torch.stack(list(losses.terms.values())).sum()
