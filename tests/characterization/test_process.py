from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.characterization.cells.topology import Transistor
from finevh.characterization.process import Process, load_process, transistor_line
from finevh.errors import InputError, ToolMissingError
from tests.characterization.conftest import TECHNOLOGY


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    text = TECHNOLOGY.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "technology.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_technology_has_two_sets_of_three_variants(process: Process) -> None:
    assert [v.name for v in process.variants] == ["PB0", "PB4", "PB10", "PB16", "VT4", "VT10", "VT16"]
    lengths = [v.length_offset_nm for v in process.variants]
    shifts = [v.vth_offset_mv for v in process.variants]
    assert lengths[:4] == sorted(lengths[:4])
    assert lengths[4:] == [0, 0, 0]
    assert shifts[:4] == [0, 0, 0, 0]
    assert process.vdd[0] == 0.6
    assert process.vdd[-1] == 1.0
    assert len(process.vdd) == 9


def test_drivers_reach_two_hundred_millivolts_both_ways(process: Process) -> None:
    np.testing.assert_allclose(process.drivers(0.8), np.arange(0.6, 1.01, 0.05))
    np.testing.assert_allclose(process.drivers(1.0), [0.8, 0.85, 0.9, 0.95, 1.0])
    np.testing.assert_allclose(process.delay_drivers(0.65), [0.6, 0.65, 0.75, 0.85])


def test_offsets_of_a_variant_stand_on_every_transistor(process: Process) -> None:
    nodes = {"z": "n1", "a": "n2", "VSS": "0", "VDD": "nvdd"}
    n, p = Transistor("n", "z", "a", "VSS", 1.0), Transistor("p", "z", "a", "VDD", 0.5)
    assert "NMOS_VTG w=0.415u l=0.0551u" in transistor_line(process, process.variant("PB16"), n, "1", nodes)
    assert " delvto=0.0517 " in transistor_line(process, process.variant("VT16"), n, "1", nodes)
    line = transistor_line(process, process.variant("VT16"), p, "1", nodes, 4)
    assert line.startswith("m1 n1 n2 nvdd nvdd PMOS_VTG w=0.315u l=0.05u")
    assert " m=4 delvto=-0.0517 " in line


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (
            (('n = "NMOS_VTG"', 'n = "NMOS_XYZ"'),),
            "[devices.VTG] names model 'NMOS_XYZ', which freepdk45_ss.spi does not define",
        ),
        (
            (('name = "PB4"\ndevice = "VTG"', 'name = "PB4"\ndevice = "HVT"'),),
            "variant PB4 uses device 'HVT', which [devices] does not define; it has VTG, VTL, VTH",
        ),
        ((("[voltages]", "[voltages"),), "not valid TOML"),
        ((("pair_span", "par_span"),), "key 'pair_span' is missing; see libs/finevh45/technology.toml"),
        (
            (("freepdk45_ss.spi", "freepdk45_xx.spi"),),
            "package c4m-pdk-freepdk45 holds no file c4m/pdk/freepdk45/freepdk45_xx.spi; "
            "correct [models] file in technology.toml",
        ),
    ],
)
def test_wrong_technology_is_named(tmp_path: Path, pairs: tuple[tuple[str, str], ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_process(changed(tmp_path, *pairs))
    assert message in str(caught.value)


def test_missing_model_package_is_a_missing_tool(tmp_path: Path) -> None:
    path = changed(tmp_path, ('package = "c4m-pdk-freepdk45"', 'package = "no-such-package-of-models"'))
    with pytest.raises(ToolMissingError, match="pip install no-such-package-of-models"):
        load_process(path)


def test_voltage_outside_the_models_is_refused(process: Process) -> None:
    with pytest.raises(InputError, match=r"Vdd 2 V is outside 0\.45 to 1\.2 V"):
        process.check_voltage(2.0)
    process.check_voltage(0.6)


def test_unknown_variant_is_refused(process: Process) -> None:
    with pytest.raises(InputError, match="no variant 'PB99'; it has PB0, PB4"):
        process.variant("PB99")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"VTX"', r"header_select names device 'VTX', which \[devices\] does not define"),
        ('["VTH"]', "a value has the wrong kind"),
        ('"VTH\\n.control"', "header_select"),
    ],
)
def test_select_devices_that_are_not_defined_or_no_names_are_refused(tmp_path: Path, value: str, message: str) -> None:
    path = changed(tmp_path, ('header_select = "VTH"', f"header_select = {value}"))
    with pytest.raises(InputError, match=message):
        load_process(path)
