"""Every network of the zoo can be looked into, and what is seen agrees with what it is made of."""

import torch

from lissom import models
from lissom.blocks.cbam import CBAM
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.inspection.activations import Activations
from lissom.inspection.attention import ChannelGates, spatial_gates
from lissom.inspection.kernels import DeadKernels, depthwise_layers
from lissom.inspection.twins import Twins
from lissom.inspection.watching import ends, watch
from models.zoo import EVERY_NAME

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@EVERY_NAME
def test_one_pass_answers_for_every_network(name: str) -> None:
    torch.manual_seed(0)
    model = models.build(name, num_classes=3, **models.entry(name).small)
    layers = depthwise_layers(model)
    kernels, activations = DeadKernels(layers, ends(model, IMAGES[:1], layers)), Activations(model)
    twins, gates = Twins(model), ChannelGates(model)
    watch(model, [IMAGES], [kernels.watchers, activations.watchers, twins.watchers, gates.watchers])
    assert [found.name for found in kernels.result()] == list(layers)
    filters = [found for found in kernels.result() if layers[found.name].kernel_size != (1, 1)]  # one tap may be small
    assert not any(found.weak.any() for found in filters)  # fresh weights
    assert all(0 <= row["zero_share"] <= 1 for row in activations.result())
    assert len(twins.result()) == len(model.blocks) + 1  # type: ignore[arg-type]
    kinds = [found.kind for found in gates.result(torch.tensor([0, 2]), 3)]
    expected = [module for module in model.modules() if isinstance(module, SqueezeExcitation | CBAM)]
    assert kinds == ["SE" if isinstance(module, SqueezeExcitation) else "CBAM" for module in expected]
    assert len(spatial_gates(model, IMAGES)) == kinds.count("CBAM")
