"""Plays OpenROAD's part in a run: writes what the script's header says it writes, in the formats of a real run.

The variable STAND_IN names a fault and the stage it strikes, as ``fault:stage``; STAND_IN_FILES a folder with recorded files.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

DEF = """VERSION 5.8 ;
DIVIDERCHAR "/" ;
BUSBITCHARS "[]" ;
DESIGN top ;
UNITS DISTANCE MICRONS 2000 ;
DIEAREA ( 0 0 ) ( 100000 100000 ) ;
END DESIGN
"""
VERILOG = "module top (clk_i);\n  input clk_i;\nendmodule\n"
SPEF = '*SPEF "ieee 1481-1999"\n*DESIGN "top"\n*C_UNIT 1 FF\n'
POWER = {
    "Sequential": {"internal": 1.0e-3, "switching": 2.0e-4, "leakage": 3.0e-5, "total": 1.23e-3},
    "Total": {"internal": 2.0e-3, "switching": 1.0e-3, "leakage": 1.0e-4, "total": 3.1e-3},
}


def content(name: str) -> str:
    recorded = Path(os.environ.get("STAND_IN_FILES", "")) / name
    if os.environ.get("STAND_IN_FILES") and recorded.is_file():
        return recorded.read_text(encoding="utf-8")
    texts = {".def": DEF, ".v": VERILOG, ".spef": SPEF, ".json": json.dumps(POWER)}
    return texts.get(Path(name).suffix, "recorded\n")


def main() -> int:
    if sys.argv[1:] == ["-version"]:
        print(os.environ.get("STAND_IN_VERSION", "26Q3-1551-g5c9e487120 +GPU"))
        return 0
    script = Path(sys.argv[-1])
    stage = script.stem
    fault, _, where = os.environ.get("STAND_IN", "").partition(":")
    fault = fault if where == stage else ""
    metrics = Path(sys.argv[sys.argv.index("-metrics") + 1])
    text = script.read_text(encoding="utf-8")
    print(f"[INFO ORD-0030] Using 1 thread(s). Stage {stage}")
    print("[WARNING STA-0101] object 'x' not found.")
    print("[WARNING STA-0101] object 'x' not found.", flush=True)
    if fault == "error":
        line = next(n for n, each in enumerate(text.splitlines(), 1) if each.startswith(("write_db", "report_power ")))
        print("[ERROR GPL-0305] RePlAce diverged during gradient descent calculation.")
        print(f"Error: {script.name}, {line} GPL-0305")
        return 1
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    written = [name for row in re.findall(r"^# writes (.*)$", text, re.MULTILINE) for name in row.split()]
    for name in written:
        if fault == "missing" and name.endswith(".def"):
            continue
        body = content(name)
        if fault == "truncated" and name.endswith(".def"):
            body = body[: len(body) // 2]
        Path(name).write_text(body, encoding="utf-8")
    prefix = re.search(r'set_metrics_stage "([^"]*)\{\}"', text)
    key = prefix.group(1) if prefix else ""
    values = {
        "timing__setup__ws": 0.12,
        "timing__setup__tns": 0.0,
        "power__total": 3.1e-3,
        "power__leakage__total": 1e-4,
    }
    if stage == "polybias":
        rows = Path("polybias.txt").read_text(encoding="utf-8").splitlines()
        values["instances_swapped"] = float(len(rows))
    if fault != "no-metrics":
        data = {} if fault == "empty-metrics" else {key + name: value for name, value in values.items()}
        body = json.dumps(data, indent=2)
        metrics.write_text(body[: len(body) // 2] if fault == "cut-metrics" else body, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
