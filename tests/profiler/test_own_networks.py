"""Networks as people have them: scripted, compiled, with state, tokens, dictionaries and operators of their own."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import DeformConv2d

import lissom
from lissom.errors import UsageError
from lissom.profiler import Profile, count
from lissom.profiler.operators import parse_rules

STACK = 14 * 14 * 8 * 27 + 14 * 14 * 4 * 8  # MACs of `stack` at 16 pixels
WEIGHTS = (8 * 27 + 8) + (8 + 8) + (4 * 8 + 4)


def stack() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Sequential(nn.Conv2d(8, 4, 1))).eval()


def scripted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls it old
        return torch.jit.script(stack())


def traced() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(stack(), torch.zeros(1, 3, 16, 16))


def frozen() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.freeze(torch.jit.script(stack()))


@pytest.mark.parametrize(
    ("made", "parameters"),
    [(scripted, WEIGHTS), (traced, WEIGHTS), (frozen, WEIGHTS - 16)],
    ids=["scripted", "traced", "frozen"],
)
def test_torchscript_is_counted_alone_and_as_a_part(made: Callable[[], Any], parameters: int) -> None:
    whole = count(made(), resolution=16)
    assert (whole.macs, whole.parameters, whole.unknown) == (STACK, parameters, ())
    part = count(nn.Sequential(nn.Conv2d(3, 3, 1), made()), resolution=16)
    assert (part.macs, part.parameters) == (16 * 16 * 9 + STACK, 12 + parameters)
    assert not [layer.name for layer in part.layers if layer.kind == "not run"]


class Compiled(nn.Module):
    """In each of the ways in which a part is compiled."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.conv = way, nn.Conv2d(3, 4, 1)
        if way == "wrapped":
            self.conv = torch.compile(self.conv)
        if way == "in place":
            self.conv.compile()
        if way == "method":
            self.method = torch.compile(self.scaled)

    def scaled(self, x: Tensor) -> Tensor:
        return 2 * self.conv(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.method(x) if self.way == "method" else self.scaled(x)


@pytest.mark.slow  # torch's compiler takes seconds to import
@pytest.mark.parametrize("way", ["wrapped", "in place", "method"])
def test_a_compiled_part_is_counted_as_what_it_was_made_of(way: str) -> None:
    for network in (Compiled(way), torch.compile(Compiled(way))):
        found = count(network, resolution=8)  # type: ignore[arg-type]
        assert [(layer.name, layer.macs, layer.parameters) for layer in found.layers if layer.parameters] == [
            ("conv", 8 * 8 * 12, 16)
        ]


class Remembers(nn.Module):
    """Makes parameters, a module, a buffer and plain tensors when it first runs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.conv, self.before, self.cache = None, None, None, {}

    def forward(self, x: Tensor) -> Tensor:
        if self.conv is None:
            self.conv = nn.Conv2d(x.shape[1], 4, 1)
            self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))
            self.register_buffer("grid", torch.linspace(0, 1, x.shape[-1]))
            self.before = torch.zeros(x.shape[0], 4, *x.shape[2:])
        self.cache.setdefault(x.shape, torch.arange(x.shape[-1]).float())
        self.before = 0.9 * self.before + self.conv(x) * self.scale
        out = torch.zeros(self.before.shape)
        out[:] = self.before
        return out + self.grid + self.cache[x.shape]


def test_what_is_made_in_forward_is_counted_and_stays_in_the_copy() -> None:
    network = Remembers()
    first = count(network, resolution=8, in_channels=3)
    assert (network.conv, network.cache) == (None, {})
    network(torch.zeros(1, 3, 8, 8))
    again = count(network, resolution=8, in_channels=3)
    for found in (first, again):
        assert (found.macs, found.parameters) == (8 * 8 * 3 * 4, 3 * 4 + 4 + 4)
        assert "not run" not in {layer.kind for layer in found.layers}


def test_lazy_layers_get_their_shapes_from_the_run() -> None:
    network = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls them new
        found = count(network, resolution=8)
    assert (found.macs, found.parameters) == (36 * 8 * 27 + 288 * 5, 8 * 28 + 16 + 289 * 5)
    assert isinstance(network[0], nn.LazyConv2d)


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.idle = nn.MultiheadAttention(16, 4, batch_first=True), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


def test_weights_that_another_module_uses_take_part() -> None:
    found = count(Attends(), input_shape=(10, 16))
    assert found.macs == 4 * 10 * 16 * 16 + 2 * 10 * 10 * 16
    kinds = {layer.name: layer.kind for layer in found.layers}
    assert kinds == {"attention": "linear", "attention.out_proj": "parameters", "idle": "not run"}


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(100, 16), nn.Linear(16, 10)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        found = self.table(ids)
        return self.head((found if mask is None else found.masked_fill(mask[..., None], 0)).mean(1))


class Sample(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = Tokens()

    def forward(self, sample: dict) -> Tensor:
        return self.tokens(sample["ids"][0], sample["mask"])


def test_whole_numbers_dictionaries_and_nests_are_inputs() -> None:
    ids, mask = torch.zeros(1, 7, dtype=torch.int64), torch.zeros(1, 7, dtype=torch.bool)
    for network, given in (
        (Tokens(), ids),
        (Tokens(), [ids, mask]),
        (Tokens(), {"mask": mask, "ids": ids}),
        (Sample(), {"ids": [ids], "mask": mask}),
    ):
        found = count(network, inputs=given)
        assert (found.macs, found.parameters, found.input_shapes[0]) == (160, 1770, (1, 7))


@torch.library.custom_op("lissom_test::halved", mutates_args=())
def halved(x: Tensor) -> Tensor:
    return x[:, ::2].clone()


class Own(nn.Module):
    """An operator of one's own that knows real tensors alone, and one of another package."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets, self.deform = nn.Conv2d(2, 18, 3, padding=1), DeformConv2d(2, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.ops.lissom_test.halved(x)
        return self.deform(x, self.offsets(x))


def own(rules: Any = None) -> Profile:
    return count(Own(), input_shape=(4, 8, 8), rules=rules)


def test_unknown_operators_are_named_and_get_a_rule_in_one_line() -> None:
    offsets, deform = 8 * 8 * 18 * 18, 8 * 8 * 8 * 18
    assert (own().macs, own().unknown) == (offsets, ("lissom_test.halved", "torchvision.deform_conv2d"))
    formula = {"torchvision.deform_conv2d": lambda args, out: out.numel() * args[1][0].numel()}
    assert (own(formula).macs, own(formula).unknown) == (offsets + deform, ("lissom_test.halved",))
    both = own({"torchvision.deform_conv2d": 18, "lissom_test.halved": 0})
    assert (both.macs, both.unknown) == (offsets + deform, ())
    assert [layer.kind for layer in both.layers if layer.name == "deform"] == ["deform_conv2d"]
    assert (own().ruled, both.ruled) == ((), ("lissom_test.halved", "torchvision.deform_conv2d"))


def test_a_rule_for_an_operator_that_nothing_has_is_refused() -> None:
    rules = {"torchvision.deform_conv2d": 18}
    assert lissom.profile(Own(), input_shapes=[(4, 8, 8)], rules=rules)["macs"] > 0
    with pytest.raises(UsageError, match=r"torchvision\.nms.*lissom_test\.halved"):
        lissom.profile(Own(), input_shapes=[(4, 8, 8)], rules=rules | {"torchvision.nms": 1})


def test_rules_as_they_are_typed() -> None:
    assert parse_rules({"torchvision.nms": "2.5", "a.b": 0}) == {"torchvision.nms": 2.5, "a.b": 0}
    assert parse_rules({"a.b": "operator:add"})["a.b"](1, 2) == 3  # type: ignore[operator]
    for words in ({"nms": "1"}, {".b": 1}, {"a.": 1}, {"a.b": "many"}, {"a.b": -1}, {"a.b": "inf"}, {"a.b": None}):
        with pytest.raises(UsageError):
            parse_rules(words)


def raises(error: BaseException) -> nn.Module:
    class Raises(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise error

    return Raises()


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("nothing to say")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (ZeroDivisionError(), "ZeroDivisionError. "),
        (Mute(), "Mute. "),
        (ValueError("\n\nfirst\nsecond"), "ValueError: first. "),
    ],
)
def test_whatever_a_network_raises_is_told_in_one_line(error: BaseException, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        count(raises(error), resolution=8)
    assert said in str(caught.value)
    assert "own code" in str(caught.value)
    assert "\n" not in str(caught.value)


class Asks(nn.Module):
    def __init__(self, ask: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.ask = ask

    def forward(self, x: Tensor) -> Any:
        return self.ask(x)


@pytest.mark.parametrize(
    ("network", "remedy"),
    [
        (Asks(lambda x: x if x.mean().item() > 0 else -x), "depends on values"),
        (Asks(lambda x: x.numpy()), "depends on values"),
        (Asks(lambda x: x.tolist()), "depends on values"),
        (Asks(lambda x: nn.functional.one_hot(x)), "16:int64"),
        (Asks(lambda x: nn.functional.embedding(x, torch.zeros(3, 3))), "16:int64"),
        (Asks(lambda x: x["ids"]), "mask=10:bool"),
        (Asks(lambda x: x.keys()), "mask=10:bool"),
        (nn.Bilinear(2, 2, 2), "mask=10:bool"),
        (nn.Conv2d(4, 2, 1), "another resolution"),
        (nn.Conv2d(3, 2, 9), "another resolution"),
    ],
)
def test_the_remedy_is_one_that_can_help(network: nn.Module, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy) as caught:
        count(network, input_shape=(3, 4, 4))
    assert ("another resolution" in str(caught.value)) == (remedy == "another resolution")
