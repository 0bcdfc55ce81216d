"""Other publishers' networks that no installed package has, written plainly with their tensors' names."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's padding, for an even or odd side."""
    total = max((-(-x.shape[2] // stride) - 1) * stride + kernel - x.shape[2], 0)
    return F.pad(x, (total // 2, total - total // 2, total // 2, total - total // 2))


class PortedLayer(nn.Module):
    """transformers' layer: a convolution padded as in TensorFlow, a norm with eps 1e-3, ReLU6 or nothing."""

    def __init__(self, ins: int, outs: int, kernel: int, stride: int = 1, groups: int = 1, act: bool = True) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(ins, outs, kernel, stride, groups=groups, bias=False)
        self.normalization = nn.BatchNorm2d(outs, eps=1e-3)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = same(x, self.convolution.kernel_size[0], self.convolution.stride[0])
        x = self.normalization(self.convolution(x))
        return F.relu6(x) if self.act else x


class PortedV1(nn.Module):
    """transformers' MobileNetV1 for classification."""

    def __init__(self) -> None:
        super().__init__()
        strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
        outs = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
        self.mobilenet_v1 = nn.Module()
        self.mobilenet_v1.conv_stem = PortedLayer(3, 32, 3, 2)
        self.mobilenet_v1.layer = nn.ModuleList()
        ins = 32
        for stride, out in zip(strides, outs, strict=True):
            self.mobilenet_v1.layer.append(PortedLayer(ins, ins, 3, stride, groups=ins))
            self.mobilenet_v1.layer.append(PortedLayer(ins, out, 1))
            ins = out
        self.classifier = nn.Linear(1024, 1001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mobilenet_v1.conv_stem(x)
        for layer in self.mobilenet_v1.layer:
            x = layer(x)
        return self.classifier(x.mean((2, 3)))


class PortedBlock(nn.Module):
    """transformers' inverted residual."""

    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        self.expand_1x1 = PortedLayer(ins, 6 * ins, 1)
        self.conv_3x3 = PortedLayer(6 * ins, 6 * ins, 3, stride, groups=6 * ins)
        self.reduce_1x1 = PortedLayer(6 * ins, outs, 1, act=False)
        self.residual = stride == 1 and ins == outs

    def forward(self, x: Tensor) -> Tensor:
        out = self.reduce_1x1(self.conv_3x3(self.expand_1x1(x)))
        return x + out if self.residual else out


class PortedV2(nn.Module):
    """transformers' MobileNetV2 for classification, width 1."""

    def __init__(self) -> None:
        super().__init__()
        trunk = self.mobilenet_v2 = nn.Module()
        trunk.conv_stem = nn.Module()
        trunk.conv_stem.first_conv = PortedLayer(3, 32, 3, 2)
        trunk.conv_stem.conv_3x3 = PortedLayer(32, 32, 3, groups=32)
        trunk.conv_stem.reduce_1x1 = PortedLayer(32, 16, 1, act=False)
        trunk.layer = nn.ModuleList()
        ins = 16
        for out, repeats, stride in ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)):
            for index in range(repeats):
                trunk.layer.append(PortedBlock(ins, out, stride if index == 0 else 1))
                ins = out
        trunk.conv_1x1 = PortedLayer(320, 1280, 1)
        self.classifier = nn.Linear(1280, 1001)

    def forward(self, x: Tensor) -> Tensor:
        stem = self.mobilenet_v2.conv_stem
        x = stem.reduce_1x1(stem.conv_3x3(stem.first_conv(x)))
        for layer in self.mobilenet_v2.layer:
            x = layer(x)
        return self.classifier(self.mobilenet_v2.conv_1x1(x).mean((2, 3)))


def tensorflow_names(model: PortedV1) -> dict[str, Tensor]:
    """The same MobileNetV1 under TensorFlow's names, axes in TensorFlow's order, with what its training leaves."""
    found = {"MobilenetV1/Conv2d_0/weights/RMSProp": torch.zeros(3, 3, 3, 32)}
    layers = {"Conv2d_0": (model.mobilenet_v1.conv_stem, "weights")}
    for index, layer in enumerate(model.mobilenet_v1.layer):
        depthwise = index % 2 == 0
        kind, kernel = ("depthwise", "depthwise_weights") if depthwise else ("pointwise", "weights")
        layers[f"Conv2d_{index // 2 + 1}_{kind}"] = (layer, kernel)
    for name, (layer, kernel) in layers.items():
        order = (2, 3, 0, 1) if kernel == "depthwise_weights" else (2, 3, 1, 0)
        found[f"MobilenetV1/{name}/{kernel}"] = layer.convolution.weight.permute(order)
        norm, before = layer.normalization, f"MobilenetV1/{name}/BatchNorm"
        found |= {f"{before}/gamma": norm.weight, f"{before}/beta": norm.bias}
        found |= {f"{before}/moving_mean": norm.running_mean, f"{before}/moving_variance": norm.running_var}
    logits = "MobilenetV1/Logits/Conv2d_1c_1x1"
    found[f"{logits}/weights"] = model.classifier.weight.T[None, None]
    found[f"{logits}/biases"] = model.classifier.bias
    return {name: tensor.detach().contiguous() for name, tensor in found.items()}


def _unit(ins: int, outs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> list[nn.Module]:
    conv = nn.Conv2d(ins, outs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outs), *([nn.ReLU()] if act else [])]


class MegviiV2Block(nn.Module):
    """ShuffleNetV2's unit as its authors write it: even channels pass, odd ones are worked on."""

    def __init__(self, ins: int, outs: int, middle: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        main = [*_unit(ins, middle), *_unit(middle, middle, 3, stride, middle, act=False), *_unit(middle, outs - ins)]
        self.branch_main = nn.Sequential(*main)
        if stride == 2:
            self.branch_proj = nn.Sequential(*_unit(ins, ins, 3, 2, ins, act=False), *_unit(ins, ins))

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            return torch.cat([self.branch_proj(x), self.branch_main(x)], 1)
        return torch.cat([x[:, ::2], self.branch_main(x[:, 1::2])], 1)


class MegviiV2(nn.Module):
    """ShuffleNetV2 x0.5 of its authors."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(*_unit(3, 24, 3, 2))
        blocks, ins = [], 24
        for out, repeats in ((48, 4), (96, 8), (192, 4)):
            blocks.append(MegviiV2Block(ins, out, out // 2, 2))
            blocks += [MegviiV2Block(out // 2, out, out // 2, 1) for _ in range(repeats - 1)]
            ins = out
        self.features = nn.Sequential(*blocks)
        self.conv_last = nn.Sequential(*_unit(192, 1024))
        self.classifier = nn.Sequential(nn.Linear(1024, 1000, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first_conv(x), 3, 2, 1)
        return self.classifier(self.conv_last(self.features(x)).mean((2, 3)))


class MegviiV1Block(nn.Module):
    """ShuffleNetV1's unit as its authors write it."""

    def __init__(self, ins: int, outs: int, stride: int, groups: int, first: bool) -> None:
        super().__init__()
        self.stride, self.groups = stride, groups
        middle, branch = outs // 4, outs - ins if stride == 2 else outs
        reduce = _unit(ins, middle, groups=1 if first else groups)
        self.branch_main_1 = nn.Sequential(*reduce, *_unit(middle, middle, 3, stride, middle, act=False))
        self.branch_main_2 = nn.Sequential(*_unit(middle, branch, groups=groups, act=False))

    def forward(self, x: Tensor) -> Tensor:
        out = self.branch_main_1[:3](x)
        b, c, h, w = out.shape
        out = out.reshape(b, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(b, c, h, w)
        out = self.branch_main_2(self.branch_main_1[3:](out))
        if self.stride == 1:
            return F.relu(out + x)
        return torch.cat([F.avg_pool2d(x, 3, 2, 1), F.relu(out)], 1)


class MegviiV1(nn.Module):
    """ShuffleNetV1 x1, three groups, of its authors."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(*_unit(3, 24, 3, 2))
        blocks, ins = [], 24
        for out, repeats in ((240, 4), (480, 8), (960, 4)):
            for index in range(repeats):
                blocks.append(MegviiV1Block(ins, out, 2 if index == 0 else 1, 3, first=not blocks))
                ins = out
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Sequential(nn.Linear(960, 1000, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first_conv(x), 3, 2, 1)
        return self.classifier(self.features(x).mean((2, 3)))
