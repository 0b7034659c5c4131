"""``finevh tcl --check``: generated scripts against the command table, on every branch and in the order they run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from finevh.base.quoting import tcl_comment, tcl_word
from finevh.base.tcl import parse_script
from finevh.errors import NotReachableError
from finevh.openroad.script_check.findings import Finding
from finevh.openroad.script_check.flow_rules import judge_order
from finevh.openroad.script_check.pdn_rules import GridFacts, PdnModel
from finevh.openroad.script_check.sandbox import Record, run_in_sandbox
from finevh.openroad.script_check.static_check import check_statically
from finevh.openroad.script_check.table import CommandTable, judge_call, judge_method, load_table, split_call

_DRIVER = "flow.tcl"
_OPENROAD_OPTIONS = {"-exit": 0, "-no_init": 0, "-no_splash": 0, "-threads": 1, "-metrics": 1, "-log": 1}


def check_scripts(
    scripts: Mapping[str, str],
    inputs: Collection[str] = (),
    table: CommandTable | None = None,
    facts: GridFacts | None = None,
) -> list[Finding]:
    """Check the files that :func:`~finevh.openroad.render.render_flow` returns.

    Twice: read as text, every command on every branch; then run in a sandboxed Tcl where each tool command is a stand-in,
    so that values, odb objects and the order of files are those of a real run. No tool and no file of the user is touched.

    Parameters
    ----------
    scripts
        File name -> text, scripts and data tables; ``flow.tcl`` says in which order the stages run.
    inputs
        Files that exist before the first stage (:func:`~finevh.openroad.render.external_inputs`).
    table
        Command table; the shipped one when not given.
    facts
        Of technology and floorplan: with them, the power grid is built as OpenROAD's generator would, and must be whole.

    Returns
    -------
    list of Finding
        Sorted by file and line, empty if all is well; ``str(finding)`` is ``file:line: message``.

    Raises
    ------
    ToolMissingError
        If there is no ``tclsh``.
    """
    table = table or load_table()
    found = set(check_statically(scripts, table))
    if any(finding.message.startswith(("missing closing", "extra characters", "unbalanced")) for finding in found):
        return sorted(found)  # an unbalanced script would run on as something else
    order = _run_order(scripts)
    records = run_in_sandbox(scripts, order, table)
    found.update(_judge_records(records, scripts, set(inputs), table))
    found.update(_unused_scripts(scripts, records))
    found.update(judge_order(records, scripts, table))
    if facts is not None and facts.layers:
        model = PdnModel(scripts, facts)
        for record in records:
            if record.kind == "call":
                model.follow(record, table)
        found.update(model.findings())
    return sorted(found)


def require_clean(findings: Sequence[Finding | str]) -> None:
    """Raise if a check found anything.

    Raises
    ------
    NotReachableError
        Listing the findings, one per line.
    """
    if findings:
        lines = "\n".join(str(finding) for finding in findings)
        raise NotReachableError(f"{len(findings)} faults in the generated scripts:\n{lines}")


def _run_order(scripts: Mapping[str, str]) -> list[str]:
    """Return flow.tcl, then the stages in the order in which it names them."""
    if _DRIVER not in scripts:
        return [name for name in scripts if name.endswith(".tcl")]
    stages: list[str] = []
    for command in parse_script(scripts[_DRIVER]):
        for word in command.words:
            for text, line in word.nested:
                for nested in parse_script(text, line):
                    stages += [f"{word.value}.tcl" for word in nested.words[1:] if f"{word.value}.tcl" in scripts]
    return [_DRIVER, *dict.fromkeys(stages)]


def _judge_records(
    records: list[Record], scripts: Mapping[str, str], inputs: set[str], table: CommandTable
) -> list[Finding]:
    findings: list[Finding] = []
    ready = inputs | set(scripts)
    files = _StageFiles(scripts)
    judged: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for record in records:
        problems: list[str] = []
        if record.kind == "script":
            findings += files.start(record.name)
        elif record.kind == "call":
            key = (record.name, record.arguments)
            if key not in judged:
                judged[key] = judge_call(table.commands[record.name], record.arguments)
            problems = [*judged[key], *_file_order(table, record, ready, files)]
        elif record.kind == "method":
            owner, method = record.name.split(".", 1)
            key = (record.name, (str(len(record.arguments)),))
            if key not in judged:
                problem = judge_method(table, owner, method, len(record.arguments))
                judged[key] = [problem] if problem else []
            problems = judged[key]
        elif record.kind == "open":
            problems = _opened(record, ready, files)
        elif record.kind == "exec":
            problems = _executed(record, scripts)
        elif record.kind == "unknown":
            problems = [f"unknown command '{record.name}'{table.nearest(record.name)}"]
        elif record.kind == "error":
            files.stopped = True
            problems = [f"stops here: {record.arguments[0] if record.arguments else 'no message'}"]
        findings += [Finding(record.file, record.line, problem) for problem in problems]
    return findings + files.start("")


class _StageFiles:
    """Files that the running script reads and writes, against what its head says."""

    def __init__(self, scripts: Mapping[str, str]) -> None:
        self.scripts = scripts
        self.script = ""
        self.used: dict[str, set[str]] = {"reads": set(), "writes": set()}
        self.stopped = False

    def start(self, script: str) -> list[Finding]:
        """Close the account of the script before and open that of the next one."""
        findings = [] if self.stopped or self.script == _DRIVER else self._compare()
        self.script, self.stopped = script, False
        self.used = {"reads": set(), "writes": set()}
        return findings

    def _compare(self) -> list[Finding]:
        findings: list[Finding] = []
        lines = self.scripts.get(self.script, "").split("\n")
        for label, used in self.used.items():
            heads = [n for n, line in enumerate(lines, 1) if line.startswith(f"# {label} ")]
            if not heads:
                continue
            said = {word for n in heads for word in lines[n - 1].removeprefix(f"# {label} ").split()}
            used = {tcl_comment(tcl_word(name)) for name in used}
            # A name with blanks is several words of the head; each of them must be there.
            missing = sorted(name for name in used if not set(name.split()) <= said)
            spare = sorted(said - {word for name in used for word in name.split()})
            findings += [
                Finding(self.script, heads[0], f"{label} '{name}', but its head does not say so") for name in missing
            ]
            findings += [
                Finding(self.script, heads[0], f"its head says it {label} '{name}', but it does not") for name in spare
            ]
        return findings


def _file_order(table: CommandTable, record: Record, ready: set[str], files: _StageFiles) -> list[str]:
    """Return reads of files that do not exist yet, and note what the call writes."""
    spec = table.commands[record.name]
    call = split_call(spec, record.arguments)
    problems: list[str] = []
    for where in spec.rules.get("reads", ()):
        path = call.options.get(where) if isinstance(where, str) else _at(call.arguments, where)
        if path is not None and path not in files.used["writes"]:
            files.used["reads"].add(path)
        if path is not None and path not in ready:
            problems.append(f"{record.name}: reads '{path}', which no earlier stage writes and the flow is not given")
    written = [
        call.options.get(w) if isinstance(w, str) else _at(call.arguments, w) for w in spec.rules.get("writes", ())
    ]
    written.append(call.options.get(">"))
    made = {path for path in written if path is not None}
    ready |= made
    files.used["writes"] |= made
    return problems


def _at(arguments: tuple[str | None, ...], index: int) -> str | None:
    return arguments[index] if index < len(arguments) else None


def _opened(record: Record, ready: set[str], files: _StageFiles) -> list[str]:
    path, mode = record.arguments[0], record.arguments[1]
    files.used["writes" if mode == "w" else "reads"].add(path)
    if mode == "w":
        ready.add(path)
        return []
    return [] if path in ready else [f"open: reads '{path}', which no earlier stage writes and the flow is not given"]


def _executed(record: Record, scripts: Mapping[str, str]) -> list[str]:
    """Judge ``exec openroad -exit ... STAGE.tcl`` of flow.tcl."""
    words = [word for word in record.arguments[1:] if word not in (">@", "2>@", "stdout", "stderr")]
    problems: list[str] = []
    index, seen = 0, set()
    while index < len(words) and words[index].startswith("-"):
        option = words[index]
        if option not in _OPENROAD_OPTIONS:
            problems.append(f"exec: openroad has no option {option}")
            return problems
        seen.add(option)
        index += 1 + _OPENROAD_OPTIONS[option]
    problems += [f"exec: this flow always states {option}" for option in _OPENROAD_OPTIONS if option not in seen]
    rest = words[index:]
    if len(rest) != 1 or rest[0] not in scripts:
        problems.append(f"exec: '{' '.join(rest)}' is not one script of this flow")
    return problems


def _unused_scripts(scripts: Mapping[str, str], records: list[Record]) -> list[Finding]:
    used = {record.name for record in records if record.kind == "script"}
    used |= {record.arguments[0] for record in records if record.kind == "source"}
    unused = [name for name in scripts if name.endswith(".tcl") and name not in used]
    return [Finding(name, 1, "no stage of flow.tcl runs this script") for name in unused]
