"""Every notebook, run in a moment: on real images where they are, else on images of their kind."""

import ast
import contextlib
import io
import json
import linecache
import os
import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_attn.catalogue import lookup
from keras_attn.data import list_datasets, medmnist
from keras_attn.data.cifar import CLASS_NAMES
from keras_attn.networks.design import Design
from keras_attn.study.built_in import RESIDUAL

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
MAGIC = "%matplotlib inline"
PARAMETERS = ("QUICK", "EPOCHS", "TOPOLOGY")
#: Those that `make test` runs: they differ most in what they call.
QUICK = ("00_quickstart", "04_seeing_attention", "07_your_own_model")
NONE_KEPT = "This notebook is kept without outputs"

needs_medmnist = pytest.mark.skipif(
    not medmnist.is_installed(), reason="medmnist is not installed: its sets are not known"
)


def cells_of(name, kind="code"):
    """The cells of a notebook."""
    content = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def source_of(cell):
    return "".join(cell["source"])


def dataset_of(name):
    """The named image set that a notebook is about; None for those about something else."""
    number, _, dataset = name.partition("_")
    return dataset if 10 <= int(number) < 30 else None


def images_of_their_kind(name):
    """Arrays in the layout of a set's official file: its classes and image sizes, and noise."""
    random = np.random.default_rng(0)
    if name in CLASS_NAMES:
        task, classes, shape = "multi-class", len(CLASS_NAMES[name].split()), (32, 32, 3)
        sizes = {"train": 10, "test": 3}
    else:
        info = medmnist._table().INFO[name]
        task, classes = medmnist.TASKS[info["task"]], len(info["label"])
        shape = (28, 28, 3) if info["n_channels"] == 3 else (28, 28)
        sizes = {"train": 30, "val": 8, "test": 8}
    arrays = {}
    for part, each in sizes.items():
        count = each * classes
        labels = np.arange(count)[:, None] % classes
        if task == "multi-label":
            labels = random.integers(0, 2, (count, classes))
        arrays[f"{part}_images"] = random.integers(0, 256, (count, *shape), "uint8")
        arrays[f"{part}_labels"] = labels.astype("uint8")
    return arrays


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    """A folder with a file of every set: the real one where there is one."""
    folder = tmp_path_factory.mktemp("image_sets")
    real = os.environ.get("KERAS_ATTN_DATA")
    for name in filter(None, map(dataset_of, NOTEBOOKS)):
        path = folder / f"{name}.npz"
        if real and (Path(real) / path.name).is_file():
            path.symlink_to((Path(real) / path.name).resolve())
        elif name in CLASS_NAMES or medmnist.is_installed():
            np.savez(path, **images_of_their_kind(name))
    return folder


@pytest.fixture
def quick(data_folder, tmp_path, monkeypatch):
    """The settings of a quick run; what a notebook changes for the whole process is put back."""
    monkeypatch.setenv("KERAS_ATTN_QUICK", "1")
    monkeypatch.setenv("KERAS_ATTN_DATA", str(data_folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(lookup, "_ENTRIES", dict(lookup._ENTRIES))
    # Most of a quick run is compiling, so there is less to compile, in less time.
    monkeypatch.setitem(
        RESIDUAL, "resnet8", Design("basic", (16,), (1,), "cifar", (16,), padding="same")
    )
    hurry(True)
    yield
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session()
    hurry(False)


def hurry(wanted):
    """Has JAX compile without optimising, which takes half the time."""
    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_disable_most_optimizations", wanted)


def run_cell(source, variables, title):
    """Runs a cell, and shows its last expression as a notebook would.

    All cells run in this process: to start one each, and import a backend in it, would take longer
    than the notebooks do.
    """
    lines = source.splitlines()
    code = "\n".join("" if line == MAGIC else line for line in lines)
    # So that a traceback shows the line.
    linecache.cache[title] = (len(code), None, code.splitlines(keepends=True), title)
    tree = ast.parse(code, title)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, title, "exec"), variables)
    if last is not None:
        shown = eval(compile(ast.Expression(last.value), title, "eval"), variables)
        if isinstance(shown, Figure):
            shown.savefig(io.BytesIO(), dpi=30)
        elif hasattr(shown, "_repr_html_"):
            assert shown._repr_html_()
        else:
            repr(shown)


def marks_of(name):
    """They run on PyTorch, which does not compile and so takes the least time.

    Those of the image sets differ in their images only, so they run on one backend.
    """
    marks = [pytest.mark.once(backend="torch")] * (name >= "13")
    is_quick = keras.backend.backend() == "torch" and name in QUICK
    return [*marks, *[pytest.mark.slow] * (not is_quick)]


@needs_medmnist
@pytest.mark.parametrize("name", [pytest.param(n, marks=marks_of(n)) for n in NOTEBOOKS])
def test_notebook_runs(name, quick):
    variables = {"__name__": "__main__"}
    with warnings.catch_warnings():
        # Images of their kind are not the official file.
        warnings.filterwarnings("ignore", message=".*is not the official file")
        for number, cell in enumerate(cells_of(name), 1):
            with contextlib.redirect_stdout(io.StringIO()):
                try:
                    run_cell(source_of(cell), variables, f"{name}, code cell {number}")
                except Exception as error:
                    error.add_note(f"in {name}.ipynb, code cell {number}")
                    raise


@pytest.mark.once
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_parameters_come_first(name, monkeypatch):
    source = source_of(cells_of(name)[0])
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    found = {}
    for value, expected in (("1", True), ("0", False), (None, False)):
        if value is None:
            monkeypatch.delenv("KERAS_ATTN_QUICK")
        else:
            monkeypatch.setenv("KERAS_ATTN_QUICK", value)
        found[value] = variables = {}
        exec(source, variables)
        assert [each for each in PARAMETERS if each not in variables] == []
        assert variables["QUICK"] is expected
    assert found["1"]["EPOCHS"] <= 2 < found[None]["EPOCHS"] + 1
    if dataset_of(name):
        monkeypatch.setenv("KERAS_ATTN_DATA", "some folder")
        exec(source, variables)
        assert variables["DATA_DIR"] == "some folder"


@pytest.mark.once
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_short_and_has_a_title(name):
    content = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = content["cells"]
    assert 8 <= len(cells) <= 14
    assert cells[0]["cell_type"] == "markdown"
    assert source_of(cells[0]).startswith("# ")
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells_of(name):
        magics = [line for line in source_of(cell).splitlines() if line.startswith(("%", "!"))]
        assert magics in ([], [MAGIC])


@pytest.mark.once
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs(name):
    """They are all there and clean; or there are none, and the notebook says so."""
    outputs = [output for cell in cells_of(name) for output in cell["outputs"]]
    said = NONE_KEPT in source_of(cells_of(name, "markdown")[0])
    assert said == (not outputs)
    if outputs:
        assert all(cell["execution_count"] for cell in cells_of(name))
    for output in outputs:
        assert output["output_type"] in ("stream", "display_data", "execute_result")
        assert output.get("name") != "stderr"
        text = json.dumps({key: value for key, value in output.items() if key != "data"})
        text += json.dumps(
            {key: value for key, value in output.get("data", {}).items() if "image" not in key}
        )
        assert not re.search(r"(?<![\w.:/])/(home|root|tmp|Users|usr|opt|var|mnt|work)\b", text)


@pytest.mark.parametrize("name", ["00_quickstart", "03_pretrained_models"])
def test_kept_outputs_show_that_the_network_learned(name):
    outputs = [output for cell in cells_of(name) for output in cell["outputs"]]
    text = "\n".join("".join(output.get("text", ())) for output in outputs)
    last = re.findall(r"([\d.]+)% of .*test images correct", text)[-1]
    assert float(last) > 50, f"{name} shows {last} % of ten classes: chance is 10 %"


@needs_medmnist
def test_every_image_set_has_a_notebook():
    names = [dataset_of(name) for name in NOTEBOOKS if dataset_of(name)]
    volumes = {name for name in list_datasets() if medmnist.is_3d(name)}
    assert sorted(names) == sorted(set(list_datasets()) - {"digits"} - volumes)
    assert any('load_dataset("digits")' in source_of(cell) for cell in cells_of("00_quickstart"))
    for name in filter(dataset_of, NOTEBOOKS):
        sources = "".join(map(source_of, cells_of(name)))
        assert f'load_dataset("{dataset_of(name)}", DATA_DIR)' in sources
        for part in ("dataset.licence", "dataset.source", "recommend_for(dataset)"):
            assert part in sources
        assert "keras-attn compare" in "".join(map(source_of, cells_of(name, "markdown")))
