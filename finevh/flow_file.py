"""The flow file: TOML in, one validated and typed model out; every error names the file, the key and the mend."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from finevh.base.mistakes import describe, suggest
from finevh.base.share import FLOWS, flow_names, shared
from finevh.base.toml import parse_toml, read_text, toml_value
from finevh.config import Flow
from finevh.errors import InputError

FLOW_FILE = "flow.toml"
"""The resolved flow in a run directory."""


def read_flow(path: Path | str, assignments: tuple[str, ...] = ()) -> Flow:
    """Read a flow file and apply ``--set key=value`` assignments.

    Parameters
    ----------
    path
        The TOML file.
    assignments
        ``section.key=value`` texts; a value is TOML where it parses as such, else plain text.

    Raises
    ------
    InputError
        Missing or broken file, unknown key (with the nearest known one), missing unit, missing source file, impossible value.
    """
    path = find_flow(Path(path))
    hint = f"give the path of a flow file, or a ready flow by name: {', '.join(flow_names())}"
    text = read_text(path, "a flow file", hint)
    raw = parse_toml(text, path)
    for assignment in assignments:
        _assign(raw, assignment)
    try:
        return Flow.model_validate(raw, context={"folder": str(path.resolve().parent)})
    except ValidationError as error:
        given = {word.partition("=")[0].strip(): f"--set {word}" for word in assignments}
        raise InputError(describe(error, path, text, _nearest, elsewhere=given)) from None


def read_run_flow(directory: Path) -> Flow:
    """Read the flow of a run directory.

    Raises
    ------
    InputError
        If the directory holds no run.
    """
    path = directory / FLOW_FILE
    if not path.is_file():
        raise InputError(
            f"{directory}: no run here (no {FLOW_FILE}); make one with 'finevh run FLOW.toml -o {directory}'"
        )
    return read_flow(path)


SCHEMA = "flow.schema.json"
"""JSON schema of the flow file, beside the ready flows: editors that know TOML complete and check by it."""


def schema_text() -> str:
    """Return the JSON schema of the flow file, made from the models that read it.

    ``python -m finevh.flow_file flows/flow.schema.json`` writes it.
    """
    schema = Flow.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=1) + "\n"


def schema_line() -> str:
    """First line of a flow file, from which an editor finds the schema."""
    return f"#:schema {shared(FLOWS, SCHEMA).as_uri()}"


def find_flow(path: Path) -> Path:
    """Return the ready flow that a single word names where there is no such file; any other path as it is."""
    named = shared(FLOWS, f"{path}.toml")
    return named if len(path.parts) == 1 and not path.exists() and path.name in flow_names() else path


def _assign(raw: dict[str, Any], assignment: str) -> None:
    key, equals, value = assignment.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise InputError(f"--set '{assignment}': write section.key=value, for example floorplan.tiles=9")
    try:
        parsed = parse_toml(f"value = {value}", "--set")["value"]
    except InputError:
        parsed = value.strip()
    section = raw
    for name in names[:-1]:
        section = section.setdefault(name, {})
        if not isinstance(section, dict):
            raise InputError(f"--set '{assignment}': '{name}' is not a section")
    section[names[-1]] = parsed


def _nearest(location: tuple[str, ...]) -> str:
    model: type[BaseModel] = Flow
    for name in location[:-1]:
        field = model.model_fields.get(name)
        kinds = (
            []
            if field is None
            else [kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not None]
        )
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            return ""
        model = inner[0]
    return suggest(location[-1], list(model.model_fields))


def write_flow(flow: Flow) -> str:
    """Return the resolved flow as TOML text: every key, every quantity with its unit; ``read_flow`` gives the same model."""
    data = flow.model_dump(mode="python", exclude_none=True, by_alias=True)
    top = [f"{key} = {toml_value(value)}" for key, value in data.items() if not isinstance(value, dict)]
    parts = ["\n".join(top)]
    for name, section in data.items():
        if isinstance(section, dict):
            rows = [f"{key} = {toml_value(value)}" for key, value in section.items()]
            parts.append("\n".join([f"[{name}]", *rows]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
