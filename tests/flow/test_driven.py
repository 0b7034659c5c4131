from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.config import Flow
from finevh.flow import driven
from finevh.flow.driven import DrivenPlacement, Round, best_round, middle_tiles
from finevh.flow.inputs.technology import technology_of
from finevh.flow.stages.place import _driven
from finevh.layout import Floorplan, FloorplanRequest, check_placement, make_floorplan
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"


def source_text(paths: int = 40, seed: int = 3) -> str:
    """Registers with chains of very unlike lengths between them, side inputs drawn at random."""
    rng = np.random.default_rng(seed)
    lines = ["module d (input clk, input a, output z);"]
    lines += [f"wire q{p}; wire c{p}_0; assign c{p}_0 = q{p};" for p in range(paths)]
    for p in range(paths):
        length = 30 if p < 3 else int(rng.integers(2, 12))
        for k in range(length):
            side = f"q{int(rng.integers(paths))}"
            lines.append(f"wire c{p}_{k + 1}; NAND2_X1 n{p}_{k} (.A1(c{p}_{k}), .A2({side}), .ZN(c{p}_{k + 1}));")
        lines.append(f"DFF_X1 r{p} (.CK(clk), .D(c{(p - 1) % paths}_end), .Q(q{p}));")
        lines.append(f"wire c{p}_end; assign c{p}_end = c{p}_{length};")
    return "\n".join([*lines, "assign z = q0;", "endmodule", ""])


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Flow:
    source = tmp_path_factory.mktemp("driven") / "d.v"
    source.write_text(source_text(), encoding="utf-8")
    return Flow.model_validate(
        {
            "design": {"name": "d", "top": "d", "netlist": str(source)},
            "technology": {"path": str(LIBRARY)},
            "clock": {"port": "clk", "period": "1 ns"},
            "floorplan": {"tiles": 9},
            "placement": {"driven": "map", "rounds": 2},
            "schemes": {
                "vdd_min": "0.6 V", "vdd_max": "1.0 V", "ideal_step": "0.1 V", "delta_vdd": ["0.2 V", "0.1 V"],
            },
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def technology(flow: Flow) -> Technology:
    return technology_of(flow)


@pytest.fixture(scope="module")
def netlist(flow: Flow, technology: Technology) -> Netlist:
    assert flow.design.netlist is not None
    return read_verilog(flow.design.netlist, technology)


@pytest.fixture(scope="module")
def floorplan(netlist: Netlist, technology: Technology) -> Floorplan:
    return make_floorplan(netlist, technology, FloorplanRequest(3, 0.6))


def rounds_of(
    flow: Flow, technology: Technology, netlist: Netlist, floorplan: Floorplan, kept: Path | None
) -> list[Round]:
    return list(DrivenPlacement(flow, technology, netlist, floorplan, kept, lambda line: None).rounds())


def test_rounds_are_legal_and_shorten_the_period_under_the_map(
    flow: Flow, technology: Technology, netlist: Netlist, floorplan: Floorplan
) -> None:
    rounds = rounds_of(flow, technology, netlist, floorplan, None)
    assert len(rounds) == 3
    for found in rounds:
        check_placement(netlist, technology, floorplan, found.placement)
        assert np.array_equal(found.placement.port_x, rounds[0].placement.port_x)
        assert found.periods[1] > found.periods[0]
    assert min(found.score for found in rounds[1:]) < rounds[0].score


def test_an_interrupted_placement_goes_on_where_it_was(
    flow: Flow,
    technology: Technology,
    netlist: Netlist,
    floorplan: Floorplan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = rounds_of(flow, technology, netlist, floorplan, tmp_path)
    (tmp_path / "round-2.npz").unlink()
    again = rounds_of(flow, technology, netlist, floorplan, tmp_path)
    assert all(np.array_equal(a.placement.x, b.placement.x) for a, b in zip(whole, again, strict=True))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("placed again")

    monkeypatch.setattr(driven, "place", refuse)
    kept = rounds_of(flow, technology, netlist, floorplan, tmp_path)
    assert [found.periods for found in kept] == [found.periods for found in whole]


def test_driven_by_timing_looks_at_one_map_alone(
    flow: Flow, technology: Technology, netlist: Netlist, floorplan: Floorplan
) -> None:
    choice = flow.placement.model_copy(update={"driven": "timing", "rounds": 1})
    rounds = rounds_of(flow.model_copy(update={"placement": choice}), technology, netlist, floorplan, None)
    assert [len(found.periods) for found in rounds] == [1, 1]


@pytest.mark.parametrize(("per_side", "count"), [(1, 1), (3, 2), (5, 4), (7, 9)])
def test_middle_tiles_are_those_nearest_to_the_middle(
    netlist: Netlist, technology: Technology, per_side: int, count: int
) -> None:
    high = middle_tiles(make_floorplan(netlist, technology, FloorplanRequest(per_side, 0.5)))
    assert high.sum() == count
    assert high[per_side**2 // 2]
    if per_side == 7:
        assert high.reshape(7, 7)[2:5, 2:5].all()


def test_a_round_with_too_much_wire_is_not_taken() -> None:
    one, short, long = (
        Round(None, wire, (period,)) for wire, period in ((100.0, 1000.0), (102.9, 950.0), (103.1, 900.0))
    )
    assert best_round([one, short, long], 0.03) == 1
    assert best_round([one, short, long], 0.04) == 2
    assert best_round([one, long], 0.03) == 0


def test_a_placement_of_which_no_round_keeps_its_wires_says_that_time_drove_nothing(
    flow: Flow, technology: Technology, netlist: Netlist, floorplan: Floorplan, tmp_path: Path
) -> None:
    for longer, found in ((0.0, {"placement_not_driven"}), (0.5, set())):
        choice = flow.placement.model_copy(update={"longer": longer})
        changed = flow.model_copy(update={"placement": choice})
        written: dict[str, str] = {}
        context = SimpleNamespace(
            flow=changed, checks=Checks(), directory=tmp_path, write=written.__setitem__, note=lambda line: None
        )
        metrics = _driven(context, DrivenPlacement(changed, technology, netlist, floorplan, tmp_path, context.note))
        assert set(context.checks.as_dict()) == found
        assert (metrics["place__round"] == 0) == bool(found)
        assert len(written["results/tables/placement.csv"].splitlines()) == 4
