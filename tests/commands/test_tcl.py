from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from finevh.commands.tcl import render_scripts
from finevh.flow_file import read_flow
from tests.conftest import REPOSITORY


def test_several_meshes_get_a_folder_each_and_the_same_synthesis(tmp_path: Path) -> None:
    flow = read_flow(REPOSITORY / "flows" / "quick.toml")
    lines = render_scripts(flow, tmp_path, check=False, tiles=(1, 4))
    assert [line.rpartition("/")[2] for line in lines] == ["1-tiles", "4-tiles"]
    scripts = [(tmp_path / f"{count}-tiles" / "synthesis" / "synthesis.tcl").read_bytes() for count in (1, 4)]
    assert scripts[0] == scripts[1]
    rows = [(tmp_path / f"{count}-tiles" / "rows.txt").read_text() for count in (1, 4)]
    assert rows[0] != rows[1]


def test_scripts_are_planned_without_loading_compilers_and_plots() -> None:
    code = "import sys, finevh.commands.tcl; print(*{'numba', 'scipy', 'matplotlib', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
