"""Wrong input ends with a message that names file and line, or the cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.synthesis import Options, Rtl, find_top, plan_synthesis, run_synthesis
from tests.synthesis.library import liberty_text


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_undeclared_name_is_reported_with_file_and_line(tiny_liberty: Path, tmp_path: Path) -> None:
    source = _write(
        tmp_path, "bad.sv", "module bad (input logic a, output logic b);\n  assign b = a & nowhere;\nendmodule\n"
    )
    plan = plan_synthesis(Rtl((source,), top="bad"), [tiny_liberty], Options(period=1000.0))
    with pytest.raises(InputError) as caught:
        run_synthesis(plan, tmp_path / "run")
    assert str(caught.value) == (
        f"{source}:2: use of undeclared identifier 'nowhere'\nthe RTL does not elaborate; correct it and run again"
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("module bad (input a, output b)\n  assign b = a;\nendmodule\n", 1, "expected ';'"),
        ("module bad (input a, output b);\n  absent u (.x(a), .y(b));\nendmodule\n", 2, "unknown module 'absent'"),
    ],
)
def test_syntax_and_missing_modules_are_reported(tmp_path: Path, text: str, line: int, message: str) -> None:
    source = _write(tmp_path, "bad.v", text)
    with pytest.raises(InputError) as caught:
        find_top(Rtl((source,)))
    assert str(caught.value).startswith(f"{source}:{line}: {message}\n")


def test_unknown_top_is_an_error(tiny_liberty: Path, tmp_path: Path) -> None:
    source = _write(tmp_path, "one.v", "module one (input a, output b);\n  assign b = a;\nendmodule\n")
    plan = plan_synthesis(Rtl((source,), top="two"), [tiny_liberty], Options(period=1000.0))
    with pytest.raises(InputError, match="'two' is not a valid top-level module"):
        run_synthesis(plan, tmp_path / "run")


def test_the_only_uninstantiated_module_is_the_top(tmp_path: Path) -> None:
    low = "module low (input a, output b);\n  assign b = a;\nendmodule\n"
    high = "module high (input a, output b);\n  low u (a, b);\nendmodule\n"
    assert find_top(Rtl((_write(tmp_path, "two.v", low + high),))) == "high"


def test_several_tops_are_named(tmp_path: Path) -> None:
    text = "module one (input a);\nendmodule\nmodule two (input a);\nendmodule\n"
    source = _write(tmp_path, "two.v", text)
    with pytest.raises(InputError, match=r"has 2 candidates \(one, two\) for the top module; name one with 'top'$"):
        find_top(Rtl((source,)))


def test_flop_that_the_library_lacks_is_named(tmp_path: Path) -> None:
    library = _write(tmp_path, "no_flop.lib", liberty_text("DFF", "DFFR"))
    text = "module flop (input clk, input d, output reg q);\n  always @(posedge clk) q <= d;\nendmodule\n"
    plan = plan_synthesis(Rtl((_write(tmp_path, "flop.v", text),), top="flop"), [library], Options(period=1000.0))
    message = (
        r"^FF flop\.q_reg \(type \$_DFF_P_\) cannot be legalized: .*: the library has no such register; change the RTL"
    )
    with pytest.raises(InputError, match=message):
        run_synthesis(plan, tmp_path / "run")


def test_cells_that_the_library_lacks_are_named(tiny_liberty: Path, tmp_path: Path) -> None:
    text = "module bus (input a, input e, output b);\n  assign b = e ? a : 1'bz;\nendmodule\n"
    plan = plan_synthesis(Rtl((_write(tmp_path, "bus.v", text),), top="bus"), [tiny_liberty], Options(period=1000.0))
    with pytest.raises(
        InputError, match=r"^bus: the library has no cell for 1 x \$_TBUF_ \(for example \S+\); change the RTL"
    ):
        run_synthesis(plan, tmp_path / "run")


def test_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.v: no such RTL file; correct the file list of the design$"):
        Rtl((tmp_path / "absent.v",))


def test_path_with_blanks_is_read(tiny_liberty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    source = _write(folder, "a design.v", "module buffer (input a, output b);\n  assign b = a;\nendmodule\n")
    result = run_synthesis(
        plan_synthesis(Rtl((source,), top="buffer"), [tiny_liberty], Options(period=1000.0)), folder / "r"
    )
    assert result.cells == {"BUF": 1}
