"""File lists, and the packaged RI5CY core."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from finevh.errors import InputError, ToolMissingError
from finevh.synthesis import cv32e40p, read_manifest


def test_manifest_gives_sources_folders_and_macros(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    for name in ("a.sv", "b.v"):
        (tmp_path / name).touch()
    listing = tmp_path / "list.f"
    listing.write_text(
        "// head\n+incdir+${ROOT}/include\n+define+WIDE=8\n\na.sv // first\n$ROOT/b.v\n", encoding="utf-8"
    )
    rtl = read_manifest(listing, {"ROOT": str(tmp_path)})
    assert [file.name for file in rtl.files] == ["a.sv", "b.v"]
    assert [folder.name for folder in rtl.include_dirs] == ["include"]
    assert rtl.defines == {"WIDE": "8"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("absent.v", ":2: no such RTL file '"),
        ("${NOWHERE}/a.v", ":2: variable 'NOWHERE' has no value; known are ROOT"),
        ("-y lib", ":2: option '-y' is not understood; use +incdir+, +define+ and file names"),
    ],
)
def test_manifest_errors_name_the_line(tmp_path: Path, line: str, message: str) -> None:
    listing = tmp_path / "list.f"
    listing.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_manifest(listing, {"ROOT": "/"})
    assert str(caught.value).startswith(f"{listing}{message}")


def test_ri5cy_is_found_without_importing_its_package() -> None:
    rtl = cv32e40p()
    names = [file.name for file in rtl.files]
    assert rtl.top == "cv32e40p_core"
    assert rtl.parameters == {"COREV_PULP": 1, "FPU": 0}
    assert {"cv32e40p_register_file_ff.sv", "cv32e40p_sim_clock_gate.sv"} <= set(names)
    assert not [name for name in names if "tracer" in name or "tb_wrapper" in name]


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(ToolMissingError, match="install it with 'pip install pythondata-cpu-cv32e40p'"):
        cv32e40p()
