"""`python spawn_program.py {several,sleep} FOLDER`: a script without a main guard, alone or under torchrun."""

import dataclasses
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import torch

from engine import jobs
from engine.toy import ENGINE
from lissom.engine.processes import is_first, launch

folder = Path(sys.argv[2])
engine, told = dataclasses.replace(ENGINE, devices=2, threads=1), []
value = launch(getattr(jobs, sys.argv[1]), engine, folder, listener=lambda event: told.append(type(event).__name__))
if is_first():
    torch.save(value, folder / "value.pt")
(folder / f"told-{os.environ.get('RANK')}.json").write_text(json.dumps(told))
