"""A Python module run as a child that ends when its parent does, however that ended: `python tethered.py MODULE …`.

It looks for its parent, since no signal tells of a parent's death on every system. Started by its path, so that it
imports nothing but what it runs.
"""

import os
import runpy
import sys
import threading
import time

POLL_SECONDS = 0.5


def end_with(parent: int) -> None:
    """Wait for the parent's end, then leave nothing running."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def command(*arguments: str) -> list[str]:
    """The command line that runs `python -m arguments` tethered to this process."""
    return [sys.executable, __file__, str(os.getpid()), *arguments]


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(int(sys.argv[1]),), daemon=True).start()
    del sys.argv[:2]
    sys.path[0] = os.getcwd()  # as with -m
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
