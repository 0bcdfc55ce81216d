"""The one latency harness: `latency({name: callable}) -> {name: Latency}`."""

from lissom.timing.harness import Latency, latency

__all__ = ["Latency", "latency"]
