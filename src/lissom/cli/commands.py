"""Every verb and where its argument class stands; imported by the dispatcher and by shell completion."""

# verb -> module with its argument class and its function; the order is that of the help
COMMANDS = {
    "demo": ("lissom.cli.training", "Demo"),
    "models": ("lissom.cli.networks", "Models"),
    "profile": ("lissom.cli.profiling", "Profile"),
    "check-data classify": ("lissom.cli.data", "CheckData"),
    "check-data scene": ("lissom.cli.scene_data", "CheckScene"),
    "fetch": ("lissom.cli.fetch", "Fetch"),
    "train classify": ("lissom.cli.training", "Train"),
    "train scene": ("lissom.cli.scenes", "TrainScene"),
    "resume": ("lissom.cli.training", "Resume"),
    "evaluate": ("lissom.cli.results", "Evaluate"),
    "inspect": ("lissom.cli.inspect", "Inspect"),
    "predict": ("lissom.cli.results", "Predict"),
    "runs": ("lissom.cli.results", "Runs"),
    "compare": ("lissom.cli.results", "Compare"),
    "export": ("lissom.cli.results", "Export"),
    "env": ("lissom.cli.machine", "Env"),
    "cache": ("lissom.cli.machine", "Cache"),
    "completion": ("lissom.cli.completion", "Completion"),
}


def message_key(verb: str) -> str:
    """Where a verb's summary and examples stand among the messages."""
    return verb.replace(" ", "-")
