"""UPF in: domains, switches and port states of a power intent, in UPF 2.1 and in the small set that OpenROAD reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from finevh.base.tcl import Command, TclSyntaxError, parse_script, split_list
from finevh.errors import InputError

_IGNORED = frozenset(
    {
        "upf_version", "set_design_top", "create_supply_port", "create_supply_net", "connect_supply_net", "set_domain_supply_net",
        "set_level_shifter", "create_pst", "add_pst_state", "create_logic_port",
    }
)  # fmt: skip
"""Commands that add nothing to domains, switches and voltages."""
OPENROAD_COMMANDS = frozenset(
    {
        "create_power_domain", "create_logic_port", "create_power_switch", "set_isolation", "use_interface_cell",
        "set_domain_area", "map_power_switch", "set_level_shifter", "set_domain_voltage", "set_level_shifter_cell",
    }
)  # fmt: skip
"""All that OpenROAD's ``read_upf`` knows: it sources the file, so any other command ends its run."""


@dataclass(frozen=True)
class UpfDomain:
    """A power domain: its instances, its rectangle (um) and its voltage (V) where the file gives them."""

    elements: tuple[str, ...] = ()
    area: tuple[float, float, float, float] | None = None
    voltage: float | None = None


@dataclass(frozen=True)
class UpfSwitch:
    """A power switch: port -> net of output, inputs and controls; state -> (input port, condition)."""

    domain: str
    output: Mapping[str, str]
    inputs: Mapping[str, str]
    controls: Mapping[str, str]
    states: Mapping[str, tuple[str, str]]


@dataclass
class PowerIntent:
    """What a UPF file says of domains, switches and states of supply ports (V)."""

    domains: dict[str, UpfDomain] = field(default_factory=dict)
    switches: dict[str, UpfSwitch] = field(default_factory=dict)
    states: dict[str, dict[str, float]] = field(default_factory=dict)


def parse_upf(text: str, source: str = "<text>", commands: Collection[str] | None = None) -> PowerIntent:
    """Read a power intent.

    Parameters
    ----------
    text, source
        The file, and its name for messages.
    commands
        Commands that the tool it is written for knows, such as :data:`OPENROAD_COMMANDS`; None for all of UPF.

    Raises
    ------
    InputError
        Naming file and line of what is no UPF, or of a command or option that is not understood.
    """
    intent = PowerIntent()
    try:
        for command in parse_script(text):
            words = [word.value for word in command.words]
            if any(word is None for word in words):
                raise InputError(f"{source}:{command.line}: substitutions are not read; write the names out")
            if commands is not None and words[0] not in commands:
                raise InputError(f"{source}:{command.line}: '{words[0]}' is none of the commands that its reader knows")
            try:
                _take(intent, [word or "" for word in words])
            except (KeyError, ValueError, IndexError) as error:
                raise InputError(f"{source}:{command.line}: cannot read '{_head(command)}' ({error})") from None
    except TclSyntaxError as error:
        raise InputError(f"{source}:{error.line}: {error.reason}") from None
    return intent


def _head(command: Command) -> str:
    return " ".join(word.value or word.raw for word in command.words[:3])


def _options(words: list[str]) -> tuple[str, dict[str, list[str]]]:
    """The one argument and the options of a command, each option with all its values."""
    argument, at = "", 0
    found: dict[str, list[str]] = {}
    while at < len(words):
        if words[at].startswith("-"):
            found.setdefault(words[at], []).append(words[at + 1])
            at += 2
        else:
            argument = words[at]
            at += 1
    return argument, found


def _take(intent: PowerIntent, words: list[str]) -> None:
    name, rest = words[0], words[1:]
    if name in _IGNORED:
        return
    argument, options = _options(rest)
    if name == "create_power_domain":
        elements = [element for value in options.get("-elements", []) for element in split_list(value)]
        intent.domains[argument] = UpfDomain(tuple(elements))
    elif name == "set_domain_area":
        x0, y0, x1, y1 = (float(value) for value in split_list(options["-area"][0]))
        old = intent.domains[argument]
        intent.domains[argument] = UpfDomain(old.elements, (x0, y0, x1, y1), old.voltage)
    elif name == "set_domain_voltage":
        domain = options["-domain"][0]
        old = intent.domains[domain]
        intent.domains[domain] = UpfDomain(old.elements, old.area, float(options["-voltage"][0]))
    elif name == "create_power_switch":
        states = [split_list(value) for value in options.get("-on_state", [])]
        intent.switches[argument] = UpfSwitch(
            options["-domain"][0],
            _ports(options.get("-output_supply_port", [])),
            _ports(options.get("-input_supply_port", [])),
            _ports(options.get("-control_port", [])),
            {state[0]: (state[1], state[2]) for state in states},
        )
    elif name == "add_port_state":
        for value in options["-state"]:
            state, volts = split_list(value)
            intent.states.setdefault(argument, {})[state] = float(volts)
    else:
        raise ValueError(f"'{name}' is not understood")


def _ports(values: list[str]) -> dict[str, str]:
    pairs = [split_list(value) for value in values]
    return {pair[0]: pair[1] for pair in pairs}
