"""LEF and DEF of other tools: what need not be understood is passed over by statement, garbage is an error with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.layout.formats.def_model import DefRow, DefWire
from finevh.layout.formats.def_read import parse_def, read_def
from finevh.technology.lef import Lef, read_lef

LEF = """VERSION 5.8 ;
BUSBITCHARS "[]" ;
DIVIDERCHAR "/" ;
UNITS
  DATABASE MICRONS 2000 ;
END UNITS
MANUFACTURINGGRID 0.005 ;
LAYER m1
  TYPE ROUTING ;
  DIRECTION HORIZONTAL ;
  PITCH 0.2 ;
  WIDTH 0.1 ;
  SPACING 0.12 ;
  RESISTANCE RPERSQ 0.5 ;
  CAPACITANCE CPERSQDIST 0.00004 ;
  EDGECAPACITANCE 0.00002 ;
END m1
SITE unit
  CLASS CORE ;
  SIZE 0.2 BY 1.4 ;
END unit
MACRO INV
  CLASS CORE ;
  ORIGIN 0 0 ;
  SIZE 0.6 BY 1.4 ;
  SITE unit ;
  PIN A
    DIRECTION INPUT ;
    USE SIGNAL ;
    PORT
      LAYER m1 ;
      RECT 0.1 0.1 0.2 0.3 ;
    END
  END A
  OBS
    LAYER m1 ;
    RECT 0.3 0.3 0.4 0.5 ;
  END
END INV
END LIBRARY
"""


def lef(tmp_path: Path, text: str) -> Lef:
    path = tmp_path / "x.lef"
    path.write_text(text)
    return read_lef([path])


def known(found: Lef) -> tuple[object, ...]:
    return found.layers, found.sites, found.macros


PASSED = {
    "mask": ("RECT 0.3 0.3", "RECT MASK 2 0.3 0.3"),
    "corners the other way round": ("RECT 0.1 0.1 0.2 0.3", "RECT 0.2 0.3 0.1 0.1"),
    "path of an obstruction": ("    RECT 0.3", "    WIDTH 0.1 ;\n    PATH ITERATE 0 0 1 0 DO 2 BY 1 STEP 1 1 ;\n    RECT 0.3"),
    "via of a pin": ("    END\n  END A", "      VIA 0.1 0.1 v12 ;\n    END\n  END A"),
    "more of a layer": ("  SPACING 0.12", "  MINIMUMCUT 2 WIDTH 0.5 ;\n  MINENCLOSEDAREA 0.3 ;\n  SPACING 0.12"),
    "units of all kinds": ("  DATABASE", "  CAPACITANCE PICOFARADS 1 ;\n  RESISTANCE OHMS 1 ;\n  DATABASE"),
    "rule of its own": ("SITE unit\n", "NONDEFAULTRULE w\n  LAYER m1\n    WIDTH 0.3 ;\n  END m1\nEND w\nSITE unit\n"),
    "polygon of an obstruction": ("    RECT 0.3", "    POLYGON 0 0 1 0 1 1 0 1 ;\n    RECT 0.3"),
    "layer that keeps apart": ("  OBS\n    LAYER m1 ;", "  OBS\n    LAYER m1 SPACING 0.1 ;"),
    "antenna of a pin": ("    USE SIGNAL ;", "    USE SIGNAL ;\n    ANTENNAGATEAREA 0.1 LAYER m1 ;\n    ANTENNAMODEL OXIDE1 ;"),
    "property": ("  SITE unit ;", '  SITE unit ;\n  PROPERTY LEF58_X "EDGE ; TYPE" ;'),
    "property over lines": (
        "  PITCH 0.2",
        '  PROPERTY LEF58_SPACING "\n    SPACING 0.1 ; # not here\n    EDGETYPE LEFT x ;\n  " ;\n  PITCH 0.2',
    ),
    "comment behind a statement": ("  PITCH 0.2 ;", "  PITCH 0.2 ; # of \"wide tracks ;"),
    "density": ("  OBS\n", "  DENSITY\n    LAYER m1 ;\n    RECT 0 0 1 1 50 ;\n  END\n  OBS\n"),
    "extension": ("SITE unit\n", 'BEGINEXT "tool"\n  anything at all\nENDEXT\nSITE unit\n'),
    "extension of a macro": ("  SITE unit ;", "  BEGINEXT x\n  words\n  ENDEXT\n  SITE unit ;"),
    "definitions": ("SITE unit\n", "PROPERTYDEFINITIONS\n  MACRO p STRING ;\nEND PROPERTYDEFINITIONS\nSITE unit\n"),
    "current density": ("  RESISTANCE", "  DCCURRENTDENSITY AVERAGE\n    WIDTH 0.4 0.8 ;\n    TABLEENTRIES 1 2 ;\n  RESISTANCE"),
    "current density in one": ("  RESISTANCE", "  ACCURRENTDENSITY PEAK 5.0 ;\n  RESISTANCE"),
    "conditional spacing first": ("  SPACING 0.12", "  SPACING 0.3 RANGE 0.5 10 ;\n  SPACING 0.12"),
    "comment with quotes": ("LAYER m1\n  TYPE", 'LAYER m1 # the "first\n  TYPE'),
    "hash in a text": ('DIVIDERCHAR "/" ;', 'DIVIDERCHAR "/" ;\nBUSBITCHARS "#[]" ;'),
    "cut layer": ("SITE unit\n", "LAYER v1\n  TYPE CUT ;\n  SPACING 0.1 ADJACENTCUTS 3 WITHIN 0.2 ;\nEND v1\nSITE unit\n"),
    "via rule": ("SITE unit\n", "VIARULE r GENERATE\n  LAYER m1 ;\n  ENCLOSURE 0 0.1 ;\nEND r\nSITE unit\n"),
    "spacing of nets": ("SITE unit\n", "SPACING\n  SAMENET m1 m1 0.1 ;\nEND SPACING\nSITE unit\n"),
    "joined files": ("SITE unit\n", "END LIBRARY\nVERSION 5.7 ;\nSITE unit\n"),
    "lower case": ("  TYPE ROUTING ;\n", "  type routing ;\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSED)
def test_lef_that_means_nothing_here_changes_nothing(tmp_path: Path, name: str) -> None:
    old, new = PASSED[name]
    assert old in LEF
    assert known(lef(tmp_path, LEF.replace(old, new, 1))) == known(lef(tmp_path, LEF))


def test_iterated_rectangles_are_all_there(tmp_path: Path) -> None:
    text = LEF.replace("RECT 0.1 0.1 0.2 0.3 ;", "RECT MASK 1 ITERATE 0.1 0.1 0.2 0.3 DO 2 BY 3 STEP 0.25 0.5 ;")
    shapes = lef(tmp_path, text).macros["INV"].pins["A"][2]
    assert len(shapes) == 6
    assert shapes[1] == ("m1", *(pytest.approx(v) for v in (0.35, 0.1, 0.45, 0.3)))
    assert shapes[4] == ("m1", *(pytest.approx(v) for v in (0.1, 1.1, 0.2, 1.3)))


@pytest.mark.parametrize(("direction", "pitch"), [("HORIZONTAL", 0.2), ("VERTICAL", 0.14)])
def test_of_two_pitches_that_across_the_wires_counts(tmp_path: Path, direction: str, pitch: float) -> None:
    text = LEF.replace("PITCH 0.2", "PITCH 0.14 0.2").replace("HORIZONTAL", direction)
    assert lef(tmp_path, text).layers["m1"].pitch == pitch


def test_an_origin_moves_what_is_in_the_macro(tmp_path: Path) -> None:
    moved = lef(tmp_path, LEF.replace("ORIGIN 0 0", "ORIGIN 0.1 -0.05")).macros["INV"]
    assert moved.pins["A"][2] == (("m1", *(pytest.approx(v) for v in (0.2, 0.05, 0.3, 0.25))),)
    assert (moved.width, moved.height) == (0.6, 1.4)


WRONG = {
    "RESISTANCE RPERSQ 0.5": (
        "RESISTANCE RPERSQ PWL ( ( 0.1 0.5 ) ( 0.2 0.4 ) )", "17: LAYER m1: RESISTANCE by width (PWL) is not understood"
    ),
    "SITE unit\n": ("foo bar\nSITE unit\n", "18: 'foo' is no statement of a library that LEF 5.8 knows"),
    "  WIDTH 0.1 ;\n": ("  foo bar\n  WIDTH 0.1 ;\n", "12: 'foo' is no statement of LAYER m1 that LEF 5.8 knows"),
    "  CLASS CORE ;\n  ORIGIN": ("  foo\n  CLASS CORE ;\n  ORIGIN", "23: 'foo' is no statement of MACRO INV that LEF 5.8 knows"),
    "    USE SIGNAL ;": ("    UES SIGNAL ;", "29: 'UES' is no statement of PIN A that LEF 5.8 knows"),
    "      RECT 0.1": ("      RETC 0.1", "32: 'RETC' is no statement of a PORT or OBS that LEF 5.8 knows"),
    "SIZE 0.6 BY 1.4": ("SIZE 0.6", "25: SIZE has only 1 words: '0.6'"),
    "RECT 0.1 0.1 0.2 0.3": ("RECT 0.1 0.1 0.2", "32: RECT is not 'x1 y1 x2 y2' or"),
    "SIZE 0.2 BY": ("SIZE nan BY", "20: 'nan' is not a number"),
    "END LIBRARY\n": ("", "39: the LEF file has no END LIBRARY: it is cut short, or add the line"),
    "END m1\n": ("END m2\n", "17: LAYER m1 is not closed by END m1"),
}  # fmt: skip


@pytest.mark.parametrize("old", WRONG)
def test_wrong_lef_is_named_with_its_line(tmp_path: Path, old: str) -> None:
    new, message = WRONG[old]
    assert old in LEF
    with pytest.raises(InputError, match=re.escape(f"x.lef:{message}")):
        lef(tmp_path, LEF.replace(old, new, 1))


def test_a_lef_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    for at in range(len(LEF.rstrip())):
        with pytest.raises(InputError):
            lef(tmp_path, LEF[:at])


DEF = """VERSION 5.8 ;
DIVIDERCHAR "/" ;
BUSBITCHARS "[]" ;
DESIGN top ;
UNITS DISTANCE MICRONS 1000 ;
DIEAREA ( 0 0 ) ( 20000 10000 ) ;
ROW R0 unit 100 1400 N DO 50 BY 1 STEP 200 0 ;
TRACKS X 100 DO 50 STEP 200 LAYER m1 m2 ;
COMPONENTS 2 ;
- u1 INV + PLACED ( 1000 1400 ) N ;
- u\\[2\\] INV + SOURCE TIMING + FIXED ( 2000 2800 ) FS ;
END COMPONENTS
PINS 1 ;
- a + NET a + DIRECTION INPUT + USE SIGNAL + LAYER m1 ( -50 -50 ) ( 50 50 ) + PLACED ( 0 500 ) N ;
END PINS
BLOCKAGES 1 ;
- PLACEMENT RECT ( 0 0 ) ( 100 200 ) ;
END BLOCKAGES
SPECIALNETS 1 ;
- VDD ( * VDD ) + USE POWER + ROUTED m1 200 + SHAPE FOLLOWPIN ( 0 0 ) ( 10000 * ) ;
END SPECIALNETS
NETS 1 ;
- a ( PIN a ) ( u1 A ) + USE SIGNAL ;
END NETS
END DESIGN
"""
SAME = {
    "partial blockage": ("BLOCKAGES 1 ;", "BLOCKAGES 2 ;\n- PLACEMENT + PARTIAL 50 RECT ( 0 0 ) ( 9 9 ) ;"),
    "soft blockage": ("BLOCKAGES 1 ;", "BLOCKAGES 2 ;\n- PLACEMENT + SOFT RECT ( 0 0 ) ( 9 9 ) ;"),
    "blockage of a layer": ("BLOCKAGES 1 ;", "BLOCKAGES 2 ;\n- LAYER m1 + SPACING 20 RECT ( 0 0 ) ( 9 9 ) ;"),
    "pushed blockage": ("PLACEMENT RECT", "PLACEMENT + PUSHDOWN RECT"),
    "blockage from above": ("( 0 0 ) ( 100 200 )", "( 100 0 ) ( 0 200 )"),
    "grid": ("COMPONENTS 2", "GCELLGRID X 0 DO 9 STEP 100 ;\nCOMPONENTS 2"),
    "history": ("COMPONENTS 2", "HISTORY made by a tool, on a day ;\nCOMPONENTS 2"),
    "properties": (
        "UNITS", 'PROPERTYDEFINITIONS\n  COMPONENTPIN p STRING ;\n  DESIGN q INTEGER 5 ;\nEND PROPERTYDEFINITIONS\nUNITS'),
    "regions": ("COMPONENTS 2", "REGIONS 1 ;\n- r ( 0 0 ) ( 9 9 ) + TYPE FENCE ;\nEND REGIONS\nCOMPONENTS 2"),
    "rules": ("COMPONENTS 2", "NONDEFAULTRULES 1 ;\n- wide + LAYER m1 WIDTH 400 ;\nEND NONDEFAULTRULES\nCOMPONENTS 2"),
    "groups": ("END DESIGN", "GROUPS 1 ;\n- g u1 + REGION r ;\nEND GROUPS\nEND DESIGN"),
    "scan chains": (
        "END DESIGN",
        "SCANCHAINS 1 ;\n- s + START PIN a + FLOATING u1 ( IN A ) ( OUT Y ) + STOP PIN a ;\nEND SCANCHAINS\nEND DESIGN"),
    "extension": ("COMPONENTS 2", 'BEGINEXT "x"\n  - any ; thing\nENDEXT\nCOMPONENTS 2'),
    "routing": (
        "+ USE SIGNAL ;", "+ USE SIGNAL + ROUTED m1 ( 0 500 ) ( 1000 * 70 ) v12 NEW m2 TAPER ( 1000 500 ) ( * 900 ) v12 ;"),
    "masks of tracks": ("STEP 200 LAYER m1", "STEP 200 MASK 1 SAMEMASK LAYER m1"),
    "wiring by rule": ("+ USE SIGNAL ;", "+ NONDEFAULTRULE wide + ROUTED m1 TAPERRULE t ( 0 500 ) ( 9 * ) + USE SIGNAL ;"),
    "subnets": ("+ USE SIGNAL ;", "+ SUBNET s ( u1 A ) ROUTED m1 ( 0 0 ) ( 5 * ) + USE SIGNAL ;"),
    "virtual pins": ("( u1 A ) + USE", "( u1 A ) + VPIN v LAYER m1 ( 0 0 ) ( 1 1 ) PLACED ( 3 3 ) N + USE"),
    "fills": ("END DESIGN", "FILLS 1 ;\n- LAYER m1 RECT ( 0 0 ) ( 9 9 ) ;\nEND FILLS\nEND DESIGN"),
    "weights": ("+ PLACED ( 1000 1400 ) N", "+ WEIGHT 3 + PLACED ( 1000 1400 ) N + HALO 1 1 1 1"),
    "synthesised term": ("( u1 A )", "( u1 A + SYNTHESIZED )"),
    "mask of a port": ("LAYER m1 ( -50", "LAYER m1 MASK 2 SPACING 10 ( -50"),
    "second port": ("+ PLACED ( 0 500 ) N ;", "+ PLACED ( 0 500 ) N + PORT + LAYER m2 ( 0 0 ) ( 1 1 ) + PLACED ( 7 7 ) N ;"),
    "property of several words": (
        "+ PLACED ( 1000 1400 ) N", '+ PROPERTY p "one ; + PLACED ( 1 2 ) S ; #" + PLACED ( 1000 1400 ) N'
    ),
    "text of history": ("COMPONENTS 2", 'HISTORY 5" wafers, 7/8" ;\nCOMPONENTS 2'),
    "shape before a route": ("+ ROUTED m1", "+ FIXED + SHAPE RING + ROUTED m1"),
    "row with a property": ("STEP 200 0 ;", 'STEP 200 0 + PROPERTY p "x" ;'),
    "extended wire": ("( 0 0 ) ( 10000 * )", "( 0 0 100 ) ( 10000 * 100 )"),
    "comment": ("UNITS", "# made by hand ; really\nUNITS"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_def_that_means_nothing_here_changes_nothing(name: str) -> None:
    old, new = SAME[name]
    assert old in DEF
    assert parse_def(DEF.replace(old, new, 1)) == parse_def(DEF)


def test_a_row_without_do_is_one_site() -> None:
    found = parse_def(DEF.replace(" DO 50 BY 1 STEP 200 0", ""))
    assert found.rows == (DefRow("R0", "unit", 100, 1400, "N", 1, 0),)


def test_wires_go_on_through_their_points_and_vias() -> None:
    route = "( 0 0 ) ( 100 * ) v12 ( * 50 ) NEW m2 400 + SHAPE STRIPE ( 7 0 ) v23 DO 2 BY 1 STEP 10 0 N"
    net = parse_def(DEF.replace("( 0 0 ) ( 10000 * )", route)).special_nets[0]
    assert net.wires == (
        DefWire("m1", 200, "FOLLOWPIN", (0, 0), (100, 0)),
        DefWire("m1", 200, "FOLLOWPIN", (100, 0), (100, 50)),
    )
    assert [(via.name, via.x, via.y) for via in net.vias] == [("v12", 100, 0), ("v23", 7, 0), ("v23", 17, 0)]


def test_masks_stand_inside_other_options() -> None:
    vias = "VIAS 1 ;\n- v12 + RECT m1 + MASK 1 ( -5 -5 ) ( 5 5 ) + RECT m2 ( -6 -6 ) ( 6 6 ) ;\nEND VIAS\nCOMPONENTS 2"
    found = parse_def(
        DEF.replace("COMPONENTS 2", vias, 1).replace("+ ROUTED m1", "+ RECT m2 + MASK 2 ( 0 0 ) ( 50 10 ) + ROUTED m1")
    )
    assert found.vias[0].shapes == (("m1", (-5, -5, 5, 5)), ("m2", (-6, -6, 6, 6)))
    assert found.special_nets[0].wires[0] == DefWire("m2", 10, "", (0, 5), (50, 5))


def test_a_polygon_of_blockage_becomes_boxes() -> None:
    shape = "POLYGON ( 0 0 ) ( 30 0 ) ( 30 10 ) ( 10 10 ) ( 10 20 ) ( 0 20 )"
    assert parse_def(DEF.replace("RECT ( 0 0 ) ( 100 200 )", shape)).blockages == ((0, 0, 30, 10), (0, 10, 10, 20))


def test_a_port_without_a_place_is_said_to_have_none() -> None:
    pin = parse_def(DEF.replace(" + LAYER m1 ( -50 -50 ) ( 50 50 ) + PLACED ( 0 500 ) N", "")).pins[0]
    assert (pin.name, pin.layer, pin.placed) == ("a", "", False)


WRONG_DEF = {
    "COMPONENTS 2 ;\n": ("foo bar ;\nCOMPONENTS 2 ;\n", 9, "'foo' is no statement that DEF 5.8 knows"),
    "END COMPONENTS": ("END PINS", 12, "COMPONENTS of line 9 is not closed by END COMPONENTS"),
    "COMPONENTS 2": ("COMPONENTS 3", 12, "COMPONENTS of line 9 announces 3 entries and has 2"),
    "NETS 1 ;\n- a": ("NETS 2 ;\n- a", 24, "NETS of line 22 announces 2 entries and has 1"),
    "( 1000 1400 )": ("( 1000 x )", 10, "'x' is no number"),
    "( 1000 1400 ) N": ("( 1000 1400 )", 10, "words are missing"),
    "( 1000 1400 ) N ": ("( 1000 ) N ", 10, "'(' without 'x y )'"),
    "DO 50 BY 1 STEP 200 0": ("DO 50 BY 1", 7, "a row of several sites without STEP; add the site's width"),
    "( u1 A )": ("( u1 )", 23, "expected '( instance pin )' at '( u1 )'"),
}


@pytest.mark.parametrize("old", WRONG_DEF)
def test_wrong_def_is_named_with_its_line(old: str) -> None:
    new, line, reason = WRONG_DEF[old]
    assert old in DEF
    with pytest.raises(InputError) as error:
        parse_def(DEF.replace(old, new, 1), "x.def")
    assert str(error.value).startswith(f"x.def:{line}: cannot read the DEF statement '")
    assert str(error.value).endswith(f"': {reason}")


def test_a_def_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    for at in range(len(DEF.rstrip())):
        with pytest.raises(InputError):
            parse_def(DEF[:at])
    path = tmp_path / "x.def"
    path.write_bytes(DEF.encode() + b"\xff")
    with pytest.raises(InputError, match=r"x\.def:26"):
        read_def(path)
