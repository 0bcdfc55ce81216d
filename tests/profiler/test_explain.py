"""The reasons: each is found where its figure says so, left out where not, and reads in both languages."""

from dataclasses import replace
from typing import Any

import pytest

from lissom.messages import catalogue
from lissom.profiler.explain import differences, reasons
from lissom.profiler.figures import LayerCost
from lissom.profiler.limits import Limits
from lissom.profiler.reasons import Reason, from_dict, reason
from lissom.profiler.result import ProfileResult
from lissom.profiler.roofline import Layer, point, points
from profiler.made import layer, measurement, result, times

KINDS = {"pointwise": 9 * 10**8, "depthwise 3x3": 10**8, "norm": 0}
LIMITS = Limits(macs_per_second=1e11, bandwidths=((10**9, 1e10),), operator_us=10, convolution_us=50)


def told(layers: list[LayerCost], took_ms: dict[str, float], ms: float, **how: Any) -> tuple[Reason, ...]:
    """What is said of layers that took so many milliseconds, in a forward of `ms`."""
    taken = measurement(ms, replace(times(took_ms), sum_ms=ms), **how)
    assert taken.layers
    at = points(layers, taken.layers, LIMITS)
    return reasons([Layer(cost=cost, point=at.get(cost.name)) for cost in layers], taken, LIMITS)


def found(took_ms: dict[str, float], **how: Any) -> dict[str, dict[str, Any]]:
    """A network of a pointwise layer at its limit, a depthwise layer and a norm, which take so many ms."""
    layers = [
        layer("pointwise", "pointwise", macs=9 * 10**8, moved=10**6),
        layer("depthwise", "depthwise 3x3", macs=10**8, moved=10**8),
        layer("norm", "norm", moved=10**8),
    ]
    return {reason.kind: dict(reason.values) for reason in told(layers, took_ms, sum(took_ms.values()), **how)}


def test_the_floor_is_the_sum_of_all_limits() -> None:
    floor = found({"pointwise": 10, "depthwise": 20, "norm": 30})["floor"]
    assert floor["compute_ms"] == pytest.approx(1e9 / 1e11 * 1e3)
    assert floor["limit_ms"] == pytest.approx(9 + 10 + 10)  # 9e8 MACs, and twice 1e8 bytes
    assert floor["latency_ms"] == 60


def test_a_family_slower_than_its_share_of_macs_is_named_with_its_speed() -> None:
    slow = found({"pointwise": 10, "depthwise": 20, "norm": 30})["slow"]
    assert slow["family"] == "depthwise"
    assert slow["macs_share"] == pytest.approx(0.1)
    assert slow["time_share"] == pytest.approx(20 / 60)
    assert slow["speed"] == pytest.approx(1e8 / 20e-3)
    assert slow["peak_share"] == pytest.approx(5e9 / 1e11)
    assert slow["intensity"] == pytest.approx(1)


def test_layers_without_macs_are_summed() -> None:
    free = found({"pointwise": 10, "depthwise": 20, "norm": 30})["no-macs"]
    assert (free["time_share"], free["time_ms"], free["parts"]) == (0.5, 30, {"norm": 0.5})


def test_layers_bound_by_memory_are_counted_with_their_shares() -> None:
    memory = found({"pointwise": 10, "depthwise": 20, "norm": 30})["memory"]
    assert (memory["layers"], memory["of"]) == (2, 3)
    assert memory["time_share"] == pytest.approx(50 / 60)
    assert memory["macs_share"] == pytest.approx(0.1)
    assert memory["intensity"] == pytest.approx(1e8 / 2e8)
    assert memory["balance"] == 10


def test_small_operators_cost_their_calls() -> None:
    assert "dispatch" not in found({"pointwise": 10, "depthwise": 20, "norm": 30})
    brief = found({"pointwise": 0.1, "depthwise": 0.2, "norm": 0.3})["dispatch"]
    assert (brief["calls"], brief["time_ms"]) == (3, pytest.approx(2 * 0.05 + 0.01))
    assert brief["time_share"] == pytest.approx(0.11 / 0.6)


def test_latency_that_follows_macs_is_said_to() -> None:
    kinds = found({"pointwise": 100, "depthwise": 8, "norm": 0.5})
    assert set(kinds) == {"floor", "follows"}


def test_threads_that_sleep_or_wait_are_named() -> None:
    took_ms = {"pointwise": 100.0, "depthwise": 8.0, "norm": 0.5}
    assert found(took_ms, threads=2, omp_wait_policy="PASSIVE")["passive"]["threads"] == 2
    assert found(took_ms, threads=2, cpu_ms=120)["idle"]["share"] == pytest.approx(120 / (2 * 108.5))
    assert "idle" not in found(took_ms, threads=2, cpu_ms=210)
    assert found(took_ms, cpu_ms=54.25)["robbed"] == {"cpu_ms": 54.25, "latency_ms": 108.5}
    assert found(took_ms, p95=217)["noise"]["ratio"] == 2


def test_time_between_the_layers_is_pythons() -> None:
    said = told([layer("a", "pointwise", macs=10**9)], {"a": 10}, 15)
    between = {reason.kind: reason.values for reason in said}["between"]
    assert (between["time_ms"], between["time_share"]) == (5, pytest.approx(1 / 3))


def test_layers_too_brief_to_be_timed_are_no_fault() -> None:
    taken = measurement(1, times({"a": 0.0}))
    at = point(layer("a", "pointwise", macs=9), times({"a": 0.0}), LIMITS)
    said = reasons([Layer(cost=layer("a", "pointwise", macs=9), point=at)], taken, LIMITS)
    assert "between" not in {reason.kind for reason in said}


def test_without_times_by_layer_there_are_no_reasons() -> None:
    assert reasons([Layer(cost=layer("a", "pointwise", macs=9))], measurement(15, None), LIMITS) == ()


def network(name: str, macs: int, took_ms: dict[str, float]) -> ProfileResult:
    layers = [layer(kind, kind, macs=macs if kind == "pointwise" else 0) for kind in took_ms]
    return result(name, layers, took_ms, limits=LIMITS)


def test_two_networks_are_explained_by_the_family_that_breaks_the_promise() -> None:
    heavy = network("heavy", 10**9, {"pointwise": 100, "norm": 10})
    light = network("light", 10**8, {"pointwise": 12, "norm": 43})
    (pair,) = differences([heavy, light])
    values = pair.values
    assert (values["light"], values["heavy"], values["family"]) == ("light", "heavy", "norm")
    assert (values["macs_ratio"], values["times_ratio"]) == (10, 2)
    assert values["excess_ms"] == pytest.approx(43 - 10 / 10)
    assert pair.kind == "pair"


def test_a_lighter_network_that_takes_longer_is_said_so() -> None:
    (pair,) = differences([network("a", 10**8, {"pointwise": 90}), network("b", 2 * 10**8, {"pointwise": 30})])
    assert (pair.kind, pair.values["times_ratio"]) == ("pair-slower", 3)


def test_networks_whose_latencies_are_as_their_macs_need_no_words() -> None:
    assert differences([network("a", 10**8, {"pointwise": 10}), network("b", 2 * 10**8, {"pointwise": 21})]) == []


def test_networks_that_were_only_counted_or_timed_as_a_whole_are_not_compared() -> None:
    slow, counted = network("a", 10**8, {"pointwise": 90}), result("b", [layer("a", "pointwise", macs=10**9)])
    assert differences([slow, counted]) == []
    fast = network("b", 2 * 10**8, {"pointwise": 30})
    assert fast.measured
    assert len(differences([slow, fast])) == 1
    as_a_whole = replace(fast.measured, times=replace(fast.measured.times, layers=None), points={})
    assert differences([slow, replace(fast, measured=as_a_whole)]) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_reads_in_both_languages(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", lang)
    layers = [layer(kind, kind, macs=macs, moved=10**8) for kind, macs in KINDS.items()]
    said = told(layers, dict.fromkeys(KINDS, 0.2), 0.6, threads=2, omp_wait_policy="PASSIVE", p95=2)
    sentences = [reason.sentence() for reason in said]
    assert {reason.kind for reason in said} == {"floor", "memory", "slow", "no-macs", "dispatch", "passive", "noise"}
    assert all(text.endswith("." if lang == "en" else "。") and "{" not in text for text in sentences)
    assert catalogue(lang)["family.depthwise"] in " ".join(sentences)


def test_a_reason_is_read_again_from_what_was_written_of_it() -> None:
    robbed = reason("robbed", cpu_ms=5.0, latency_ms=15.0)
    written = robbed.to_dict()
    assert list(written) == ["kind", "cpu_ms", "latency_ms", "sentence"]
    assert written["sentence"] == robbed.sentence()
    assert from_dict(written) == robbed
    assert from_dict({**written, "sentence": "so"}).to_dict() == {**written, "sentence": "so"}
    assert robbed.sentence("zh") != robbed.sentence("en")
