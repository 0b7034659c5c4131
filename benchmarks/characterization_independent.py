"""The shipped library against plain ngspice decks that share no code with the characterisation.

    python benchmarks/characterization_independent.py [libs/finevh45] [--points 240] [--seed 1] [--toggled] [--csv FILE]

Random (cell, drive, variant, Vdd, arc, slew, load) points, on and off the table grid. Each deck is one cell from its
operating point, one edge, ngspice's own `meas`, the full device cards (with gate and substrate resistances) and fine
time steps. An arc without `when` is held against the greatest delay and the greatest transition of all its side states.
`--toggled`: the input toggled once before the measured edge: an internal node of a stack then still holds charge that a cell
at its operating point has lost, which shows how much a busy cell differs from the library. Tables are read from the Liberty
text and the cross-voltage archive by the few lines below.
Targets: delay and transition p95 <= 2 %, worst <= 4 %; state leakage <= 2 %; k <= 3 %; crossed delay <= 3 % of the delay;
setup/hold within 2 ps or 5 %. Exit status 1 if one is missed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.metadata
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


class Library:
    """The shipped files, read lazily."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.technology = tomllib.loads((folder / "technology.toml").read_text())
        self.cells = tomllib.loads((folder / self.technology["cells"][0]).read_text())["cells"]
        for name in self.technology.get("leave_out", ()):
            del self.cells[name]
        files = importlib.metadata.distribution(self.technology["models"]["package"]).files or []
        self.cards = next(Path(str(f.locate())) for f in files if str(f) == self.technology["models"]["file"])
        self.texts: dict[tuple[str, float], str] = {}
        with np.load(folder / "cross_voltage.npz") as archive:
            self.cross = {name: archive[name] for name in archive.files}
        self.cross_text = json.loads(self.cross["text"].tobytes())
        self.variants = [
            v
            for v in self.technology["variants"]
            if v["name"] in self.cross_text["variants"] and self.path(v["name"], 0.8).exists()
        ]

    def path(self, variant: str, vdd: float) -> Path:
        """Liberty file of a corner."""
        suffix = "" if variant == "PB0" else f"_{variant}"
        label = f"{vdd:.2f}".replace(".", "v")
        found = [
            p
            for p in (self.folder / "liberty").glob(f"*{label}.lib.gz")
            if (re.search(r"_((?:PB|VT)\d+)_", p.name) or re.search(r"()", p.name)).group(1) == suffix.strip("_")
        ]
        return found[0] if found else Path("missing")

    def cell(self, name: str, variant: str, vdd: float) -> str:
        """Text of one cell group."""
        key = (variant, vdd)
        if key not in self.texts:
            self.texts[key] = gzip.decompress(self.path(variant, vdd).read_bytes()).decode()
        full = name if variant == "PB0" else f"{name}_{variant}"
        return group(self.texts[key], f"cell ({full})")


def group(text: str, head: str, start: int = 0) -> str:
    """Text of the first group with this head, braces balanced."""
    begin = text.index(head, start)
    depth, i = 0, text.index("{", begin)
    for i in range(text.index("{", begin), len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            break
    return text[begin : i + 1]


def groups(text: str, head: str) -> list[str]:
    """All groups with this head."""
    return [group(text, head, m.start()) for m in re.finditer(re.escape(head), text)]


def numbers(text: str, key: str) -> list[float]:
    """Numbers of `key ("...")`."""
    match = re.search(rf"{key} \(([^)]*)\)", text)
    assert match is not None, key
    return [float(x) for x in re.findall(r"[-+]?[0-9.]+(?:e[-+]?\d+)?", match.group(1))]


def lookup(timing: str, table: str, slew: float, load: float) -> float | None:
    """Bilinear value of a table of a timing group."""
    if f"{table} (" not in timing:
        return None
    text = group(timing, f"{table} (")
    x, y = np.array(numbers(text, "index_1")), np.array(numbers(text, "index_2"))
    return bilinear(x, y, np.array(numbers(text, "values")).reshape(len(x), len(y)), slew, load)


def bilinear(x: np.ndarray, y: np.ndarray, z: np.ndarray, a: float, b: float) -> float:
    """Bilinear interpolation, linear beyond the ends."""
    i, j = (int(np.clip(np.searchsorted(g, v) - 1, 0, len(g) - 2)) for g, v in ((x, a), (y, b)))
    u, v = (a - x[i]) / (x[i + 1] - x[i]), (b - y[j]) / (y[j + 1] - y[j])
    return float((1 - u) * ((1 - v) * z[i, j] + v * z[i, j + 1]) + u * ((1 - v) * z[i + 1, j] + v * z[i + 1, j + 1]))


def attribute(text: str, key: str) -> str:
    """Simple attribute, empty if absent."""
    match = re.search(rf'\b{key} : "?([^";]*)"?;', text)
    return match.group(1) if match else ""


def value(expression: str, bits: dict[str, int]) -> int:
    """Truth value of a Liberty expression."""
    words = re.sub(r"\b[A-Za-z]\w*", lambda m: str(bits[m.group(0)]), expression)
    return 1 & int(eval(words.replace("!", "~"), {"__builtins__": {}}))  # only 0, 1, operators and parentheses are left


def netlist(library: Library, cell: str, drive: int, variant: dict[str, Any], vdd: float) -> list[str]:
    """Plain lines of the cell, its rail and models; nodes keep their names with a prefix against case collisions."""
    geometry, device = library.technology["geometry"], library.technology["devices"][variant["device"]]
    temperature = library.technology["models"]["temperature_c"]
    lines = [f"* {cell}", f".include {library.cards}", f".temp {temperature}", f"vrail rail 0 {vdd}"]
    entry = library.cells[cell]
    node = {"VDD": "rail", "VSS": "0"}
    for i, line in enumerate(entry["transistors"].strip().splitlines()):
        kind, drain, gate, source, size = line.split()
        for name in (drain, gate, source):
            node.setdefault(name, f"k{len(node)}")
        w = float(size) * geometry["width_n_um" if kind == "n" else "width_p_um"]
        length = geometry["length_um"] + variant["length_offset_nm"] / 1000
        shift = variant["vth_offset_mv"] / 1000 * (1 if kind == "n" else -1)
        edge = geometry["diffusion_um"]
        lines.append(
            f"m{i} {node[drain]} {node[gate]} {node[source]} {'0' if kind == 'n' else 'rail'} {device[kind]} w={w:.6g}u "
            f"l={length:.6g}u ad={w * edge:.6g}p as={w * edge:.6g}p pd={w + 2 * edge:.6g}u ps={w + 2 * edge:.6g}u "
            f"m={drive}" + (f" delvto={shift:.6g}" if shift else "")
        )
    lines += [f"* node {name} {deck}" for name, deck in node.items()]
    return lines


def nodes(lines: list[str]) -> dict[str, str]:
    """Cell node -> deck node."""
    return dict(line.split()[2:4] for line in lines if line.startswith("* node "))


def ngspice(lines: list[str]) -> dict[str, float]:
    """Run a deck and return what it measured or printed, name -> value."""
    with tempfile.TemporaryDirectory() as folder:
        deck = Path(folder) / "d.cir"
        deck.write_text("\n".join([*lines, ".end", ""]))
        (Path(folder) / ".spiceinit").write_text("set num_threads=1\n")
        done = subprocess.run(
            ["ngspice", "-b", str(deck)], cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
    return {
        m.group(1): float(m.group(2)) for m in re.finditer(r"^(\S+)\s*=\s*([-+0-9.eE]+)", done.stdout, re.MULTILINE)
    }


TOGGLED = False
FINE = ".options reltol=2e-4 chgtol=1e-18 abstol=1e-14 vntol=1e-8 gmin=1e-15 trtol=1"


def edge_deck(
    library: Library,
    cell: str,
    drive: int,
    variant: dict[str, Any],
    vdd: float,
    pin: str,
    bits: dict[str, int],
    rising: bool,
    output: str,
    out_rising: bool,
    slew: float,
    load: float,
    driver: float,
) -> tuple[float, float]:
    """Simulate one edge from the operating point; delay and 30-70 % transition, ps."""
    lines = netlist(library, cell, drive, variant, vdd)
    node = nodes(lines)
    ramp, start = slew / 0.4, 20.0
    wait = 60.0 if not TOGGLED else 600.0 / vdd**3
    while True:
        low, high = (0.0, driver) if rising else (driver, 0.0)
        before = f"0 {high} {start}p {high} {start + ramp}p {low}" if TOGGLED else f"0 {low}"
        begin = start + (ramp + wait if TOGGLED else 0.0)
        stop = begin + ramp + wait
        deck = [
            *lines,
            FINE,
            f"cout {node[output]} 0 {load}f",
            f"v{pin} {node[pin]} 0 pwl({before} {begin}p {low} {begin + ramp}p {high} {stop}p {high})",
        ]
        deck += [f"v{name} {node[name]} 0 {bit * vdd}" for name, bit in bits.items() if name != pin]
        way = "rise" if out_rising else "fall"
        a, b = (0.3, 0.7) if out_rising else (0.7, 0.3)
        deck += [
            ".control",
            f"tran 1p {stop}p 0 {max(ramp, wait) / 300}p",
            f"meas tran delay trig v({node[pin]}) val={driver / 2} {'rise' if rising else 'fall'}=1 "
            f"targ v({node[output]}) val={vdd / 2} {way}=last",
            f"meas tran slew trig v({node[output]}) val={a * vdd} {way}=last "
            f"targ v({node[output]}) val={b * vdd} {way}=last",
            f"meas tran final find v({node[output]}) at={stop - 0.01}p",
            "quit",
            ".endc",
        ]
        found = ngspice(deck)
        if "slew" in found and abs(found["final"] - vdd * out_rising) < 0.02 * vdd:
            return found["delay"] * 1e12, found["slew"] * 1e12
        wait *= 4
        if wait > 1e6:
            raise RuntimeError(f"{cell} {pin}->{output} {bits} does not switch")


def static_power(library: Library, cell: str, variant: dict[str, Any], vdd: float, volts: dict[str, float]) -> float:
    """Power of all sources at the operating point, W."""
    lines = netlist(library, cell, 1, variant, vdd)
    node = nodes(lines)
    deck = [*lines, ".options reltol=1e-5 abstol=1e-15 gmin=1e-15"]
    deck += [f"v{name} {node[name]} 0 {v}" for name, v in volts.items()]
    terms = [f"{vdd}*i(vrail)"] + [f"{v}*i(v{name})" for name, v in volts.items()]
    found = ngspice([*deck, ".control", "op", f"let power = -({'+'.join(terms)})", "print power", "quit", ".endc"])
    return found["power"]


def combinational(library: Library) -> list[str]:
    """Names of the cells with delay arcs and without state."""
    return [name for name, entry in library.cells.items() if entry["inputs"] and "sequential" not in entry]


def side_states(library: Library, cell: str, pin: str, output: str, sense: str) -> list[dict[str, int]]:
    """Side states in which the pin moves the output with this sense."""
    entry = library.cells[cell]
    others = [p for p in entry["inputs"] if p != pin]
    found = []
    for bits in itertools.product((0, 1), repeat=len(others)):
        side = dict(zip(others, bits, strict=True))
        low, high = (value(entry["outputs"][output], {**side, pin: b}) for b in (0, 1))
        if low != high and (high == 1) == (sense == "positive_unate"):
            found.append(side)
    return found


def worst(edges: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Greatest delay and greatest transition of the side states: what an arc without `when` promises."""
    delays, transitions = zip(*edges, strict=True)
    return max(delays), max(transitions)


def delay_points(library: Library, count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Random delay points: the worst arc against the greatest of all its side states, a side-state arc against that state."""
    rows = []
    while len(rows) < count:
        cell, variant = rng.choice(combinational(library)), rng.choice(library.variants)
        vdd = rng.choice(
            [v for v in library.technology["voltages"]["vdd"] if library.path(variant["name"], v).exists()]
        )
        drive = rng.choice(library.cells[cell]["drives"])
        text = library.cell(f"{cell}_X{drive}", variant["name"], vdd)
        output = rng.choice(list(library.cells[cell]["outputs"]))
        timing = rng.choice(groups(group(text, f"pin ({output})"), "timing ()"))
        pin, sense, when = (
            attribute(timing, "related_pin"),
            attribute(timing, "timing_sense"),
            attribute(timing, "when"),
        )
        if sense == "non_unate":
            continue
        out_rising = rng.random() < 0.5
        table = group(timing, "cell_rise (" if out_rising else "cell_fall (")
        x, y = numbers(table, "index_1"), numbers(table, "index_2")
        on_grid = rng.random() < 0.4
        slew = rng.choice(x) if on_grid else float(np.exp(rng.uniform(np.log(x[0]), np.log(x[-1]))))
        load = rng.choice(y) if on_grid else float(np.exp(rng.uniform(np.log(y[0]), np.log(y[-1]))))
        states = side_states(library, cell, pin, output, sense)
        if when:
            states = [s for s in states if value(when, {**s, pin: 0}) == 1]
        name = "rise" if out_rising else "fall"
        delay, out_slew = lookup(timing, f"cell_{name}", slew, load), lookup(timing, f"{name}_transition", slew, load)
        assert delay is not None
        assert out_slew is not None
        rising = out_rising == (sense == "positive_unate")
        simulated = worst(
            edge_deck(library, cell, drive, variant, vdd, pin, s, rising, output, out_rising, slew, load, vdd)
            for s in states
        )
        # Where a delay passes through zero (slow input, light load) the transition is the scale.
        scale = max(abs(simulated[0]), 0.5 * simulated[1])
        rows.append(
            {
                "kind": "side" if when else "worst",
                "on_grid": on_grid,
                "cell": f"{cell}_X{drive}",
                "variant": variant["name"],
                "vdd": vdd,
                "arc": f"{pin}->{output} {name} {when}",
                "slew_ps": slew,
                "load_ff": load,
                "delay_ps": delay,
                "delay_sim_ps": simulated[0],
                "delay_error": (delay - simulated[0]) / scale,
                "out_slew_ps": out_slew,
                "out_slew_sim_ps": simulated[1],
                "slew_error": out_slew / simulated[1] - 1,
            }
        )
    return rows


def leakage_points(library: Library, count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Random states: power in the Liberty, and k with random inputs at 1 on another rail."""
    rows = []
    names, families = library.cross_text["variants"], library.cross_text["families"]
    vdds = [round(float(v), 4) for v in library.cross["vdds"]]
    while len(rows) < count:
        cell, variant = rng.choice(combinational(library)), rng.choice(library.variants)
        vdd = rng.choice(
            [v for v in library.technology["voltages"]["vdd"] if library.path(variant["name"], v).exists()]
        )
        pins = library.cells[cell]["inputs"]
        bits = {p: rng.randint(0, 1) for p in pins}
        low = [p for p in pins if bits[p] and rng.random() < 0.6]
        driver = rng.choice([v for v in vdds if 0 < abs(v - vdd) < 0.201])
        text = library.cell(f"{cell}_X1", variant["name"], vdd)
        # Liberty power: the unit line of the library is 1 nW.
        shipped = [
            float(attribute(g, "value")) for g in groups(text, "leakage_power ()") if value(attribute(g, "when"), bits)
        ]
        own = static_power(library, cell, variant, vdd, {p: b * vdd for p, b in bits.items()}) * 1e9
        row = {
            "cell": cell,
            "variant": variant["name"],
            "vdd": vdd,
            "state": "".join(map(str, bits.values())),
            "leakage_nw": shipped[0],
            "leakage_sim_nw": own,
            "leakage_error": shipped[0] / own - 1,
        }
        if low:
            family = families.index(cell)
            pair = next(
                i
                for i, (c, d) in enumerate(zip(library.cross["pair_cell"], library.cross["pair_driver"], strict=True))
                if abs(vdds[c] - vdd) < 1e-6 and abs(vdds[d] - driver) < 1e-6
            )
            order = library.cross_text["state_pins"][family]
            code = sum((2 if p in low else bits[p]) * 3**i for i, p in enumerate(order))
            column = library.cross["leakage_ptr"][family] + code
            k = float(library.cross["leakage_k"][names.index(variant["name"]), pair, column])
            volts = {p: (driver if p in low else b * vdd) for p, b in bits.items()}
            power = static_power(library, cell, variant, vdd, volts) * 1e9
            row |= {
                "driver": driver,
                "low": " ".join(low),
                "k": k,
                "k_sim": power / own,
                "k_error": k / (power / own) - 1,
            }
        rows.append(row)
    return rows


def crossed_points(library: Library, count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Random crossed delays: own-rail table plus the shift of the cross-voltage archive."""
    rows = []
    cross, text = library.cross, library.cross_text
    vdds = [round(float(v), 4) for v in cross["vdds"]]
    while len(rows) < count:
        arc, v = rng.randrange(len(cross["arc_sense"])), rng.choice(range(len(library.variants)))
        variant = library.variants[v]
        index = text["variants"].index(variant["name"])
        cell = text["families"][cross["arc_family"][arc]]
        if cell not in combinational(library):
            continue
        pair = rng.randrange(len(cross["pair_cell"]))
        vdd, driver = vdds[cross["pair_cell"][pair]], vdds[cross["pair_driver"][pair]]
        shift, factor = cross["delay_shift_ps"][index, pair, arc], cross["slew_factor"][index, pair, arc]
        if not library.path(variant["name"], vdd).exists() or np.isnan(shift).any():
            continue
        pin, output, up = text["arc_related"][arc], text["arc_pin"][arc], cross["arc_edge"][arc] == 0
        sense = ("positive_unate", "negative_unate", "non_unate")[cross["arc_sense"][arc]]
        x, y = (
            cross["slew_ps"][index, cross["pair_cell"][pair], arc],
            cross["load_ff"][index, cross["pair_cell"][pair], arc],
        )
        slew, load = (float(np.exp(rng.uniform(np.log(g[0]), np.log(g[-1])))) for g in (x, y))
        timing = [
            t
            for t in groups(group(library.cell(f"{cell}_X1", variant["name"], vdd), f"pin ({output})"), "timing ()")
            if attribute(t, "related_pin") == pin and attribute(t, "timing_sense") == sense and not attribute(t, "when")
        ]
        if not timing:
            continue
        name = "rise" if up else "fall"
        base, base_slew = (
            lookup(timing[0], f"cell_{name}", slew, load),
            lookup(timing[0], f"{name}_transition", slew, load),
        )
        assert base is not None
        assert base_slew is not None
        delay = base + bilinear(x, y, shift, slew, load)
        out_slew = base_slew * bilinear(x, y, factor, slew, load)
        rising = up == (sense == "positive_unate")
        simulated = worst(
            edge_deck(library, cell, 1, variant, vdd, pin, s, rising, output, up, slew, load, driver)
            for s in side_states(library, cell, pin, output, sense)
        )
        scale = max(abs(simulated[0]), 0.5 * simulated[1])
        rows.append(
            {
                "cell": cell,
                "variant": variant["name"],
                "vdd": vdd,
                "driver": driver,
                "arc": f"{pin}->{output} {name}",
                "slew_ps": slew,
                "load_ff": load,
                "shift_ps": delay - base,
                "delay_ps": delay,
                "delay_sim_ps": simulated[0],
                "delay_error": (delay - simulated[0]) / scale,
                "slew_error": out_slew / simulated[1] - 1,
            }
        )
    return rows


def constraint_points(library: Library, count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Setup and hold of the plain flip-flop on the table's slews by an own bisection, 10 % pushout."""
    rows = []
    for _ in range(count):
        variant = rng.choice(library.variants)
        vdd = rng.choice(
            [v for v in library.technology["voltages"]["vdd"] if library.path(variant["name"], v).exists()]
        )
        text = group(library.cell("DFF_X1", variant["name"], vdd), "pin (D)")
        kind, new = rng.choice(["setup_rising", "hold_rising"]), rng.randint(0, 1)
        timing = next(t for t in groups(text, "timing ()") if attribute(t, "timing_type") == kind)
        table = group(timing, "rise_constraint (" if new else "fall_constraint (")
        # index_1 of a constraint is the clock's (related) transition by its template or the data's; read the template's name
        x, y = numbers(table, "index_1"), numbers(table, "index_2")
        i, j = rng.randrange(len(x)), rng.randrange(len(y))
        shipped = numbers(table, "values")[i * len(y) + j]
        slew_d, slew_c = (y[j], x[i]) if first_is_related(library, variant["name"], vdd, table) else (x[i], y[j])
        simulated = bisect(library, variant, vdd, kind == "setup_rising", new, slew_d, slew_c)
        rows.append(
            {
                "cell": "DFF",
                "variant": variant["name"],
                "vdd": vdd,
                "kind": kind,
                "edge": "rise" if new else "fall",
                "slew_d_ps": slew_d,
                "slew_c_ps": slew_c,
                "table_ps": shipped,
                "sim_ps": simulated,
                "error_ps": shipped - simulated,
                "ok": abs(shipped - simulated) <= max(2.0, 0.05 * abs(simulated)),
            }
        )
    return rows


def first_is_related(library: Library, variant: str, vdd: float, table: str) -> bool:
    """Whether index_1 of the table's template is the related pin's transition."""
    name = re.search(r"\((\w+)\)", table)
    assert name is not None
    template = group(library.texts[variant, vdd], f"lu_table_template ({name.group(1)})")
    return attribute(template, "variable_1").startswith("related")


def bisect(
    library: Library, variant: dict[str, Any], vdd: float, setup: bool, new: int, slew_d: float, slew_c: float
) -> float:
    """Distance of the edges at which the output comes 10 % late, ps, or is lost."""
    lines = netlist(library, "DFF", 1, variant, vdd)
    node = nodes(lines)
    ramp_d, ramp_c = slew_d / 0.4, slew_c / 0.4
    captured = new if setup else 1 - new
    unit = 120.0 * (1.0 / vdd) ** 3

    def output(distance: float) -> float | None:
        clock = 30 * unit
        data = clock - distance if setup else clock + distance
        v = [0.0, vdd]
        # one clock pulse first stores the complement of what the trial captures
        early = "" if setup else f"{16 * unit}p {v[new]} {16 * unit + 50}p {v[1 - new]} "
        first = v[1 - new] if setup else v[new]
        waves = [
            f"vd {node['D']} 0 pwl(0 {first} {early}{data - ramp_d / 2}p {v[1 - new]} {data + ramp_d / 2}p {v[new]})",
            f"vc {node['CK']} 0 pwl(0 0 {4 * unit}p 0 {4 * unit + 50}p {vdd} {12 * unit}p {vdd} {12 * unit + 50}p 0 "
            f"{clock - ramp_c / 2}p 0 {clock + ramp_c / 2}p {vdd})",
        ]
        stop = clock + ramp_c + ramp_d + 14 * unit
        found = ngspice(
            [
                *lines,
                FINE.replace("2e-4", "5e-4"),
                f"cout {node['Q']} 0 3f",
                *waves,
                ".control",
                f"tran 1p {stop}p 0 {unit / 20}p",
                f"meas tran delay trig at={clock}p targ v({node['Q']}) val={vdd / 2} "
                f"{'rise' if captured else 'fall'}=last td={14 * unit}p",
                f"meas tran final find v({node['Q']}) at={stop - 1}p",
                "quit",
                ".endc",
            ]
        )
        if abs(found.get("final", -1.0) - captured * vdd) > 0.1 * vdd:
            return None
        return found.get("delay")

    reach = 3 * unit + ramp_d / 2 + ramp_c / 2
    fails, works = -reach, reach
    nominal = output(works)
    assert nominal is not None
    for _ in range(11):
        middle = (fails + works) / 2
        delay = output(middle)
        if delay is not None and delay <= 1.1 * nominal:
            works = middle
        else:
            fails = middle
    return (works + fails) / 2


def report(name: str, errors: list[float], limits: dict[str, float]) -> bool:
    """Print a distribution; True if within its limits."""
    a = np.abs(np.array(errors))
    found = {"median": float(np.median(a)), "p95": float(np.quantile(a, 0.95)), "worst": float(a.max())}
    good = all(found[key] <= limit for key, limit in limits.items())
    text = "  ".join(f"{k} {v:7.3%}" for k, v in found.items())
    print(f"{name:34s} {len(a):4d} points  {text}" + ("" if good else "  MISSED"))
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(__file__).resolve().parents[1] / "libs" / "finevh45"
    )
    parser.add_argument("--points", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--toggled", action="store_true")
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    global TOGGLED
    TOGGLED = arguments.toggled
    library, rng = Library(arguments.folder), random.Random(arguments.seed)
    print("variants:", ", ".join(v["name"] for v in library.variants))
    delays = delay_points(library, arguments.points, rng)
    both = {"p95": 0.02, "worst": 0.04}
    good = []
    parts = (
        ("on the grid", [r for r in delays if r["on_grid"]]),
        ("off the grid", [r for r in delays if not r["on_grid"]]),
        ("worst arcs", [r for r in delays if r["kind"] == "worst"]),
        ("side states", [r for r in delays if r["kind"] == "side"]),
        ("all", delays),
    )
    for label, rows in parts:
        good.append(report(f"delay, {label}", [r["delay_error"] for r in rows], both))
        good.append(report(f"transition, {label}", [r["slew_error"] for r in rows], both))
    static = leakage_points(library, arguments.points // 2, rng)
    good.append(report("state leakage", [r["leakage_error"] for r in static], {"worst": 0.02}))
    good.append(report("k", [r["k_error"] for r in static if "k" in r], {"worst": 0.03}))
    crossed = crossed_points(library, arguments.points // 3, rng)
    good.append(report("crossed delay", [r["delay_error"] for r in crossed], {"p95": 0.03}))
    good.append(report("crossed transition", [r["slew_error"] for r in crossed], {}))
    constraints = constraint_points(library, max(arguments.points // 10, 4), rng)
    inside = sum(r["ok"] for r in constraints)
    print(
        f"setup/hold within 2 ps or 5 %: {inside} of {len(constraints)}; worst "
        f"{max(abs(r['error_ps']) for r in constraints):.2f} ps"
    )
    good.append(inside == len(constraints))
    if arguments.csv:
        for name, rows in (("delay", delays), ("static", static), ("crossed", crossed), ("constraint", constraints)):
            keys = list(dict.fromkeys(k for r in rows for k in r))
            with arguments.csv.with_name(f"{arguments.csv.stem}_{name}.csv").open("w", newline="") as handle:
                writer = csv.DictWriter(handle, keys)
                writer.writeheader()
                writer.writerows(rows)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
