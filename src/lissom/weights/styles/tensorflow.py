"""TensorFlow's MobileNets: under TensorFlow's own names, and under those of their port to transformers.

Both have 1001 classes, background first; padding is TensorFlow's, eps 1e-3. In TensorFlow a kernel is H W in out, a
depthwise one H W in 1, and a name's parts are divided by strokes.
"""

from collections.abc import Mapping

from torch import Tensor

from lissom.weights.layout import Layout, units

TENSORS = {
    "weights": "weight",
    "depthwise_weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
EPS = 1e-3


def is_tensorflow(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are TensorFlow's own."""
    return any(name.startswith(("MobilenetV1/", "MobilenetV2/")) for name in tensors)


def as_torch(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Dots for strokes, torch's words for the last part, torch's order of axes; what training left is dropped."""
    found = {}
    for name, tensor in tensors.items():
        *module, last = name.split("/")
        if last not in TENSORS:  # ExponentialMovingAverage, Momentum, RMSProp: of no use to a network
            continue
        if tensor.ndim == 4:
            order = (2, 3, 0, 1) if last == "depthwise_weights" else (3, 2, 0, 1)
            tensor = tensor.permute(order).contiguous()
        found[".".join((*module, TENSORS[last]))] = tensor
    return found


def _tf(module: str) -> str:
    return f"{module} {module}.BatchNorm"


MOBILENETV1 = Layout(
    style="tensorflow",
    family="mobilenetv1",
    title="TensorFlow's MobileNetV1",
    marks=("MobilenetV1.Conv2d_0.weight", "MobilenetV1.Logits.Conv2d_1c_1x1.weight"),
    outside=units({_tf("MobilenetV1.Conv2d_0"): "stem"}) | {"MobilenetV1.Logits.Conv2d_1c_1x1": "head.1"},
    block=r"MobilenetV1\.Conv2d_(\d+)_",
    inside=(units({_tf("depthwise"): "depthwise", _tf("pointwise"): "pointwise"}),),
    eps=EPS,
    padding="same",
    options=lambda _: {"act": "relu6"},
)

MOBILENETV2 = Layout(
    style="tensorflow",
    family="mobilenetv2",
    title="TensorFlow's MobileNetV2",
    marks=("MobilenetV2.Conv.weight", "MobilenetV2.Logits.Conv2d_1c_1x1.weight"),
    outside=units({_tf("MobilenetV2.Conv"): "stem", _tf("MobilenetV2.Conv_1"): "expansion"})
    | {"MobilenetV2.Logits.Conv2d_1c_1x1": "head.1"},
    block=r"MobilenetV2\.expanded_conv_?(\d*)\.",
    inside=(
        units({_tf("depthwise"): "depthwise", _tf("project"): "project"}),
        units({_tf("expand"): "expand", _tf("depthwise"): "depthwise", _tf("project"): "project"}),
    ),
    eps=EPS,
    padding="same",
)


def _port(module: str) -> str:
    return f"{module}.convolution {module}.normalization"


PAIR = ("depthwise", "pointwise")  # its layers, in turn
NO_BLOCK = r"(?!)"  # matches nothing: all modules stand in the table

PORTED_V1 = Layout(
    style="transformers",
    family="mobilenetv1",
    title="the transformers port of TensorFlow's MobileNetV1",
    marks=("mobilenet_v1.conv_stem.convolution.weight", "mobilenet_v1.layer.0.convolution.weight"),
    outside=units(
        {_port("mobilenet_v1.conv_stem"): "stem"}
        | {_port(f"mobilenet_v1.layer.{n}"): f"blocks.{n // 2}.{PAIR[n % 2]}" for n in range(26)}
    )
    | {"classifier": "head.1"},
    block=NO_BLOCK,
    inside=(),
    eps=EPS,
    padding="same",
    options=lambda _: {"act": "relu6"},
)

PORTED_V2 = Layout(
    style="transformers",
    family="mobilenetv2",
    title="the transformers port of TensorFlow's MobileNetV2",
    marks=("mobilenet_v2.conv_stem.first_conv.convolution.weight", "mobilenet_v2.conv_1x1.convolution.weight"),
    outside=units(
        {
            _port("mobilenet_v2.conv_stem.first_conv"): "stem",
            _port("mobilenet_v2.conv_stem.conv_3x3"): "blocks.0.depthwise",
            _port("mobilenet_v2.conv_stem.reduce_1x1"): "blocks.0.project",
            _port("mobilenet_v2.conv_1x1"): "expansion",
        }
    )
    | {"classifier": "head.1"},
    block=r"mobilenet_v2\.layer\.(\d+)\.",
    inside=(units({_port("expand_1x1"): "expand", _port("conv_3x3"): "depthwise", _port("reduce_1x1"): "project"}),),
    eps=EPS,
    padding="same",
    first=1,
)

LAYOUTS = (MOBILENETV1, MOBILENETV2, PORTED_V1, PORTED_V2)
