"""Runs notebooks at full length and saves their outputs, without traces of the machine.

    python -m docs.notebooks 00_quickstart 17_retinamnist

Needs the extra `notebooks`, and the images of the sets that the notebooks are about.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from docs.notebook_evidence import FOLDER

#: Lines about a download or the start of TensorFlow, which are not results of the cell.
NOISE = re.compile(r"Downloading data|INFO:tensorflow")


def run(path: Path) -> None:
    """Runs a notebook in an empty folder and writes it with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails; the file is then unchanged.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        metadata = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=None, resources=metadata).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = tidied(cell.outputs)
    path.write_text(nbformat.writes(notebook, indent=1).rstrip("\n") + "\n", encoding="utf-8")


def tidied(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs of a cell without messages of libraries, each line in its final state."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            if "image/png" in output.get("data", {}):
                output.data["text/plain"] = "<Figure>"
            kept.append(output)
        elif output.name == "stdout":
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
            else:
                kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            lines = (line.rpartition("\r")[2] for line in output.text.split("\n"))
            output.text = "\n".join(line for line in lines if not NOISE.match(line))
    return kept


def main() -> None:
    """Runs the notebooks that are named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", help="such as 00_quickstart")
    for name in parser.parse_args().names:
        print(name, flush=True)
        run(FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    main()
