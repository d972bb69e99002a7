"""A notebook opens and runs in JupyterLab, in a browser, as a user runs it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.once, pytest.mark.slow]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAME = "00_quickstart.ipynb"
SECONDS = 300


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until(holds, what):
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, f"not {what} after {SECONDS} seconds"
        time.sleep(1)


@pytest.fixture
def laboratory(tmp_path):
    """A JupyterLab on a folder with the notebook, and its address."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    # Without its outputs, so that those found at the end are of this run.
    content = json.loads((NOTEBOOKS / NAME).read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    (folder / NAME).write_text(json.dumps(content), encoding="utf-8")
    settings = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "RUNTIME")}
    address = f"http://127.0.0.1:{(port := free_port())}/"
    options = [f"port={port}", "ip=127.0.0.1", "open_browser=False", f"root_dir={folder}"]
    options += ["allow_root=True"]
    log = tmp_path / "log"
    with log.open("w") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--IdentityProvider.token="]
            + [f"--ServerApp.{option}" for option in options],
            env={**os.environ, **settings, "KERAS_ATTN_QUICK": "1"},
            stdout=written,
            stderr=written,
        )

    def answers():
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            return urllib.request.urlopen(f"{address}api").status == 200
        except OSError:
            return False

    try:
        wait_until(answers, "started")
        yield address, folder / NAME
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def test_the_quickstart_runs_in_jupyterlab(browser, laboratory):
    address, path = laboratory
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(f"{address}lab/tree/{NAME}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.get_by_text("| Idle").wait_for()

    def cells():
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.keyboard.press("Control+s")
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [cell for cell in found if cell["cell_type"] == "code"]

    def failures():
        found = [output for cell in cells() for output in cell["outputs"]]
        return [output for output in found if output["output_type"] == "error"]

    def run():
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(20_000)
        return any(cell["execution_count"] for cell in cells())

    # JupyterLab drops what is run before the kernel is connected.
    wait_until(run, "begun")
    wait_until(lambda: failures() or all(cell["execution_count"] for cell in cells()), "run")
    assert failures() == []
    kinds = {kind for cell in cells() for each in cell["outputs"] for kind in each.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    page.close()
