"""SAIF in, switching activity out: durations and toggle counts of nets, as written by simulators and power tools."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity, activity_from_probabilities
from finevh.power.propagation import propagate_probabilities
from finevh.power.waveforms import count_cycles, net_of_name, plain_name, read_lines
from finevh.units import unit_scale

__all__ = ["read_saif"]

_LARGEST = 1e18
_DEEPEST = 100  # instances within instances
_TOKEN = re.compile(r'\(|\)|"[^"]*"|(?:\\.|[^\s()])+')


def read_saif(
    path: Path,
    netlist: Netlist,
    *,
    clock: str | None = None,
    period_ps: float | None = None,
    instance: str | None = None,
) -> Activity:
    """Read the backward SAIF of a netlist (``.saif`` or ``.saif.gz``).

    A SAIF holds no joint probabilities: cell patterns are products of net probabilities (``joint`` is False). Nets that the
    file does not name are propagated from those that it does. Time at X and Z is left out of the probability.

    Parameters
    ----------
    clock
        Clock port; its toggle count says how many cycles the recording holds.
    period_ps
        Clock period of the recording, instead of counting the clock.
    instance
        Hierarchical name of the netlist's instance, ``tb/dut``; None takes the one that names most of the nets.

    Raises
    ------
    InputError
        If the file is no SAIF, names none of the nets, or neither clock nor period is given.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="ascii", errors="replace") as stream:
            tokens = (token for line in read_lines(stream, path) for token in _TOKEN.findall(line))
            return _read(tokens, path, netlist, clock, period_ps, instance)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as SAIF ({error})") from error


def _read(
    tokens: Iterator[str],
    path: Path,
    netlist: Netlist,
    clock: str | None,
    period_ps: float | None,
    instance: str | None,
) -> Activity:
    if next(tokens, "") != "(" or next(tokens, "").upper() != "SAIFILE":
        raise InputError(f"{path}: does not begin with (SAIFILE; is it a SAIF file?")
    duration, scale = 0.0, 1.0
    by_instance: dict[str, dict[str, dict[str, float]]] = {}
    for key, where, values in _entries(tokens, path):
        if key == "DURATION":
            duration = _number(values[0], path)
        elif key == "TIMESCALE":
            scale = _number(values[0], path) * unit_scale(values[1], "time") if len(values) > 1 else 1.0
        elif key in ("T0", "T1", "TX", "TZ", "TB", "TC", "IG"):
            owner, _, net = where.rpartition("//")
            by_instance.setdefault(owner, {}).setdefault(net, {})[key] = _number(values[0], path)
    if duration <= 0.0:
        raise InputError(f"{path}: no DURATION")
    return _bind(path, netlist, clock, period_ps, instance, duration * scale, by_instance)


def _number(text: str, path: Path) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{path}: '{text}' is not a number") from None
    if not 0.0 <= value <= _LARGEST:
        raise InputError(f"{path}: {text} is no duration and no count")
    return value


def _entries(tokens: Iterator[str], path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (key, "instance/path//net", values) of every leaf list."""
    frames: list[tuple[str, list[str]]] = [("SAIFILE", [])]
    instances: list[str] = []
    for token in tokens:
        if not frames:
            raise InputError(f"{path}: '{token}' follows the end of the SAIFILE")
        if token == "(":
            frames.append(("", []))
        elif token == ")":
            key, values = frames.pop()
            if key == "INSTANCE":
                if values:
                    instances.pop()
            elif values and key not in ("NET", "PORT"):
                nets = [k for k, _ in frames if k not in ("NET", "PORT", "INSTANCE", "SAIFILE", "")]
                yield key, "/".join(instances) + "//" + (nets[-1] if nets else ""), values
        else:
            key, values = frames[-1]
            if not key:
                plain = token.upper()
                known = plain in (
                    "INSTANCE",
                    "NET",
                    "PORT",
                    "T0",
                    "T1",
                    "TX",
                    "TZ",
                    "TB",
                    "TC",
                    "IG",
                    "DURATION",
                    "TIMESCALE",
                )
                frames[-1] = (plain if known else token, values)
            else:
                values.append(token)
                if key == "INSTANCE":
                    name = token.strip('"')
                    # (INSTANCE "module" name ...): the last name before the first list is the instance's.
                    if len(values) == 1:
                        instances.append(name)
                        if len(instances) > _DEEPEST:
                            raise InputError(f"{path}: instances nested more than {_DEEPEST} deep")
                    else:
                        instances[-1] = name
    if frames:
        raise InputError(f"{path}: a ')' is missing; the file is truncated")


def _bind(
    path: Path,
    netlist: Netlist,
    clock: str | None,
    period: float | None,
    instance: str | None,
    duration_ps: float,
    by_instance: dict[str, dict[str, dict[str, float]]],
) -> Activity:
    index = net_of_name(netlist)
    bound = {
        owner: {index[plain]: row for name, row in nets.items() if (plain := _unescape(name)) in index}
        for owner, nets in by_instance.items()
    }
    if instance is None and bound:
        instance = max(bound, key=lambda owner: (len(bound[owner]), -owner.count("/")))
    if instance is None or not bound.get(instance):
        raise InputError(
            f"{path}: instance '{instance}' names no net of {netlist.name}; instances: {', '.join(bound) or 'none'}"
        )
    probability, toggles = np.full(netlist.n_nets, np.nan), np.full(netlist.n_nets, np.nan)
    for net, row in bound[instance].items():
        known = row.get("T0", 0.0) + row.get("T1", 0.0)
        probability[net] = row.get("T1", 0.0) / known if known > 0.0 else 0.0
        toggles[net] = row.get("TC", 0.0)
    constant = netlist.net_constant >= 0
    probability[constant], toggles[constant] = netlist.net_constant[constant], 0.0
    counts = np.nan_to_num(toggles).astype(np.int64)
    cycles = count_cycles(netlist, clock, period, duration_ps, counts, str(path))
    rate = toggles / cycles
    used = np.unique(netlist.pin_net[netlist.pin_net != NO_NET])
    if np.isnan(probability[used]).any():
        return propagate_probabilities(netlist, probability=probability, toggle_rate=rate, clock=clock)
    return activity_from_probabilities(netlist, np.nan_to_num(probability), np.nan_to_num(rate), cycles=cycles)


def _unescape(name: str) -> str:
    return plain_name(name.replace("\\[", "[").replace("\\]", "]").replace("\\/", "/"))
