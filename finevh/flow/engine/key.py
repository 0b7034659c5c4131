"""The key of a stage: everything that decides its outputs, and the reason why it runs again.

The code that counts is computed: the modules that the stage's own module imports, directly or not. The engine itself moves
files and decides nothing, so its modules and what only they import do not count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from finevh.config import Flow
from finevh.flow.engine.fingerprint import file_digest, fingerprint, text_digest
from finevh.version import VERSION

if TYPE_CHECKING:
    import grimp

    from finevh.flow.engine.stage import Stage, StageRecord

_PACKAGE = "finevh"
_ENGINE = __name__.rpartition(".")[0]
_SHORT = 16  # hexadecimal digits: enough to tell two contents apart, short enough to read


@dataclass(frozen=True)
class StageKey:
    """The parts that decide a stage, each under a name that people understand: ``clock``, ``code of finevh.timing.engine``."""

    parts: dict[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 over all parts."""
        return text_digest(json.dumps(self.parts, sort_keys=True))

    def reason(self, known: Mapping[str, str] | None) -> str:
        """Say in a few words why a stage with the parts ``known`` is not this one."""
        if known is None:
            return "not there yet, or its files have changed"
        changed = sorted(name for name in {*self.parts, *known} if self.parts.get(name) != known.get(name))
        if not changed:
            return "asked for"
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return f"changed: {', '.join(changed[:3])}{more}"


def stage_key(stage: Stage, flow: Flow, inputs: Mapping[str, StageRecord]) -> StageKey:
    """Hash what decides a stage: version, parameters, outside files, the contents of its inputs, code."""
    parts = {"version of finevh": VERSION, **input_parts(stage, flow, inputs)}
    parts |= {f"code of {name}": digest for name, digest in _code(stage.run.__module__).items()}
    return StageKey(parts)


def input_parts(stage: Stage, flow: Flow, inputs: Mapping[str, StageRecord]) -> dict[str, str]:
    """Return what decides a stage beside the code: parameters, outside files, the contents of its inputs."""
    parameters = fingerprint(stage.parameters(flow))
    named = parameters if isinstance(parameters, dict) else {"parameters": parameters}
    parts = {name: _short(value) for name, value in named.items()}
    return parts | {f"output of {name}": _short(record.outputs) for name, record in sorted(inputs.items())}


def _short(value: object) -> str:
    return text_digest(json.dumps(value, sort_keys=True))[:_SHORT]


@lru_cache(maxsize=1)
def _imports() -> grimp.ImportGraph:
    # Who reads a finished run asks for no code.
    import grimp

    # Lazy faces of packages name their modules under TYPE_CHECKING alone: those imports count.
    return grimp.build_graph(_PACKAGE, cache_dir=None)


@lru_cache(maxsize=64)
def _data_files(folder: Path) -> tuple[Path, ...]:
    """Tables and templates of a package, which decide as code does."""
    kept = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return tuple(path for path in kept if path.suffix != ".py")


@lru_cache(maxsize=32)
def _code(module: str) -> dict[str, str]:
    """Digest of each module that ``module`` imports, itself included, and of the data files that lie beside them."""
    graph = _imports()
    if module not in graph.modules:
        return {}
    seen, todo = {module}, [module]
    while todo:
        found = graph.find_modules_directly_imported_by(todo.pop())
        new = {name for name in found if name != _ENGINE and not name.startswith(f"{_ENGINE}.")} - seen
        seen |= new
        todo += new
    root = Path(str(files(_PACKAGE)))
    digests: dict[str, str] = {}
    for name in sorted(seen):
        path = root.joinpath(*name.split(".")[1:])
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        digests[name] = file_digest(source)[:_SHORT]
        if source.parent != root:
            digests |= {str(data.relative_to(root)): file_digest(data)[:_SHORT] for data in _data_files(source.parent)}
    return digests
