"""The notebooks of ``examples/`` run from their first to their last cell on a run of the small flow."""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
NotebookClient = pytest.importorskip("nbclient").NotebookClient

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((REPOSITORY / "examples").glob("*.ipynb"))


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["leakage_estimator", "own_voltage_maps", "two_meshes"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(
    notebook: Path, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINEVH_RUN", str(quick_run))
    monkeypatch.setenv("FINEVH_SECOND", str(tmp_path / "second"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    book = nbformat.read(notebook, as_version=4)
    NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any(output.output_type == "execute_result" for output in said)
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_its_results_and_names_no_machine(notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)
    assert sum(bool(cell.get("outputs")) for cell in book.cells) >= 2
    assert "/home/" not in text
    assert "/tmp/" not in text
