"""The names of networks whose branches are added up for use: timm's, and their authors'."""

import re
from dataclasses import replace
from itertools import product
from typing import Any

from lissom.weights.layout import Layout, units

MOST = 4  # branches of a MobileOne unit


def _unit(
    conv: str, scale: str, skip: str, gate: str, branches: int, scaled: bool, skipped: bool, gated: bool
) -> dict[str, str]:
    """Names in a MobileOne unit with so many branches, with or without a 1x1 one, a norm of the input, a gate."""
    table = units({f"{conv}.{i}.conv {conv}.{i}.bn": f"convs.{i}" for i in range(branches)})
    table |= units({f"{scale}.conv {scale}.bn": "scale"}) if scaled else {}
    table |= {skip: "skip"} if skipped else {}
    reduce, expand = gate.split()
    return table | ({reduce: "gate.reduce", expand: "gate.expand"} if gated else {})


def _mobileone(conv: str, scale: str, skip: str, gate: str) -> tuple[dict[str, str], ...]:
    """Of all kinds."""
    kinds = product(range(1, MOST + 1), *[(False, True)] * 3)
    return tuple(_unit(conv, scale, skip, gate, n, bool(a), bool(b), bool(c)) for n, a, b, c in kinds)


def _stem(before: str, conv: str, scale: str) -> dict[str, str]:
    return units(
        {
            f"{before}.{conv}.0.conv {before}.{conv}.0.bn": "stem.convs.0",
            f"{before}.{scale}.conv {before}.{scale}.bn": "stem.scale",
        }
    )


TIMM_MOBILEONE = Layout(
    style="timm",
    family="mobileone",
    title="timm's MobileOne",
    marks=("stem.conv_kxk.0.conv.weight", "stages.0.0.conv_kxk.0.conv.weight", "head.fc.weight"),
    outside=_stem("stem", "conv_kxk", "conv_scale") | {"head.fc": "head.1"},
    block=r"stages\.(\d+)\.(\d+)\.",
    inside=_mobileone("conv_kxk", "conv_scale", "identity", "attn.fc1 attn.fc2"),
)
APPLE_MOBILEONE = Layout(
    style="apple",
    family="mobileone",
    title="its authors' MobileOne",
    marks=("stage0.rbr_conv.0.conv.weight", "stage1.0.rbr_conv.0.conv.weight", "linear.weight"),
    outside=_stem("stage0", "rbr_conv", "rbr_scale") | {"linear": "head.1"},
    block=r"stage([1-9])\.(\d+)\.",
    inside=_mobileone("rbr_conv", "rbr_scale", "rbr_skip", "se.reduce se.expand"),
)


def _timm_flat(name: str) -> str:
    """Of a stage the block before the step down, the step, the others: 0, 1, 2 ..."""
    name = name.replace(".downsample.pre_block.", ".0.").replace(".downsample.", ".1.")
    return re.sub(r"(stages\.\d+)\.blocks\.(\d+)", lambda found: f"{found[1]}.{int(found[2]) + 2}", name)


FILTER = units({"token_mixer.conv.c token_mixer.conv.bn": "0.wide"}) | {
    "token_mixer.conv1": "0.point",
    "token_mixer.bn": "0.norm",
}
MIXER = units(
    {
        "channel_mixer.conv1.c channel_mixer.conv1.bn": "2.widen",
        "channel_mixer.conv2.c channel_mixer.conv2.bn": "2.narrow",
    }
)
DOWN = units(
    {
        "spatial_downsample.c spatial_downsample.bn": "0",
        "channel_downsample.c channel_downsample.bn": "1",
        "ffn.conv1.c ffn.conv1.bn": "2.widen",
        "ffn.conv2.c ffn.conv2.bn": "2.narrow",
    }
)


def _head(own: str, distilled: str) -> tuple[dict[str, str], dict[str, str]]:
    """Names of the head, and of both where there is a second one."""
    both = {f"{own}.bn": "head.1.own.norm", f"{own}.l": "head.1.own.linear"}
    both |= {f"{distilled}.bn": "head.1.distilled.norm", f"{distilled}.l": "head.1.distilled.linear"}
    return {f"{own}.bn": "head.1.norm", f"{own}.l": "head.1.linear"}, both


def _repvit(head: str, distilled: str, marks: tuple[str, ...], outside: dict[str, str], **layout: Any) -> list[Layout]:
    """With one head, and with two."""
    single, both = _head(head, distilled)
    one = Layout(family="repvit", marks=(*marks, f"{head}.l.weight"), outside=outside | single, first=1, **layout)
    marks = (*one.marks, f"{distilled}.l.weight")
    return [one, replace(one, marks=marks, outside=outside | both, options=lambda _: {"distilled": True})]


TIMM_REPVIT = _repvit(
    "head.head",
    "head.head_dist",
    ("stem.conv1.c.weight", "stages.0.blocks.0.token_mixer.conv.c.weight"),
    units({"stem.conv1.c stem.conv1.bn": "stem", "stem.conv2.c stem.conv2.bn": "blocks.0"}),
    style="timm",
    title="timm's RepViT",
    block=r"stages\.(\d+)\.(\d+)\.",
    inside=(FILTER | MIXER, FILTER | MIXER | {"se.fc1": "1.reduce", "se.fc2": "1.expand"}, DOWN),
    flat=_timm_flat,
)


def _authors(theirs_to_ours: dict[str, str]) -> dict[str, str]:
    """Names in `token_mixer` and `channel_mixer.m`, which are sequences there."""
    return units({f"{theirs}.c {theirs}.bn": ours for theirs, ours in theirs_to_ours.items()})


THEIR_MIXER = _authors({"channel_mixer.m.0": "2.widen", "channel_mixer.m.2": "2.narrow"})
THEIR_FILTER = _authors({"token_mixer.0.conv": "0.wide"}) | {
    "token_mixer.0.conv1": "0.point",
    "token_mixer.0.bn": "0.norm",
}
THU_REPVIT = _repvit(
    "classifier.classifier",
    "classifier.classifier_dist",
    ("features.0.0.c.weight", "features.1.token_mixer.0.conv.c.weight"),
    units(
        {
            r"features\.0\.0\.c features\.0\.0\.bn": "stem",
            r"features\.0\.2\.c features\.0\.2\.bn": "blocks.0",
        }
    ),
    style="thu-mig",
    title="its authors' RepViT",
    block=r"features\.([1-9]\d*)\.",
    inside=(
        THEIR_FILTER | THEIR_MIXER,
        THEIR_FILTER | THEIR_MIXER | {"token_mixer.1.fc1": "1.reduce", "token_mixer.1.fc2": "1.expand"},
        THEIR_FILTER | THEIR_MIXER | {"token_mixer.1.conv_reduce": "1.reduce", "token_mixer.1.conv_expand": "1.expand"},
        _authors({"token_mixer.0": "0", "token_mixer.2": "1"}) | THEIR_MIXER,
    ),
)

LAYOUTS = (TIMM_MOBILEONE, APPLE_MOBILEONE, *TIMM_REPVIT, *THU_REPVIT)
