"""Technologies from platform folders: the forms of nangate45, IHP, sky130, gf180 and asap7, small enough to read."""

from __future__ import annotations

import os
import shutil
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import load_technology
from finevh.technology.platform import add_platform
from finevh.technology.platform.liberty_files import choose_corner, find_libraries, merge_liberty
from finevh.technology.platform.makefile import read_makefile

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")
PDK = Path(os.environ.get("FINEVH_PDK", Path(__file__).resolve().parents[4] / "shared" / "pdk"))
needs_pdk = pytest.mark.skipif(not (PDK / "ihp-sg13g2").is_dir(), reason=f"no open PDK data at {PDK} (set FINEVH_PDK)")

LIBRARY = """library ({name}) {{
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1uA";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1, pf);
  pulling_resistance_unit : "1kohm";
  nom_process : 1;
  nom_voltage : {vdd};
  nom_temperature : {temperature};
  slew_lower_threshold_pct_rise : 20; slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20; slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  lu_table_template (t) {{ variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 0.1"); index_2 ("0.001, 0.01"); }}
{cells}
}}
"""
CELL = """  cell ({name}) {{
    area : 1.0;
    cell_leakage_power : {leakage};
    leakage_power () {{ when : "A"; value : {leakage}; }}
    leakage_power () {{ when : "!A"; value : {leakage}; }}
    pin (A) {{ direction : input; capacitance : 0.001; }}
    pin (Y) {{ direction : output; function : "{function}"; max_capacitance : 0.1;
      timing () {{ related_pin : "A"; timing_sense : {sense};
        cell_rise (t) {{ values ("0.01, 0.02", "0.03, 0.04"); }}
        cell_fall (t) {{ values ("0.01, 0.02", "0.03, 0.04"); }}
        rise_transition (t) {{ values ("0.01, 0.02", "0.03, 0.04"); }}
        fall_transition (t) {{ values ("0.01, 0.02", "0.03, 0.04"); }}
      }}
    }}
  }}
"""
TECH_LEF = """VERSION 5.8 ;
UNITS
  DATABASE MICRONS 1000 ;
END UNITS
LAYER M1
  TYPE ROUTING ;
  DIRECTION HORIZONTAL ;
  PITCH 0.2 ;
  WIDTH 0.1 ;
  SPACING 0.1 ;
END M1
LAYER M2
  TYPE ROUTING ;
  DIRECTION VERTICAL ;
  PITCH 0.2 ;
  WIDTH 0.1 ;
  SPACING 0.1 ;
END M2
SITE unit
  CLASS CORE ;
  SIZE 0.2 BY 2.0 ;
END unit
END LIBRARY
"""
MACRO = """MACRO {name}
  CLASS CORE ;
  SIZE 0.4 BY 2.0 ;
  SITE unit ;
  PIN A
    DIRECTION INPUT ;
  END A
END {name}
"""
CONFIG = """# A platform
export TECH_LEF = $(PLATFORM_DIR)/lef/tech.lef
export SC_LEF = $(PLATFORM_DIR)/lef/cells.lef
export LIB_FILES ?= $(PLATFORM_DIR)/lib/{library} \\
                    $(ADDITIONAL_LIBS)
export DONT_USE_CELLS = *slow_inv
export FILL_CELLS ?= fill_1
export TIEHI_CELL_AND_PORT = tie Y
export MIN_BUF_CELL_AND_PORTS = buf_2 A Y
export PLACE_SITE = unit
{more}
"""
SET_RC = """set_layer_rc -layer M1 -resistance 7.0E-03 -capacitance 1.5E-04
if { $::env(STACK) == "two" } {
  set_layer_rc -layer M2 -resistance 2.0E-03 -capacitance 2.0E-04
}
foreach via [[ord::get_db_tech] getVias] { exec touch pwned }
set_wire_rc -signal -layer M1
"""


def cell(name: str, function: str = "!A", leakage: float = 2.0) -> str:
    sense = "negative_unate" if function.startswith("!") else "positive_unate"
    return CELL.format(name=name, function=function, leakage=leakage, sense=sense)


def write_library(folder: Path, name: str, vdd: float, temperature: float, cells: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = LIBRARY.format(name=name.split(".")[0], vdd=vdd, temperature=temperature, cells=cells)
    (folder / name).write_text(text)


def write_platform(path: Path, library: str, macros: tuple[str, ...], more: str = "export STACK = two") -> Path:
    (path / "lef").mkdir(parents=True)
    (path / "lef" / "tech.lef").write_text(TECH_LEF)
    (path / "lef" / "cells.lef").write_text("".join(MACRO.format(name=name) for name in macros) + "END LIBRARY\n")
    (path / "config.mk").write_text(CONFIG.format(library=library, more=more))
    (path / "setRC.tcl").write_text(SET_RC)
    return path


CELLS = cell("inv_1") + cell("inv_2") + cell("buf_1", "A") + cell("buf_2", "A") + cell("slow_inv")
NAMES = ("inv_1", "inv_2", "buf_1", "buf_2", "slow_inv", "fill_1")


@pytest.fixture
def ihp(tmp_path: Path) -> Path:
    """Two supplies at each of three corners, the flow itself naming one."""
    path = write_platform(tmp_path / "ihp", "std_typ_1p20V_25C.lib", NAMES)
    for corner, heat, label, vdds in (
        ("slow", 125, "125C", (1.08, 1.35)), ("typ", 25, "25C", (1.20, 1.50)), ("fast", -40, "m40C", (1.32, 1.65)),
    ):  # fmt: skip
        for vdd in vdds:
            name = f"std_{corner}_{vdd:.2f}V_{label}".replace(".", "p") + ".lib"
            write_library(path / "lib", name, vdd, heat, CELLS)
    write_library(path / "lib", "io_slow_1p08V_125C.lib", 1.08, 125, cell("pad"))
    return path


@needs_tclsh
def test_several_supplies_of_a_corner_become_the_vdd_axis(ihp: Path, tmp_path: Path) -> None:
    result = add_platform(ihp, tmp_path / "out")
    technology = load_technology(result.folder)
    assert technology.vdds.tolist() == [1.08, 1.35]
    assert result.notes[0] == "corner slow, 125 C: Vdd 1.08, 1.35 V"
    assert any(note.startswith("no cross-voltage tables") for note in result.notes)
    assert technology.cross is None
    assert "pad" not in technology.cells.names


@needs_tclsh
def test_a_wanted_corner_is_taken_and_an_unknown_one_named(ihp: Path, tmp_path: Path) -> None:
    assert load_technology(add_platform(ihp, tmp_path / "typ", corner="typ").folder).vdds.tolist() == [1.2, 1.5]
    with pytest.raises(InputError, match="no library of corner 'cold'; the platform has fast, slow, typ"):
        add_platform(ihp, tmp_path / "cold", corner="cold")


@needs_tclsh
def test_wire_constants_come_from_set_rc_in_the_units_of_the_library_and_nothing_in_it_is_executed(
    ihp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tomllib.loads((add_platform(ihp, tmp_path / "out").folder / "technology.toml").read_text())
    layers = {layer["name"]: layer for layer in raw["layers"]}
    assert layers["M1"]["resistance_ohm_per_um"] == pytest.approx(7.0)
    assert layers["M1"]["capacitance_ff_per_um"] == pytest.approx(0.15)
    assert layers["M2"]["capacitance_ff_per_um"] == pytest.approx(0.2)
    assert not (tmp_path / "pwned").exists()
    assert not (ihp / "pwned").exists()


@needs_tclsh
def test_a_resistance_in_another_unit_than_the_library_says_is_noticed(ihp: Path, tmp_path: Path) -> None:
    tech = ihp / "lef" / "tech.lef"
    tech.write_text(tech.read_text().replace("  WIDTH 0.1 ;\n", "  WIDTH 0.1 ;\n  RESISTANCE RPERSQ 0.09 ;\n"))
    (ihp / "setRC.tcl").write_text("set_layer_rc -layer M1 -resistance 9.0E-07 -capacitance 1.5E-04\n")
    result = add_platform(ihp, tmp_path / "out")
    layer = tomllib.loads((result.folder / "technology.toml").read_text())["layers"][0]
    assert layer["resistance_ohm_per_um"] == pytest.approx(0.9)
    assert any(note.startswith("layer M1: setRC.tcl gives 0.0009 ohm/um") for note in result.notes)


@needs_tclsh
def test_special_cells_of_the_platform_become_roles(ihp: Path, tmp_path: Path) -> None:
    roles = load_technology(add_platform(ihp, tmp_path / "out").folder).roles
    assert roles["buffer"][0] == "buf_2"
    assert "slow_inv" in roles["dont_use"]
    assert roles["fill"] == ("fill_1",)
    assert set(roles["inverter"]) == {"inv_1", "inv_2", "slow_inv"}


@needs_tclsh
def test_derived_leakage_derates_follow_the_stated_slope_and_say_so(ihp: Path, tmp_path: Path) -> None:
    result = add_platform(ihp, tmp_path / "out", leakage_slope=0.14)
    technology = load_technology(result.folder)
    assert technology.name == "ihp-derived-slope-140mV"
    assert "DERIVED from a slope model" in (result.folder / "technology.toml").read_text()
    assert technology.cross is not None
    high, low = 1, 0  # corner at 1.35 V, driver at 1.08 V
    start = int(technology.cross.leakage_offset[technology.corner_of[0, high], low])
    first = int(technology.cells.ternary_ptr[technology.cells.index["inv_1"]])
    k = technology.cross.leakage_k[start + first : start + first + 3]
    assert k == pytest.approx([1.0, 1.0, 10 ** (0.27 / 0.14)], rel=1e-5)
    assert np.all(technology.cross.delay_v == -1)
    with pytest.raises(InputError, match="not positive"):
        add_platform(ihp, tmp_path / "bad", leakage_slope=0.0)


@needs_tclsh
def test_one_supply_alone_is_said_to_leave_nothing_to_hop_between(tmp_path: Path) -> None:
    path = write_platform(tmp_path / "nangate", "Std_typical.lib", NAMES)
    write_library(path / "lib", "Std_typical.lib", 1.1, 25, CELLS)
    result = add_platform(path, tmp_path / "out")
    assert any("nothing to hop between" in note for note in result.notes)


@needs_tclsh
def test_voltages_written_as_4v50_and_options_in_file_names_are_understood(tmp_path: Path) -> None:
    more = "export TRACK ?= 9t\nifeq ($(TRACK),9t)\nexport STACK ?= two\nelse\nexport STACK ?= one\nendif\n-include missing.mk"
    path = write_platform(tmp_path / "gf", "mcu$(TRACK)5v0__ff_n40C_5v50.lib", NAMES, more)
    for corner, heat, vdds in (("ss_125C", 125, (1.62, 3.0, 4.5)), ("ff_n40C", -40, (1.98, 5.5))):
        for vdd in vdds:
            name = f"mcu9t5v0__{corner}_{vdd:.2f}".replace(".", "v") + ".lib"
            write_library(path / "lib", name, vdd, heat, CELLS)
    assert load_technology(add_platform(path, tmp_path / "out").folder).vdds.tolist() == [1.62, 3.0, 4.5]


ASAP7 = """export STACK = two
export VT_LIST = $(if $(strip $(ASAP7_USE_VT)), $(ASAP7_USE_VT), RVT)
export PRIMARY_VT = $(word 1, $(VT_LIST))
export OTHER_VT = $(wordlist 2, $(words $(VT_LIST)), $(VT_LIST))
export TAG = $(strip $(patsubst %VT, %, $(PRIMARY_VT)))
export FILES_T = $(PLATFORM_DIR)/lib/a7_INV_PLACEHOLDERVT_SS_nldm_211120.lib \\
                 $(PLATFORM_DIR)/lib/a7_BUF_PLACEHOLDERVT_SS_nldm_220122.lib
export WC_FILES ?= $(subst PLACEHOLDER,$(TAG),$(FILES_T))
$(foreach vt_type,$(OTHER_VT),\\
  $(eval OTHER_TAG = $(strip $(patsubst %VT, %, $(vt_type)))) \\
  $(eval WC_FILES += $(subst PLACEHOLDER,$(OTHER_TAG),$(FILES_T))) \\
)
export CORNER ?= WC
export LIB_FILES += $($(CORNER)_FILES)
"""


@needs_tclsh
def test_vth_flavours_become_variants_and_files_of_one_corner_one_library(tmp_path: Path) -> None:
    macros = tuple(f"{name}_{tag}" for name in ("inv_1", "buf_2") for tag in ("R", "L", "SL"))
    path = write_platform(tmp_path / "asap7", "unused.lib", macros, ASAP7)
    config = (
        (path / "config.mk").read_text().replace("export LIB_FILES ?= $(PLATFORM_DIR)/lib/unused.lib \\\n", "# \\\n")
    )
    (path / "config.mk").write_text(config)
    for tag, leakage in (("R", 1.0), ("L", 4.0), ("SL", 16.0), ("SRAM", 0.5)):
        flavour = tag if tag == "SRAM" else f"{tag}VT"
        write_library(
            path / "lib", f"a7_INV_{flavour}_SS_nldm_211120.lib", 0.63, 100, cell(f"inv_1_{tag}", leakage=leakage)
        )
        write_library(
            path / "lib", f"a7_BUF_{flavour}_SS_nldm_220122.lib", 0.63, 100, cell(f"buf_2_{tag}", "A", leakage)
        )
    technology = load_technology(add_platform(path, tmp_path / "out").folder)
    assert [(v.name, v.suffix) for v in technology.variants] == [("RVT", "_R"), ("LVT", "_L"), ("SLVT", "_SL")]
    assert set(technology.cells.names) == {"inv_1", "buf_2"}
    leakage = technology.corners.leakage[technology.corner_of[:, 0], 0]
    assert leakage / leakage[0] == pytest.approx([1.0, 4.0, 16.0])


def test_templates_that_differ_between_merged_files_are_refused() -> None:
    first = LIBRARY.format(name="a", vdd=1.0, temperature=25, cells=cell("x"))
    second = LIBRARY.format(name="b", vdd=1.0, temperature=25, cells=cell("y")).replace('"0.01, 0.1"', '"0.01, 0.2"')
    with pytest.raises(InputError, match="template t differs"):
        merge_liberty([first, second], "test")
    with pytest.raises(InputError, match="cell x stands in two files"):
        merge_liberty([first, first], "test")


def test_a_folder_that_is_no_platform_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        add_platform(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no config\.mk, and not one technology LEF"):
        add_platform(tmp_path / "empty")
    (tmp_path / "empty" / "config.mk").write_text("export PROCESS = 45\n")
    with pytest.raises(InputError, match="sets no TECH_LEF, SC_LEF, LIB_FILES"):
        add_platform(tmp_path / "empty")


def test_a_pointer_instead_of_a_library_is_named(tmp_path: Path) -> None:
    path = tmp_path / "std_ss_1p00V.lib"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(InputError, match="git-lfs pointer"):
        find_libraries([path])


def test_make_functions_and_conditions(tmp_path: Path) -> None:
    (tmp_path / "config.mk").write_text(
        "A = one two three\nB := $(word 2,$(A)) # comment\nA += four\nC = $(addsuffix .v,$(filter t%,$(A)))\n"
        'ifneq ($(B),two)\nD = wrong\nelse ifeq ("$(B)","two")\nD = right\nelse\nD = other\nendif\nifdef NONE\nE = 1\nendif\n'
        "F = $(shell touch pwned)$(A:one=1)\nD ?= late\n"
    )
    make = read_makefile(tmp_path / "config.mk", {})
    assert make.value("B") == "two"
    assert make.words("C") == ["two.v", "three.v"]
    assert make.value("D") == "right"
    assert make.value("E") == ""
    assert make.value("F") == "1 two three four"
    assert make.ignored == ["$(shell touch pwned)"]
    (tmp_path / "loop.mk").write_text("X = $(Y)\nY = $(X)\n")
    with pytest.raises(InputError, match="refers to itself"):
        read_makefile(tmp_path / "loop.mk", {}).value("X")
    (tmp_path / "open.mk").write_text("ifeq (a,b)\n")
    with pytest.raises(InputError, match="not closed with 'endif'"):
        read_makefile(tmp_path / "open.mk", {})


@needs_pdk
def test_ihp_data_give_hopping_between_1v08_and_1v35(tmp_path: Path) -> None:
    technology = load_technology(add_platform(PDK / "ihp-sg13g2", tmp_path).folder)
    assert technology.vdds.tolist() == [1.08, 1.35]
    assert "sg13g2_inv_1" in technology.cells.names
    assert len(choose_corner(find_libraries([PDK / "ihp-sg13g2" / "sg13g2_stdcell_typ_1p20V_25C.lib.gz"]), "typ")) == 2


@needs_tclsh
@pytest.mark.parametrize(
    "text",
    [
        "while {1} {}",
        "while {1} {set a 1}",
        "set x [string repeat a 2000000000]",
        "proc f {} { f }; f",
        "error {\x1b[31m}",
    ],
)
def test_a_set_rc_that_does_not_end_or_fit_is_refused_within_seconds(ihp: Path, text: str) -> None:
    (ihp / "setRC.tcl").write_text(text, encoding="utf-8")
    begin = time.monotonic()
    with pytest.raises(InputError, match=r"setRC\.tcl"):
        add_platform(ihp, ihp.parent / "out")
    assert time.monotonic() - begin < 12
