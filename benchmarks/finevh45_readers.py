"""Read every Liberty file of libs/finevh45 with OpenSTA and with Yosys: no warning, and the same areas and capacitances as ours.

Usage: python benchmarks/finevh45_readers.py [PATTERN]    (default *.lib.gz)
Exit status 1 if a file is not read without a word, or a number disagrees.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from finevh.technology.liberty import read_liberty
from finevh.technology.library import Library
from finevh.technology.model import Direction, Kind
from oracles.opensta import run_script

FOLDER = Path(__file__).resolve().parents[1] / "libs" / "finevh45" / "liberty"
PIN = re.compile(r"^ (\w+) input r ([\d.]+) f ([\d.]+)")
STAT = """
import sys
import pyosys.libyosys as ys
design = ys.Design()
for command in sys.argv[1].split(";"):
    ys.run_pass(command, design)
"""


def opensta(path: Path, library: Library) -> list[str]:
    """Complaints of OpenSTA and differing input capacitances (it prints two decimals of fF)."""
    names = [cell.name for cell in library.cells.values()]
    body = "".join(f'puts "CELL {name}"\nreport_lib_cell [get_lib_cells */{name}]\n' for name in names)
    run = run_script(f'read_liberty {path}\nputs "READ"\n{body}', path.parent)
    before, _, after = (run.stdout + run.stderr).partition("READ\n")
    found = [f"OpenSTA: {line}" for line in before.splitlines()]
    cell = ""
    for line in after.splitlines():
        if line.startswith("CELL "):
            cell = line.split()[1]
        match = PIN.match(line)
        if match:
            pin = next(p for p in library.cells[cell].pins if p.name == match.group(1))
            for mine, theirs in ((pin.cap_rise, match.group(2)), (pin.cap_fall, match.group(3))):
                if abs(mine - float(theirs)) > 0.00501:
                    found.append(f"OpenSTA: {cell}.{pin.name}: {theirs} fF, ours {mine:.4f}")
    return found


def yosys(path: Path, library: Library) -> list[str]:
    """Complaints of Yosys and differing areas: a netlist with each logic cell once."""
    lines = []
    for i, cell in enumerate(library.cells.values()):
        if cell.kind != Kind.PHYSICAL:
            nets = {p.name: f"o{i}{p.name}" if p.direction == Direction.OUTPUT else "a" for p in cell.pins}
            lines.append(f"{cell.name} u{i} ({', '.join(f'.{pin}({net})' for pin, net in nets.items())});")
    source = path.with_suffix(".v")
    source.write_text("module top(input a);\n" + "\n".join(lines) + "\nendmodule\n")
    script = f"read_liberty -lib {path};read_verilog {source};hierarchy -check -top top;stat -liberty {path}"
    run = subprocess.run([sys.executable, "-c", STAT, script], capture_output=True, text=True, check=False)
    text = run.stdout + run.stderr
    found = [
        f"Yosys: {line}"
        for line in text.splitlines()
        if re.match(r"(Warning|ERROR)", line) and "implicitly declared" not in line and "multi-output" not in line
    ]
    areas = {
        words[2]: float(words[1]) / int(words[0])
        for words in map(str.split, text.splitlines())
        if len(words) == 3 and words[2] in library.cells and words[0].isdigit()
    }
    for cell in library.cells.values():
        if cell.kind != Kind.PHYSICAL and abs(areas.get(cell.name, -1.0) - cell.area) > 1e-3 * cell.area:
            found.append(f"Yosys: {cell.name}: area {areas.get(cell.name)}, ours {cell.area}")
    return found


def main() -> int:
    files = sorted(FOLDER.glob(sys.argv[1] if len(sys.argv) > 1 else "*.lib.gz"))
    bad = 0
    for file in files:
        library = read_liberty(file)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file.name.removesuffix(".gz")
            path.write_bytes(gzip.decompress(file.read_bytes()))
            found = (opensta(path, library) if shutil.which("sta") else ["OpenSTA (sta) is not installed"]) + yosys(
                path, library
            )
        bad += bool(found)
        print(f"{file.name}: {'; '.join(found[:4]) if found else 'ok'}", flush=True)
    print(
        f"{len(files) - bad} of {len(files)} files are read by both without a word and agree on areas and capacitances"
    )
    return int(bad > 0 or not files)


if __name__ == "__main__":
    sys.exit(main())
