"""What the processes tell each other in each step, besides gradients: one all-reduce of a short vector."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn


class Exchange:
    """Means of the losses and of the batch-norm statistics over all processes, and whether any of them wants to stop.

    Running statistics are linear in what each step adds, so the mean of the processes' statistics, taken at each step,
    is what one process would gather that updates with the mean of the parts' statistics. All processes see the same
    losses: a non-finite one stops all of them in the same step, and so does a signal that reached only one.
    """

    def __init__(self, fabric: Fabric, model: nn.Module) -> None:
        self._fabric = fabric
        self._buffers = [b for b in model.buffers() if b.is_floating_point()]

    @torch.no_grad()
    def __call__(self, losses: dict[str, Tensor], wishes: list[bool]) -> tuple[dict[str, Tensor], Tensor]:
        """The mean losses, and for each wish more than 0 when any process has it (reading that may halt a GPU)."""
        if self._fabric.world_size == 1:
            return losses, torch.tensor(wishes, dtype=torch.float32)
        names, asked = list(losses), torch.tensor(wishes, dtype=torch.float32, device=self._fabric.device)
        stacked = torch.stack([losses[name].float() for name in names])
        flat = torch.cat([stacked, asked, *(b.float().flatten() for b in self._buffers)])
        torch.distributed.all_reduce(flat)
        flat /= self._fabric.world_size
        means, asked, *statistics = flat.split([len(names), len(wishes), *(b.numel() for b in self._buffers)])
        for buffer, mean in zip(self._buffers, statistics, strict=True):
            buffer.copy_(mean.view_as(buffer))
        return dict(zip(names, means.unbind(), strict=True)), asked
