"""The child process of synthesis: runs a command list through pyosys; Yosys ends this process at an error.

``python -m finevh.synthesis.worker COMMANDS.json`` in the run directory. Standard output is Yosys's log, standard error its
errors and warnings; ``progress.jsonl`` gets one line per finished command.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from finevh.base.children import end_with_parent
from finevh.synthesis.yosys_commands import PROGRESS


def main(commands_file: Path) -> None:
    """Run every command of the file in order."""
    # A run that is killed shall not leave minutes of work behind that nobody reads.
    end_with_parent()
    from pyosys import libyosys  # pyosys sets up the process on import: only the child may

    commands = json.loads(commands_file.read_text(encoding="utf-8"))
    design = libyosys.Design()
    with Path(PROGRESS).open("w", encoding="utf-8") as progress:
        for command in commands:
            start = time.monotonic()
            libyosys.Pass.call(design, command)
            seconds = round(time.monotonic() - start, 3)
            progress.write(json.dumps({"command": command[0], "seconds": seconds}) + "\n")
            progress.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
