"""What a run is of: the facts that its report states first, beside the points and never guessed from them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from finevh.errors import InputError

ABOUT = "about.json"


@dataclass(frozen=True)
class About:
    """Design, technology and circumstances of a run."""

    design: str
    technology: str
    corner: str
    """Process and temperature, such as ``ss, 125 C``; empty where the technology does not say."""
    engine: str
    published: str
    """Name of the published experiment that the flow repeats; empty for any other."""


def write_about(about: About) -> str:
    """Return the text of ``about.json``."""
    return json.dumps(asdict(about), indent=1) + "\n"


def read_about(path: Path) -> About | None:
    """Read ``about.json``; None where a run has none.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return About(**{name: str(data[name]) for name in About.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: damaged; run 'finevh run' again, which makes it anew") from None
