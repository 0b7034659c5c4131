from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import (
    Floorplan,
    FloorplanRequest,
    Placement,
    PlacerOptions,
    check_placement,
    half_perimeter,
    make_floorplan,
    place,
)
from finevh.layout.floorplan import coarse_unit
from finevh.layout.placement import IllegalPlacementError
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology


def test_placement_is_deterministic_and_beats_a_shuffled_one(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    again = place(netlist, technology, floorplan)
    assert np.array_equal(again.x, placement.x)
    assert np.array_equal(again.port_x, placement.port_x)
    order = np.random.default_rng(0).permutation(netlist.n_cells)
    shuffled = replace(placement, x=placement.x[order], y=placement.y[order])
    ours = half_perimeter(netlist, technology, placement).sum()
    assert ours < 0.5 * half_perimeter(netlist, technology, shuffled).sum()


def test_another_seed_gives_another_layout_as_good_and_the_same_one_the_same(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    one, again = (place(netlist, technology, floorplan, PlacerOptions(seed=2)) for _ in range(2))
    assert np.array_equal(one.x, again.x)
    assert (one.x != placement.x).mean() > 0.5
    lengths = [half_perimeter(netlist, technology, found).sum() for found in (one, placement)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.1)


def test_weighted_nets_come_out_shorter_and_ports_stay_where_they_are_put(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    weight = np.ones(netlist.n_nets)
    length = half_perimeter(netlist, technology, placement)
    heavy = np.argsort(-np.where(np.isfinite(length), length, 0.0))[:40]
    weight[heavy] = 5.0
    ports = placement.port_x, placement.port_y
    again = place(netlist, technology, floorplan, weight=weight, ports=ports)
    check_placement(netlist, technology, floorplan, again)
    assert half_perimeter(netlist, technology, again)[heavy].sum() < 0.8 * length[heavy].sum()
    assert np.array_equal(again.port_x, ports[0])
    assert np.array_equal(again.port_y, ports[1])


def test_weights_of_one_change_nothing(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    again = place(netlist, technology, floorplan, weight=np.ones(netlist.n_nets))
    assert np.array_equal(again.x, placement.x)
    assert np.array_equal(again.y, placement.y)


def test_ports_lie_on_the_die_boundary_in_distinct_places(floorplan: Floorplan, placement: Placement) -> None:
    x0, y0, x1, y1 = floorplan.die
    on_side = np.isin(placement.port_x, (x0, x1)) | np.isin(placement.port_y, (y0, y1))
    assert on_side.all()
    assert len(set(zip(placement.port_x, placement.port_y, strict=True))) == len(placement.port_x)


def test_progress_is_told_stage_by_stage(netlist: Netlist, technology: Technology) -> None:
    told: list[str] = []
    plan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.6))
    place(netlist, technology, plan, progress=lambda stage, step: told.append(stage))
    assert list(dict.fromkeys(told)) == ["ports", "global", "detailed"]


def test_standard_output_holds_the_callers_words_only(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, capfd: pytest.CaptureFixture[str]
) -> None:
    place(netlist, technology, floorplan, progress=lambda stage, step: print("step") if step == 1 else None)
    assert capfd.readouterr().out == "step\n" * 3


@pytest.mark.parametrize(("site", "row", "unit"), [(0.19, 1.4, 10), (0.48, 3.78, 60), (0.46, 2.72, 20)])
def test_coarse_unit_divides_site_and_row(technology: Technology, site: float, row: float, unit: int) -> None:
    assert coarse_unit(replace(technology, site_width=site, row_height=row)) == unit


def test_cells_that_cannot_fit_are_refused(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(3, 0.7))
    doubled = replace(
        netlist,
        instance_names=tuple(f"v{i}" for i in range(2 * netlist.n_cells)),
        cell_type=np.tile(netlist.cell_type, 2),
        cell_variant=np.tile(netlist.cell_variant, 2),
        pin_ptr=np.concatenate([netlist.pin_ptr, netlist.pin_ptr[1:] + netlist.pin_ptr[-1]]),
        pin_net=np.tile(netlist.pin_net, 2),
    )
    with pytest.raises(InputError, match=r"utilisation: \d+ sites of cells cannot fit"):
        place(doubled, technology, plan)


def _moved(placement: Placement, cell: int, dx: float = 0.0, dy: float = 0.0) -> Placement:
    x, y = placement.x.copy(), placement.y.copy()
    x[cell] += dx
    y[cell] += dy
    return replace(placement, x=x, y=y)


def test_checker_refuses_each_kind_of_illegal_place(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    def refused(bad: Placement, why: str) -> None:
        with pytest.raises(IllegalPlacementError, match=why):
            check_placement(netlist, technology, floorplan, bad)

    check_placement(netlist, technology, floorplan, placement)
    refused(_moved(placement, 5, dx=0.05), "cell 'u5' is off the grid")
    refused(_moved(placement, 5, dy=0.3), "cell 'u5' is off the grid")
    on_header = replace(_moved(placement, 5), x=np.where(np.arange(600) == 5, floorplan.header_x[3], placement.x))
    refused(replace(on_header, y=np.where(np.arange(600) == 5, floorplan.header_y[3], placement.y)), "covers a Vdd-MUX")
    edge = floorplan.tile_box[0, 2] - floorplan.site_width
    straddle = np.where(np.arange(600) == 5, edge, placement.x)
    refused(
        replace(placement, x=straddle, y=np.where(np.arange(600) == 5, floorplan.row_y[1], placement.y)), "straddles"
    )
    refused(replace(placement, tile=(placement.tile + 1) % 9), "has the tile or orientation of another row")
    refused(
        replace(placement, orient=(1 - placement.orient).astype(np.int8)), "has the tile or orientation of another row"
    )
    stacked = [
        np.where(np.arange(600) == 5, v[6], v) for v in (placement.x, placement.y, placement.orient, placement.tile)
    ]
    refused(Placement(*stacked, placement.port_x, placement.port_y), "overlaps its left neighbour")


def test_full_rows_are_an_input_error(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(3, 1.0))
    with pytest.raises(InputError, match="utilisation: the placer found no legal place for every cell"):
        place(netlist, technology, plan)
