from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.characterization.record import (
    Arc,
    CellRecord,
    CrossDelay,
    CrossLeakage,
    Edge,
    NoiseMargin,
    Pin,
    PinCapacitance,
    StateLeakage,
    load_record,
    record_path,
    save_record,
)
from finevh.errors import InputError


def small_record() -> CellRecord:
    edge = Edge(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([[-0.5, 0.25]]))
    drivers = np.array([0.9, 1.0])
    return CellRecord(
        "INV",
        "PB0",
        1.0,
        125.0,
        (Pin("A", "input"), Pin("ZN", "output", "!A")),
        (PinCapacitance("A", 1.7, 1.6, (1.7, 1.7), (1.6, 1.6)),),
        (
            Arc(
                "A",
                "ZN",
                "negative_unate",
                "combinational",
                (),
                np.array([5.0]),
                np.array([1.0, 2.0]),
                edge,
                None,
                (("B", 1),),
            ),
        ),
        (),
        (StateLeakage((("A", 0),), 1e-5),),
        (CrossLeakage(("A",), -1, drivers, np.array([[1.0, 2.0, 14.0], [1.0, 2.0, 2.0]])),),
        (
            CrossDelay(
                "A",
                "ZN",
                "negative_unate",
                "fall",
                (),
                drivers,
                np.array([5.0]),
                np.array([1.0]),
                np.array([[[12.0]], [[10.0]]]),
                np.array([[[6.0]], [[5.0]]]),
            ),
        ),
        (NoiseMargin("A", 0.4, 0.6),),
    )


def test_record_survives_the_file(tmp_path: Path) -> None:
    record = small_record()
    path = record_path(tmp_path, "INV", "PB0", 0.8)
    assert path == tmp_path / "PB0" / "0v80" / "INV.json.gz"
    save_record(record, path)
    again = load_record(path)
    assert again.pins == record.pins
    assert again.arcs[0].rise_state == (("B", 1),)
    assert again.arcs[0].fall is None
    assert again.arcs[0].rise is not None
    np.testing.assert_array_equal(again.arcs[0].rise.energy_fj, [[-0.5, 0.25]])
    assert again.leakage == record.leakage


def test_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    save_record(small_record(), tmp_path / "a")
    save_record(small_record(), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert list(tmp_path.glob("*.part")) == []


def test_derate_refers_to_the_same_pattern_on_the_own_rail() -> None:
    np.testing.assert_array_equal(small_record().cross_leakage[0].derate(), [[1, 1, 7], [1, 1, 1]])


def test_a_cell_that_never_leaks_has_derate_one_without_dividing_by_zero() -> None:
    tie = CrossLeakage(inputs=(), internal=-1, driver_vdd=np.array([1.5, 1.8]), leakage_mw=np.array([[0.0], [0.0]]))
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(tie.derate(), [[1.0], [1.0]])


def test_cross_delay_is_a_shift_from_the_own_rail() -> None:
    crossed = small_record().cross_delay[0]
    np.testing.assert_array_equal(crossed.shift_ps(1.0)[:, 0, 0], [2.0, 0.0])
    np.testing.assert_allclose(crossed.slew_ratio(1.0)[:, 0, 0], [1.2, 1.0])


def test_noise_margin_falls_with_the_driver_rail() -> None:
    margin = NoiseMargin("A", 0.4, 0.6)
    assert margin.margin(1.0) == pytest.approx(0.4)
    assert margin.margin(0.8) == pytest.approx(0.2)
    assert margin.margin(0.5) < 0


@pytest.mark.parametrize(
    "damage",
    # named: a gzip header holds the second it was made in, and processes that share tests must name them alike
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(gzip.compress(b"{"), id="cut JSON"),
        pytest.param(gzip.compress(b'{"schema": 0}'), id="another schema"),
    ],
)
def test_damaged_record_is_refused(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "INV.json.gz"
    path.write_bytes(damage)
    with pytest.raises(InputError, match="delete it and characterise again"):
        load_record(path)


def test_missing_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    save_record(replace(small_record(), arcs=()), path)
    text = gzip.decompress(path.read_bytes()).replace(b'"noise"', b'"nose"')
    path.write_bytes(gzip.compress(text))
    with pytest.raises(InputError, match="damaged characterisation record"):
        load_record(path)
