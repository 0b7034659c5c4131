from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.errors import InputError, NotReachableError
from finevh.selection import (
    Choice,
    GreedyAnswer,
    Interval,
    PmuEntry,
    area_low_fraction,
    bitstream_hex,
    lower_bound,
    map_text,
    parse_bitstream,
    parse_map,
    pmu_header,
    pmu_json,
    select_exhaustive,
    select_greedy,
    select_improved,
    trace,
)
from finevh.units import SLACK_TOLERANCE
from tests.selection.toy import ToyDesign, random_design

INTERVAL = Interval(0.8, 1.0)


def periods(design: ToyDesign, count: int = 9) -> list[float]:
    fast = design.single_voltage(INTERVAL.high)[0]
    slow = design.single_voltage(INTERVAL.low)[0]
    return [float(period) for period in np.linspace(slow, fast, count)]


def test_algorithm_5_raises_the_tile_with_the_largest_delay_on_the_worst_path() -> None:
    # At 0.8 V the paths take 156.25 and 140.6 ps. Tile 1 holds most of the first, tile 2 most of the second.
    design = ToyDesign([[(0, 40.0), (1, 60.0)], [(2, 70.0), (0, 20.0)]], n_tiles=3)
    trajectory = trace(design, INTERVAL, period=125.0)
    assert trajectory.order == (1, 2)
    assert [map_text(state.high) for state in trajectory.states] == ["LLL", "LHL", "LHH"]
    assert not trajectory.blocked
    # 0: 40 / 0.64 + 60 = 122.5 ps: one tile more for a shorter period.
    assert trace(design, INTERVAL, period=101.0).order == (1, 2, 0)


def test_ties_go_to_the_lowest_tile() -> None:
    design = ToyDesign([[(2, 50.0), (1, 50.0)]], n_tiles=3)
    assert trace(design, INTERVAL, period=140.0).order == (1,)


def test_a_worst_path_without_a_low_tile_ends_the_run_with_an_answer_of_no() -> None:
    design = ToyDesign([[(0, 50.0)], [(1, 20.0)]], n_tiles=2, fixed=10.0)
    trajectory = trace(design, INTERVAL, period=30.0)
    assert trajectory.blocked
    assert trajectory.stuck_at == 1
    assert trajectory.order == (0,)
    with pytest.raises(NotReachableError) as caught:
        trajectory.at(design, 30.0)
    assert str(caught.value) == (
        "33333.333 MHz is not reached between VddL = 0.800 V and VddH = 1.000 V: with tiles HL the worst slack is -30.00 ps "
        "and no tile of the worst path is left at VddL; choose a lower frequency or a higher VddH"
    )


def test_a_stuck_run_continues_with_the_tile_that_touches_the_worst_path_most_and_says_so() -> None:
    # Tile 2 holds no cell of the path but loads it: raising it does not help here, so tile 1 follows, then nothing is left.
    design = ToyDesign([[(0, 50.0)], [(1, 20.0)]], n_tiles=3, fixed=10.0, neighbours=[0.0, 1.0, 2.0])
    trajectory = trace(design, INTERVAL, period=30.0)
    assert trajectory.order == (0, 2, 1)
    assert trajectory.stuck_at == 1
    assert trajectory.blocked
    timing, pure = trajectory.at(design, 61.0)
    assert (map_text(timing.high), pure) == ("HLL", True)


def test_raising_a_tile_may_lengthen_the_worst_path_and_the_run_still_ends() -> None:
    # Behind a low tile 0 the raised tile 1 is slower than before.
    design = ToyDesign([[(0, 45.0), (1, 50.0)]], n_tiles=2, crossing=0.9)
    trajectory = trace(design, INTERVAL, period=96.0)
    assert trajectory.order == (1, 0)
    assert trajectory.states[1].min_period > trajectory.states[0].min_period
    assert trajectory.states[2].min_period <= 96.0


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), crossing=st.sampled_from([0.0, 0.3, 0.8]))
def test_one_trajectory_equals_a_run_at_each_frequency(seed: int, crossing: float) -> None:
    design = random_design(seed, crossing=crossing)
    asked = periods(design)
    shared = select_greedy(design, INTERVAL, asked)
    design.single_trajectory = False
    alone = select_greedy(design, INTERVAL, asked)
    for one, other in zip(shared, alone, strict=True):
        assert type(one) is type(other)
        if isinstance(one, GreedyAnswer) and isinstance(other, GreedyAnswer):
            assert map_text(one.timing.high) == map_text(other.timing.high)
            assert one.pure == other.pure


def test_a_tile_once_high_stays_high_at_every_higher_frequency_of_the_interval() -> None:
    design = random_design(3)
    answers = select_greedy(design, INTERVAL, periods(design))
    maps = [answer.timing.high for answer in answers if isinstance(answer, GreedyAnswer)]
    assert len(maps) == 9
    assert all((slow <= fast).all() for slow, fast in itertools.pairwise(maps))


def test_counting_critical_cells_is_an_option_that_also_meets_the_clock() -> None:
    design = random_design(5)
    for period, answer in zip(periods(design), select_greedy(design, INTERVAL, periods(design), "count"), strict=True):
        assert isinstance(answer, GreedyAnswer)
        assert answer.timing.min_period <= period + SLACK_TOLERANCE


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), crossing=st.sampled_from([0.0, 0.4]))
def test_selectors_are_ordered_exact_improved_greedy_and_none_is_worse_than_hopping(seed: int, crossing: float) -> None:
    design = random_design(seed, n_tiles=6, n_paths=12, crossing=crossing)
    asked = periods(design, 5)
    hopping = design.single_voltage(INTERVAL.high)[1]
    rows = zip(
        asked,
        select_exhaustive(design, INTERVAL, asked),
        select_improved(design, INTERVAL, asked),
        select_greedy(design, INTERVAL, asked),
        strict=True,
    )
    for period, exact, improved, greedy in rows:
        assert isinstance(exact, Choice)
        assert isinstance(improved, Choice)
        f = 1e6 / period
        bound = lower_bound(design, INTERVAL, f) - 1e-12
        assert bound <= exact.energy.power(f) <= improved.energy.power(f) <= hopping.power(f) + 1e-12
        assert exact.min_period <= period + SLACK_TOLERANCE
        assert improved.min_period <= period + SLACK_TOLERANCE
        if isinstance(greedy, GreedyAnswer):
            assert improved.energy.power(f) <= design.energy(greedy.timing).power(f) + 1e-12


def test_exhaustive_choice_equals_a_plain_loop_over_all_maps() -> None:
    design = random_design(11, n_tiles=5, n_paths=9)
    asked = periods(design, 4)
    for period, choice in zip(asked, select_exhaustive(design, INTERVAL, asked), strict=True):
        powers = []
        for code in range(32):
            timing = design.evaluate(INTERVAL, np.array([bool(code >> bit & 1) for bit in range(5)]))
            if timing.min_period <= period + SLACK_TOLERANCE:
                powers.append(design.energy(timing).power(1e6 / period))
        assert isinstance(choice, Choice)
        assert choice.energy.power(1e6 / period) == pytest.approx(min(powers), rel=1e-12)


def test_exhaustive_selector_refuses_a_mesh_too_large_for_it() -> None:
    with pytest.raises(InputError, match=r"all 2\^49 maps are too many to weigh, at most 2\^12: use select_exact"):
        select_exhaustive(random_design(1, n_tiles=49), INTERVAL, [100.0])


def test_unreachable_period_is_an_answer_of_every_selector() -> None:
    design = random_design(2, n_tiles=4, n_paths=5)
    for select in (select_exhaustive, select_improved):
        (answer,) = select(design, INTERVAL, [1.0])
        assert isinstance(answer, NotReachableError)
        assert "1000000.000 MHz is not reached by any map tried between VddL = 0.800 V" in str(answer)


def test_area_at_low_voltage_is_weighted_by_cell_area() -> None:
    assert area_low_fraction(ToyDesign([], n_tiles=3), parse_map("HLL")) == pytest.approx(5 / 6)


@settings(deadline=None)
@given(bits=st.lists(st.booleans(), min_size=1, max_size=60), data=st.data())
def test_bitstream_reads_back_for_any_chain(bits: list[bool], data: st.DataObject) -> None:
    chain = data.draw(st.permutations(range(len(bits))))
    assert parse_bitstream(bitstream_hex(np.array(bits), chain), chain) == bits


def test_the_bit_of_the_last_tile_of_the_chain_enters_first() -> None:
    assert bitstream_hex(parse_map("LLLH"), [0, 1, 2, 3]) == "8"
    assert bitstream_hex(parse_map("LLLH"), [3, 2, 1, 0]) == "1"
    with pytest.raises(InputError, match="each of the 4 tiles once"):
        bitstream_hex(parse_map("LLLH"), [0, 1, 2, 2])


def test_map_text_refuses_other_letters() -> None:
    with pytest.raises(InputError, match="one L or H per tile"):
        parse_map("LXH")


ENTRIES = [PmuEntry(250.1234, 0.8, 0.9, parse_map("HLHHLLLLH")), PmuEntry(100.0, 0.6, 0.7, parse_map("LLLLLLLLL"))]


def test_json_table_is_ascending_and_carries_the_chain() -> None:
    table = json.loads(pmu_json("d", ENTRIES, range(9)))
    assert [row["freq_mhz"] for row in table["operating_points"]] == [100.0, 250.1234]
    assert table["operating_points"][1]["bits_hex"] == "868"
    assert table["chain"] == list(range(9))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) to compile the header with")
def test_header_compiles_and_holds_the_table(tmp_path: Path) -> None:
    (tmp_path / "d.h").write_text(pmu_header("my-core 1", ENTRIES, range(9)))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "d.h"\nint main(void) { for (int i = 0; i < FINEVH_MY_CORE_1_POINTS; i++) {\n'
        "const struct finevh_my_core_1_point *p = &finevh_my_core_1_points[i];\n"
        'printf("%u %u %u %02x%02x\\n", p->freq_khz, p->vdd_low_mv, p->vdd_high_mv, p->bits[0], p->bits[1]); } return 0; }\n'
    )
    subprocess.run(["cc", "-Wall", "-Werror", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    out = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert out == "100000 600 700 0000\n250123 800 900 8680\n"
