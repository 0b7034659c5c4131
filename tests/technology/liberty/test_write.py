from __future__ import annotations

import gzip

import numpy as np
import pytest

from finevh.technology.liberty import read_liberty
from finevh.technology.liberty.write import brief, number, render_liberty, write_gzip


@pytest.mark.parametrize("kit", ["ihp", "nangate"])
def test_a_written_library_reads_back(kit, request, tmp_path):
    folder = request.getfixturevalue(f"{kit}_folder")
    file = folder / {"ihp": "sg13g2_stdcell_slow_1p08V_125C.lib.gz", "nangate": "nangate45_slow.lib.gz"}[kit]
    first = read_liberty(file)
    write_gzip(render_liberty(first), tmp_path / "x.lib.gz")
    second = read_liberty(tmp_path / "x.lib.gz")
    assert (first.vdd, first.temperature, first.slew_lower) == (second.vdd, second.temperature, second.slew_lower)
    assert list(first.cells) == list(second.cells)
    for mine, theirs in zip(first.cells.values(), second.cells.values(), strict=True):
        assert [p.function for p in mine.pins] == [p.function for p in theirs.pins]
        assert (mine.kind, mine.next_state, mine.clear, mine.preset) == (
            theirs.kind,
            theirs.next_state,
            theirs.clear,
            theirs.preset,
        )
        np.testing.assert_allclose([p.cap_rise for p in mine.pins], [p.cap_rise for p in theirs.pins], rtol=1e-4)
        assert dict(mine.leakage) == pytest.approx(dict(theirs.leakage), rel=1e-4)
        assert [a.key for a in mine.arcs] == [a.key for a in theirs.arcs]
        assert [p.key for p in mine.powers] == [p.key for p in theirs.powers]
        for a, b in zip(mine.arcs, theirs.arcs, strict=True):
            # What `brief` may round delays and constraints, and transitions by.
            for s, t, rounding in zip(a.tables, b.tables, (1.1e-3, 1.1e-3, 2.6e-3, 2.6e-3), strict=True):
                assert (s is None) == (t is None)
                if s is not None and t is not None:
                    np.testing.assert_allclose(s.x, t.x, rtol=1e-4)
                    np.testing.assert_allclose(s.y, t.y, rtol=1e-4)
                    np.testing.assert_allclose(s.values, t.values, rtol=rounding)


def test_equal_text_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_gzip("library (x) { }", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert gzip.decompress((tmp_path / "a").read_bytes()) == b"library (x) { }"


def test_numbers_are_short():
    assert [number(v) for v in (1.0, 0.0, 12.34567, 1.5e-7)] == ["1", "0", "12.346", "1.5e-07"]


def test_table_values_take_the_digits_that_their_rounding_needs() -> None:
    assert [brief(v, 1e-3) for v in (0.0, 168.9, 11.84, -98.77, 1234.0, 999.6)] == [
        "0",
        "169",
        "11.84",
        "-98.8",
        "1234",
        "1000",
    ]
    values = np.geomspace(1e-3, 1e6, 500)
    np.testing.assert_allclose([float(brief(v, 2.5e-3)) for v in values], values, rtol=2.5e-3)
