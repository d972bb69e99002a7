"""A worker in a separate process: `python -m keras_attn.study.engines.process PLAN START`.

PLAN is a file with the pickled plan, store and name of the run. The process ends together with the
process that started it, because its standard input is a pipe from there.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from pathlib import Path

from keras_attn.study.worker import work


def main() -> None:
    """Works until every trial has ended."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    plan, store, run = pickle.loads(Path(sys.argv[1]).read_bytes())
    work(plan, store, run, int(sys.argv[2]))


def end_with_parent() -> None:
    """Waits for the end of the pipe, which closes however the other process ends."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
