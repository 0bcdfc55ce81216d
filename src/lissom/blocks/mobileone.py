"""MobileOne's unit: several convolutions side by side in training, one in use."""

import torch
from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct
from lissom.blocks.fused import Affine, factors, folded, fused_conv, identity_kernel, widened


class MobileOneUnit(nn.Module):
    """The sum of `branches` convolutions with norms, a 1x1 one where they are larger, and a norm of the input where it
    has the output's shape; then a gate or none, and ReLU.

    MobileOne (arXiv 2206.04040), section 3.3 and figure 3. `fuse` adds all of it up to one convolution.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        branches: int = 1,
        gate: nn.Module | None = None,
    ) -> None:
        super().__init__()
        same_shape = stride == 1 and in_channels == out_channels
        self.skip = nn.BatchNorm2d(out_channels) if same_shape else None
        self.convs = nn.ModuleList(
            ConvNormAct(in_channels, out_channels, kernel, stride=stride, groups=groups, act=None)
            for _ in range(branches)
        )
        self.scale = (
            ConvNormAct(in_channels, out_channels, 1, stride=stride, groups=groups, act=None) if kernel > 1 else None
        )
        self.gate = gate or nn.Identity()
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        terms = [self.scale] if self.scale is not None else []
        terms += [*self.convs, *([self.skip] if self.skip is not None else [])]
        out = terms[0](x)
        for term in terms[1:]:
            out = out + term(x)
        return self.act(self.gate(out))

    @torch.no_grad()
    def fuse(self) -> nn.Module:
        """One convolution, the gate where there is one, the activation."""
        convs = [unit for unit in self.convs if isinstance(unit, ConvNormAct)]
        like = convs[0].conv
        terms: list[Affine] = [folded(unit.conv, unit.norm) for unit in convs]  # type: ignore[arg-type]
        if self.scale is not None:
            terms.append(folded(self.scale.conv, self.scale.norm))  # type: ignore[arg-type]
        if self.skip is not None:
            scale, shift = factors(self.skip)
            terms.append((identity_kernel(like) * scale[:, None, None, None], shift))
        side = like.kernel_size[0]
        kernel = torch.stack([widened(kernel, side) for kernel, _ in terms]).sum(0)
        conv = fused_conv(like, kernel, torch.stack([bias for _, bias in terms]).sum(0))
        gate = [] if isinstance(self.gate, nn.Identity) else [self.gate]
        return nn.Sequential(conv, *gate, self.act)
