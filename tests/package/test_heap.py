"""A process that keeps its memory receives few new pages for the maps of its next step."""

import os
import subprocess
import sys

import pytest

import keras_attn.heap
from keras_attn.heap import OPTIONS, environment

#: Frees and allocates large maps in new threads, and prints the page faults of this.
PROGRAM = """
import resource, runpy, sys

if len(sys.argv) > 1 and not runpy.run_path(sys.argv[1])["keep_memory"]():
    sys.exit("no such heap")

from threading import Thread
import numpy as np

def step():
    maps = [np.ones(5_000_000, "float32") for _ in range(3)]

def count():
    for _ in range(5):
        thread = Thread(target=step)
        thread.start()
        thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

print(-count() + count())
"""


def faults(*arguments, **variables):
    usual = {name: value for name, value in os.environ.items() if name not in OPTIONS}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**usual, **variables},
    )
    if "no such heap" in run.stderr:
        pytest.skip("this system does not have the heap of glibc")
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


def test_a_process_that_keeps_its_memory_has_few_page_faults():
    kept = faults(keras_attn.heap.__file__)
    usual = faults()
    assert kept < usual / 5
    assert faults(**environment()) < usual / 5
