"""Rendering: what a context must be, what the scripts say of themselves, and that no bare string leaves a template."""

from __future__ import annotations

import re
from dataclasses import replace

import jinja2
import pytest

from finevh.errors import InputError
from finevh.openroad.context import Activity, Domain, OperatingPoint, Rect
from finevh.openroad.render import (
    _environment,
    external_inputs,
    flow_stages,
    render_flow,
    scripts_digest,
    template_folder,
)
from oracles.openroad.mesh import mesh

CONTEXT = mesh(2, rows=3)


def test_equal_contexts_give_equal_bytes_and_another_floorplan_another_digest() -> None:
    assert render_flow(CONTEXT) == render_flow(mesh(2, rows=3))
    assert scripts_digest(render_flow(CONTEXT)) == scripts_digest(dict(reversed(render_flow(CONTEXT).items())))
    assert scripts_digest(render_flow(CONTEXT)) != scripts_digest(render_flow(mesh(2, rows=4)))


def test_every_stage_names_its_metrics_and_says_what_it_reads_and_writes() -> None:
    scripts = render_flow(CONTEXT)
    for stage in flow_stages(CONTEXT):
        text = scripts[f"{stage.name}.tcl"]
        assert re.search(r'^utl::set_metrics_stage "\w[\w.-]*__\{\}"$', text, re.MULTILINE), stage.name
        assert text.startswith("# ")
        head = text.split("\n\n")[0]
        assert all(f" {name}" in head for name in (*stage.reads, *stage.writes)), stage.name


def test_stages_run_in_order_and_each_reads_what_is_there() -> None:
    ready = set(external_inputs(CONTEXT)) | {name for name in render_flow(CONTEXT) if name.endswith(".txt")}
    for stage in flow_stages(CONTEXT):
        assert set(stage.reads) <= ready, stage.name
        ready |= set(stage.writes)


def test_only_domains_after_placement_and_only_suffixed_cells_per_point() -> None:
    scripts = render_flow(CONTEXT)
    assert "create_voltage_domain" not in scripts["placement.tcl"] + scripts["floorplan.tcl"]
    assert "create_voltage_domain" in scripts["power_grid.tcl"]
    assert not re.search(r"^\s*set_(voltage|pvt) ", "".join(scripts.values()), re.MULTILINE)
    assert "__0v80" in scripts["point_400mhz.tcl"]
    assert "place_inst" in scripts["vddmux.tcl"]
    assert "-location" in scripts["vddmux.tcl"]


def test_a_bare_string_in_a_template_is_refused() -> None:
    environment = _environment(template_folder())
    with pytest.raises(TypeError, match=r"unquoted str '\[exec x\]': add a quoting filter"):
        environment.from_string("set a {{ name }}").render(name="[exec x]")
    assert environment.from_string("set a {{ name | tcl }}").render(name="[exec x]") == "set a {[exec x]}"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ nothing | tcl }}").render()


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="nan cannot be written"):
        render_flow(replace(CONTEXT, period=float("nan")))
    with pytest.raises(InputError, match="'fast' is not a number"):
        render_flow(replace(CONTEXT, period="fast"))


BROKEN = {
    "domains: give one for each of the 4 tiles": {"domains": CONTEXT.domains[:3]},
    "rails: 3 nets for 4 tiles": {"rails": CONTEXT.rails[:3]},
    "rails: two are called 'VDDT_0'": {"rails": ("VDDT_0",) * 4},
    "row tile_0_row_0: orientation 'N'; write R0 or MX": {
        "rows": (replace(CONTEXT.rows[0], orientation="N"), *CONTEXT.rows[1:])
    },
    "row tile_0_row_0: 0 sites": {"rows": (replace(CONTEXT.rows[0], sites=0), *CONTEXT.rows[1:])},
    "configuration: missing": {"configuration": None},
    "belongs to tile 9, but there are 4": {"mux_sites": (replace(CONTEXT.mux_sites[0], tile=9),)},
    "operating point p: 1 voltages for 4 tiles": {"operating_points": (OperatingPoint("p", 1.0, (0.8,)),)},
    "no suffixed Liberty at 0.7 V": {"operating_points": (OperatingPoint("p", 1.0, (0.7,) * 4),)},
    "its name becomes a file name": {"operating_points": (OperatingPoint("p/../q", 1.0, (0.8,) * 4),)},
    "power cannot be had without one": {"activity": Activity()},
    "domains tile_0 and x overlap": {
        "domains": (*CONTEXT.domains[:3], Domain("x", Rect(*vars(CONTEXT.domains[0].area).values()), 3))
    },
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_context_that_contradicts_itself_is_refused(message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        render_flow(replace(CONTEXT, **BROKEN[message]))
