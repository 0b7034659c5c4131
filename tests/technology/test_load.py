from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import load_technology, with_vdds
from finevh.technology.cache import load_archive, save_archive
from finevh.technology.cross import CrossFile, read_cross_file, write_cross_file
from finevh.technology.model import Corners, Sense
from tests.technology.liberty_samples import HEAD, TABLES, inverter

MANIFEST = """\
name = "tiny"

[views]
liberty = "{variant}_{vdd}.lib"
vdd = [0.8, 0.9, 1.0]
cross_voltage = "cross.npz"

[roles]
inverter = ["INV_X1"]

[[variants]]
name = "PB0"
group = ["pb"]

[[variants]]
name = "PB4"
group = ["pb", "slow"]
"""


def cross_file() -> CrossFile:
    """One inverter family; 0.8 V against 1.0 V is left out."""
    vdds = np.array([0.8, 0.9, 1.0])
    pairs = [(0, 1), (1, 0), (1, 2), (2, 1)]
    k = np.ones((2, len(pairs), 3), dtype=np.float32)
    k[:, :, 2] = [[0.2, 7.0, 0.2, 8.0]]
    shift = np.zeros((2, len(pairs), 2, 2, 2), dtype=np.float32)
    shift[:, 3, 0] = [[1.0, 2.0], [3.0, 4.0]]
    factor = np.ones_like(shift)
    factor[:, 3, 0] = 1.5
    return CrossFile(
        variants=("PB0", "PB4"),
        vdds=vdds,
        pair_cell=np.array([c for c, _ in pairs], dtype=np.int32),
        pair_driver=np.array([d for _, d in pairs], dtype=np.int32),
        families=("INV",),
        state_pins=(("A",),),
        leakage_ptr=np.array([0, 3]),
        leakage_k=k,
        arc_family=np.zeros(2, dtype=np.int32),
        arc_related=("A", "A"),
        arc_pin=("ZN", "ZN"),
        arc_sense=np.full(2, Sense.NEGATIVE, dtype=np.int8),
        arc_edge=np.array([0, 1], dtype=np.int8),
        slew_ps=np.broadcast_to(np.float32([10, 20]), (2, 3, 2, 2)).copy(),
        load_ff=np.broadcast_to(np.float32([1, 3]), (2, 3, 2, 2)).copy(),
        delay_shift_ps=shift,
        slew_factor=factor,
        v_il=np.full((2, 3, 1), 0.35),
        v_ih=np.broadcast_to(vdds[None, :, None] - 0.3, (2, 3, 1)).copy(),
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FINEVH_CACHE", str(tmp_path / "cache"))
    for variant, scale in (("PB0", 1.0), ("PB4", 1.1)):
        for vdd in (0.8, 0.9, 1.0):
            head = HEAD.replace("nom_voltage : 1.0", f"nom_voltage : {vdd}")
            timing = TABLES.replace(
                'values ("1, 2, 3", "4, 5, 6")',
                'values ("{}, {}, {}", "{}, {}, {}")'.format(*(v * scale / vdd for v in range(1, 7))),
            )
            text = inverter(timing, head)
            drive = text[text.index("  cell (INV_X1)") : text.rindex("}")].replace("INV_X1", "INV_X2")
            text = text[: text.rindex("}")] + drive + "}\n"
            if variant == "PB4":
                text = text.replace("INV_X1", "INV_X1_PB4").replace("INV_X2", "INV_X2_PB4")
            (tmp_path / f"{variant}_{vdd:.2f}.lib".replace(".", "v", 1)).write_text(text)
    write_cross_file(cross_file(), tmp_path / "cross.npz")
    (tmp_path / "technology.toml").write_text(MANIFEST)
    return tmp_path


def test_a_technology_is_variants_by_supplies(folder):
    technology = load_technology(folder)
    assert technology.cells.names == ("INV_X1", "INV_X2")
    assert technology.corner_of.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [v.suffix for v in technology.variants] == ["", "_PB4"]
    # The fall delay is one number for all, so half of the edges are 10 % slower.
    assert technology.variants[1].slowdown == pytest.approx(0.05)
    assert technology.vdd_nominal == 1.0


def test_variants_are_chosen_by_name_or_group(folder):
    assert [v.name for v in load_technology(folder, variants=["PB4"]).variants] == ["PB4"]
    assert [v.name for v in load_technology(folder, group="slow").variants] == ["PB4"]
    with pytest.raises(InputError, match="no variant 'PB5'; it has PB0, PB4"):
        load_technology(folder, variants=["PB5"])
    with pytest.raises(InputError, match="no variant is in group 'vt'; groups are pb, slow"):
        load_technology(folder, group="vt")


def test_the_second_load_comes_from_the_cache_and_is_equal(folder, monkeypatch):
    first = load_technology(folder)
    monkeypatch.setattr("finevh.technology.from_files.build_technology", None)
    second = load_technology(folder)
    assert (first.name, first.variants, first.roles, first.cells.names) == (
        second.name,
        second.variants,
        second.roles,
        second.cells.names,
    )
    for field in fields(Corners):
        assert np.array_equal(getattr(first.corners, field.name), getattr(second.corners, field.name))
    assert np.array_equal(first.cross.leakage_k, second.cross.leakage_k)


def test_a_changed_file_is_read_again(folder):
    first = load_technology(folder)
    file = folder / "PB0_0v80.lib"
    file.write_text(file.read_text().replace("capacitance : 0.002;", "capacitance : 0.003;"))
    assert first.corners.pin_cap[0, 0] == pytest.approx(2)
    assert load_technology(folder).corners.pin_cap[0, 0] == pytest.approx(3)


def test_a_damaged_cache_is_built_again(folder):
    load_technology(folder)
    for file in (folder / "cache").glob("*.npz"):
        file.write_bytes(b"half a file")
    assert load_technology(folder).corner_of.size == 6


def test_an_archive_holds_no_pickles_and_no_half_file(folder, tmp_path):
    technology = load_technology(folder)
    save_archive(technology, tmp_path / "x" / "t.npz")
    assert load_archive(tmp_path / "x" / "t.npz").cells.names == technology.cells.names
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("PB4_0v90.lib", "names PB4_0v90.lib, which does not exist"),
        ("cross.npz", "names cross.npz, which does not exist"),
    ],
)
def test_a_missing_file_is_named(folder, file, message):
    (folder / file).unlink()
    with pytest.raises(InputError, match=message):
        load_technology(folder)


def test_a_file_of_another_supply_is_refused(folder):
    (folder / "PB0_0v80.lib").write_text((folder / "PB0_0v90.lib").read_text())
    with pytest.raises(InputError, match=r"PB0_0v80\.lib: the library is at 0\.9 V, its name says 0\.8 V"):
        load_technology(folder)


def test_a_role_without_its_cell_is_refused(folder):
    path = folder / "technology.toml"
    path.write_text(path.read_text().replace('"INV_X1"', '"INV_X9"'))
    with pytest.raises(InputError, match=r"roles\.inverter names cell INV_X9, which the libraries do not hold"):
        load_technology(folder)


def test_a_wrong_placeholder_is_named(folder):
    path = folder / "technology.toml"
    path.write_text(path.read_text().replace("{vdd}", "{volt}"))
    with pytest.raises(InputError, match=r"known placeholders are \{suffix\}, \{variant\} and \{vdd\}"):
        load_technology(folder)


def test_derates_reach_every_drive_of_a_family(folder):
    technology = load_technology(folder)
    cross, cells = technology.cross, technology.cells
    corner, driver = int(technology.corner_of[0, 2]), 1
    block = int(cross.leakage_offset[corner, driver])
    assert cross.leakage_k[block : block + 6].tolist() == [1, 1, 8, 1, 1, 8]
    for cell, drive in ((0, 1), (1, 2)):
        slot = int(cells.arc_table[cells.arc_ptr[cell], 0])
        y, v = int(cross.delay_y[corner, driver, slot]), int(cross.delay_v[corner, driver, slot])
        assert cross.pool[y : y + 2].tolist() == [drive, 3 * drive]
        assert cross.pool[v : v + 4].tolist() == [1, 2, 3, 4]
    slew = int(cells.arc_table[cells.arc_ptr[0], 2])
    v = int(cross.delay_v[corner, driver, slew])
    assert cross.pool[v : v + 4].tolist() == [1.5] * 4


def test_the_own_rail_has_factor_one_and_an_absent_pair_is_absent(folder):
    technology = load_technology(folder)
    cross = technology.cross
    low, high = int(technology.corner_of[0, 0]), int(technology.corner_of[0, 2])
    own = int(cross.leakage_offset[high, 2])
    assert (cross.leakage_k[own : own + 6] == 1).all()
    assert cross.leakage_offset[high, 0] == cross.leakage_offset[low, 2] == -1
    assert (cross.delay_v[high, 0] == -1).all()


def test_the_noise_margin_counts_both_levels(folder):
    technology = load_technology(folder)
    high = int(technology.corner_of[0, 2])
    # min(v_il, v_driver - v_ih), with v_ih = 0.7 V at 1.0 V.
    np.testing.assert_allclose(technology.cross.noise_margin[high, :, 0], [0.1, 0.2, 0.3], atol=1e-12)


def test_a_variant_with_fewer_supplies_limits_those_who_load_it(folder):
    path = folder / "technology.toml"
    path.write_text(path.read_text() + "vdd = [0.8, 1.0]\n")
    (folder / "PB4_0v90.lib").unlink()
    assert load_technology(folder).vdds.tolist() == [0.8, 1.0]
    assert load_technology(folder, variants=["PB0"]).vdds.tolist() == [0.8, 0.9, 1.0]


def test_derates_that_were_not_characterised_are_absent(folder):
    cross = cross_file()
    cross.leakage_k[1, 3] = np.nan
    cross.delay_shift_ps[1, 3] = np.nan
    write_cross_file(cross, folder / "cross.npz")
    technology = load_technology(folder)
    corner = int(technology.corner_of[1, 2])
    assert technology.cross.leakage_offset[corner, 1] == -1
    assert (technology.cross.delay_v[corner, 1] == -1).all()
    assert technology.cross.leakage_offset[technology.corner_of[0, 2], 1] >= 0


def test_interpolated_derates_follow_the_difference_of_the_rails(folder):
    technology = with_vdds(load_technology(folder), [0.85, 0.95])
    cross = technology.cross
    block = int(cross.leakage_offset[technology.corner_of[0, 1], 0])
    # 0.95 V driven at 0.85 V lies between (0.9, 0.8) and (1.0, 0.9).
    assert cross.leakage_k[block + 2] == pytest.approx(np.sqrt(7 * 8))
    assert (cross.leakage_offset >= 0).all()


def test_the_cross_file_survives_a_round_trip_and_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_cross_file(cross_file(), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    back = read_cross_file(tmp_path / "a.npz")
    for field in fields(CrossFile):
        mine, theirs = getattr(cross_file(), field.name), getattr(back, field.name)
        assert np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs


def test_a_damaged_cross_file_is_named(folder):
    (folder / "cross.npz").write_bytes(b"PK half")
    with pytest.raises(InputError, match=r"cross\.npz: not a readable cross-voltage file"):
        load_technology(folder)


def test_a_cross_file_without_the_supply_is_refused(folder):
    cross = cross_file()
    write_cross_file(
        CrossFile(**{f.name: getattr(cross, f.name) for f in fields(CrossFile)} | {"vdds": cross.vdds + 0.01}),
        folder / "cross.npz",
    )
    with pytest.raises(InputError, match=r"holds no supply 0\.8 V; it has 0\.81, 0\.91, 1\.01 V"):
        load_technology(folder)
