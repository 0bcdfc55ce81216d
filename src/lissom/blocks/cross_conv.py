"""A square kernel as a row and a column of taps, one after the other."""

from torch import Tensor, nn

from lissom.blocks.csp import yolo_conv


class CrossConv(nn.Module):
    """1 x k, then k x 1, and a shortcut where asked for and where the shapes allow it.

    Rank-1 kernels: "Rethinking the Inception Architecture" (arXiv 1512.00567), section 3.2. The stride acts along each
    axis in its own convolution. `B in H W -> B out H/stride W/stride`, with `int(expansion x out)` channels between.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        groups: int = 1,
        expansion: float = 1.0,
        shortcut: bool = False,
    ) -> None:
        super().__init__()
        hidden = int(expansion * out_channels)
        self.row = yolo_conv(in_channels, hidden, (1, kernel), stride=(1, stride))
        self.column = yolo_conv(hidden, out_channels, (kernel, 1), stride=(stride, 1), groups=groups)
        self.is_residual = shortcut and in_channels == out_channels and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        out = self.column(self.row(x))
        return x + out if self.is_residual else out
