"""A Ray cluster of two nodes on this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from engines.conftest import numbers

from keras_attn.study import compare

RAY = Path(sysconfig.get_path("scripts")) / "ray"
LOCAL = "--node-ip-address=127.0.0.1"
NODE = ("--num-cpus=1", "--num-gpus=0", "--object-store-memory=100000000")


def ray(*arguments):
    return subprocess.run(
        [RAY, *arguments], capture_output=True, text=True, check=True, env=environment()
    )


def environment():
    """Ray starts workers with the path and the variables that its nodes were started with."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
    }


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("ray", reason="Ray is not installed")
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system does not list its processes in /proc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    ray("start", "--head", f"--port={port}", "--include-dashboard=false", LOCAL, *NODE)
    ray("start", f"--address={address}", LOCAL, *NODE)
    yield address
    ray("stop", "--force")


def workers():
    """Process numbers of the workers that are at a task of ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may have ended
            if path.read_bytes().startswith(b"ray::_work"):
                found.append(int(path.parent.name))
    return found


@pytest.mark.slow
def test_two_nodes_with_a_killed_worker_give_the_numbers_of_one_process(
    cluster, arguments, undisturbed, tmp_path
):
    killed = []

    def kill_one():
        """As soon as a trial is running, its worker."""
        locks = tmp_path / "locks"
        while not killed:
            time.sleep(0.05)
            if list(locks.glob("trials/squares-*.lock")) and (found := workers()):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    comparison = compare(**arguments, output=tmp_path, engine="ray", address=cluster)
    thread.join(10)
    assert killed
    pd.testing.assert_frame_equal(
        numbers(comparison), numbers(undisturbed[0]), check_exact=False, atol=1e-6
    )
    records = [json.loads(path.read_text()) for path in (tmp_path / "trials").glob("*.json")]
    ran = {record["worker"] for record in records}
    # On a slow machine one worker may do all that the killed one has left.
    assert any(not worker.endswith(f"process {killed[0]}") for worker in ran)


@pytest.mark.slow
def test_a_connection_that_is_there_already_is_used_and_kept(cluster, arguments, tmp_path):
    import ray as library

    library.init(address=cluster, log_to_driver=False, logging_level="error")
    try:
        small = {**arguments, "seeds": 1, "epochs": 1}
        with pytest.raises(ConnectionError, match=r"connected to the Ray cluster.*ray\.shutdown"):
            compare(**small, output=tmp_path, engine="ray", address="127.0.0.1:9")
        comparison = compare(**small, output=tmp_path, engine="ray")
        assert set(comparison.results["error"]) == {""}
        assert library.is_initialized()
    finally:
        library.shutdown()


def test_no_cluster_at_the_address_is_one_clear_error(arguments, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed")
    started = time.perf_counter()
    with pytest.raises(ConnectionError, match=r"no Ray cluster at '127\.0\.0\.1:9'.*ray start"):
        compare(**arguments, output=tmp_path, engine="ray", address="127.0.0.1:9")
    assert time.perf_counter() - started < 20
    assert not list((tmp_path / "trials").iterdir())


def test_without_ray_the_error_says_how_to_install_it(arguments, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install \"\.\[ray\]\""):
        compare(**arguments, output=tmp_path, engine="ray")
