"""`python killed.py FOLDER SEED`: trains the toy run in children, each killed at a random moment, until one ends.

Prints how many were killed. Forks, as importing torch anew for each child would take most of the time.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from engine.toy import toy_fit

MOST_KILLS = 12


def train(folder: Path) -> None:
    toy_fit(folder, resume=True, pause=0.03, engine={"checkpoint_minutes": 0.0005})
    os._exit(0)


def main() -> None:
    torch.set_num_threads(1)
    folder, draw, kills = Path(sys.argv[1]), random.Random(int(sys.argv[2])), 0
    while True:
        child = os.fork()
        if child == 0:
            train(folder)
        if kills < MOST_KILLS:
            time.sleep(draw.uniform(0.01, 0.3))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if status == 0:
            break
        assert status == signal.SIGKILL, f"the child ended by itself with {status}"
        kills += 1
    print(kills)


if __name__ == "__main__":
    main()
