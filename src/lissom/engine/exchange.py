"""What the processes tell each other in each step, besides gradients: one all-reduce of a short vector."""

from collections.abc import Iterable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from lissom.engine.objective import Losses


class Exchange:
    """Means of the losses and of the batch-norm statistics over all processes, the sums of what they counted, and
    whether any of them wants to stop.

    Running statistics are linear in what each step adds, so the mean of the processes' statistics, taken at each step,
    is what one process would gather that updates with the mean of the parts' statistics. All processes see the same
    losses: a non-finite one stops all of them in the same step, and so does a signal that reached only one.
    """

    def __init__(self, fabric: Fabric, *modules: nn.Module) -> None:
        self._fabric = fabric
        self._buffers = [b for module in modules for b in module.buffers() if b.is_floating_point()]

    @torch.no_grad()
    def __call__(self, losses: Losses, samples: int, wishes: list[bool]) -> tuple[Losses, Tensor | int, Tensor]:
        """Losses, counts and samples of all processes, and for each wish more than 0 when any has it (reading these may
        halt a GPU)."""
        if self._fabric.world_size == 1:
            return losses, samples, torch.tensor(wishes, dtype=torch.float32)
        terms, counts = self._vector(losses.terms.values()), self._vector([*losses.observed.values(), samples])
        flat = torch.cat([terms, self._tensor(wishes), *(b.float().flatten() for b in self._buffers), counts])
        torch.distributed.all_reduce(flat)
        *shared, sums = flat.split([len(terms), len(wishes), *(b.numel() for b in self._buffers), len(counts)])
        means, asked, *statistics = (part / self._fabric.world_size for part in shared)
        for buffer, mean in zip(self._buffers, statistics, strict=True):
            buffer.copy_(mean.view_as(buffer))
        *observed, everywhere = sums.unbind()
        named = dict(zip(losses.observed, observed, strict=True))
        return Losses(dict(zip(losses.terms, means.unbind(), strict=True)), named), everywhere, asked

    def _vector(self, values: Iterable[Tensor | float]) -> Tensor:
        return torch.stack([self._tensor(value) for value in values])

    def _tensor(self, value: Tensor | float | list[bool]) -> Tensor:
        return torch.as_tensor(value, dtype=torch.float32, device=self._fabric.device)
