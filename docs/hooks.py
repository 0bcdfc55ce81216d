"""What building the site adds to its pages: the zoo, written from the registry, and no word to another host."""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from zoo import zoo_page

# The theme would load these two for pages that hold diagrams, or are read from a folder with search; ours need neither.
OUTSIDE = re.compile(r"https://unpkg\.com/[^\"'`)\s]*")


def on_pre_build(config: Any) -> None:
    """Writes zoo.md and zoo.zh.md, which git ignores, where they differ."""
    for lang, name in (("en", "zoo.md"), ("zh", "zoo.zh.md")):
        file = Path(config["docs_dir"]) / name
        page = zoo_page(lang)
        if not file.exists() or file.read_text(encoding="utf-8") != page:
            file.write_text(page, encoding="utf-8")


def on_post_build(config: Any) -> None:
    """Takes the addresses of other hosts' scripts out of the theme's own."""
    for file in Path(config["site_dir"]).rglob("*.js"):
        script = file.read_text(encoding="utf-8")
        if OUTSIDE.search(script):
            file.write_text(OUTSIDE.sub("about:blank", script), encoding="utf-8")
