"""Replays the recorded OpenROAD run: gives back the files that the tool wrote, script by script.

The variable REPLAY_FAULT names the script that fails (``point`` for those of all points), REPLAY_LOG a file that gets the name
of every script that runs. A point that was not recorded gets the metrics of the recorded one between 0.8 and 1.0 V, under its
own name.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import sys
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")
POINT = "point_800_1000mV"


def main() -> int:
    """Play the tool for one script."""
    if sys.argv[1:] == ["-version"]:
        print("26Q3-1551-g5c9e487120")
        return 0
    script = Path(sys.argv[-1])
    with Path(os.environ["REPLAY_LOG"]).open("a") as log:
        log.write(script.stem + "\n")
    fault = os.environ.get("REPLAY_FAULT")
    if fault is not None and (script.stem == fault or script.stem.startswith(f"{fault}_")):
        print("[ERROR GRT-0116] Global routing finished with congestion.")
        return 1
    text = script.read_text(encoding="utf-8")
    for row in re.findall(r"^# writes (.*)$", text, re.MULTILINE):
        for name in row.split():
            packed = RECORDED / f"{name}.xz"
            stand_in = {".def": "END DESIGN\n", ".v": "endmodule\n", ".json": '{"Total": {"total": 0.0}}'}
            body = lzma.decompress(packed.read_bytes()) if packed.is_file() else None
            Path(name).write_bytes(body or stand_in.get(Path(name).suffix, "recorded\n").encode())
    named = [*(RECORDED / "metrics").glob(f"*-{script.stem}.json"), *(RECORDED / "metrics").glob(f"*-{POINT}.json")]
    data = {key.replace(POINT, script.stem): value for key, value in json.loads(named[0].read_text()).items()}
    Path(sys.argv[sys.argv.index("-metrics") + 1]).write_text(json.dumps(data), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
