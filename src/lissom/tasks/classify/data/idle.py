"""Settings of the data that this data leaves without effect."""

from lissom.errors import UsageError
from lissom.events import note
from lissom.tasks.classify.data.cifar import CIFAR
from lissom.tasks.classify.data.splits import Split
from lissom.tasks.classify.settings import DataConfig


def refuse_idle(config: DataConfig, split: Split) -> None:
    """Raises: UsageError that names the setting and why nothing follows from it."""
    carved = "carved" in (split.val_from, split.test_from)
    cases = {
        "download": (config.data in CIFAR, "data.idle-download"),
        "test_fraction": (split.test_from == "carved", "data.idle-test-fraction"),
        "val_fraction": (split.val_from == "carved", "data.idle-val-fraction"),
        "split_seed": (carved, "data.idle-split-seed"),
    }
    usual = DataConfig()
    for name, (acts, reason) in cases.items():
        got = getattr(config, name)
        if not acts and got != getattr(usual, name):
            why = note(reason, data=config.data)
            raise UsageError("setting-idle", name=name, got=got, reason=why)
