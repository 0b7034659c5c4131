"""Small whole files of every format, from which mutants are made."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from tests.synthesis.library import liberty_text
from tests.technology.liberty_samples import inverter

REPOSITORY = Path(__file__).resolve().parents[2]

VERILOG = """// mapped
`timescale 1ns/1ps
module low (input a, output z);
  INV u (.A(a), .ZN(z));
endmodule
module top (clk, a, b, y, \\odd[1] );
  input clk;
  input [1:0] a;
  input b;
  output y;
  output \\odd[1] ;
  wire n1, n2;
  supply0 gnd;
  NAND2 g1 (.A1(a[0]), .A2(n2), .ZN(n1));
  DFFR \\r/1 (.D(n1), .CK(clk), .RN(1'b1), .Q(n2));
  low l0 (.a(n1), .z(y));
  BUF g3 (.A(a[1]), .Z(\\odd[1] ));
  assign unused = b;
endmodule
"""
SPEF = """*SPEF "IEEE 1481-1998"
*DESIGN "top"
*DATE "d"
*VENDOR "v"
*PROGRAM "p"
*VERSION "1"
*DESIGN_FLOW "x"
*DIVIDER /
*DELIMITER :
*BUS_DELIMITER [ ]
*T_UNIT 1 NS
*C_UNIT 1 PF
*R_UNIT 1 KOHM
*L_UNIT 1 HENRY
*NAME_MAP
*1 n1
*2 g1
*3 r/1
*PORTS
b I
y O
*D_NET *1 0.03
*CONN
*I *2:ZN O *C 1 2 *D NAND2
*I *3:D I *L 0.01
*CAP
1 *2:ZN 0.01
2 *1:1 other:5 0.005
3 *3:D 0.015:0.016:0.017
*RES
1 *2:ZN *1:1 0.2
2 *1:1 *3:D 0.3
3 *2:ZN *3:D 9
*END
*D_NET y 0.01
*CONN
*P y O
*I l0/u:ZN O
*CAP
1 y 0.01
*RES
1 y l0/u:ZN 0.1
*END
"""
SDC = """# clocks
create_clock -name clk -period 2.0 -waveform {0 1} [get_ports clk]
set_clock_uncertainty -setup 0.05 [get_clocks clk]
set_input_delay -max 0.2 -clock clk [all_inputs -no_clocks]
set_output_delay 0.2 -clock [get_clocks {clk}] [get_ports {y odd*}]
set_input_transition 0.02 [get_ports a*]
set_load -pin_load 0.005 [all_outputs]
set_driving_cell -lib_cell BUF -pin Z [get_ports b]
set_false_path -from [get_ports b] -to [get_pins {r/1/D}]
set_multicycle_path 2 -setup -from [get_clocks clk]
set t [expr {1.0 * 2}]
if {$t > 1} { set_max_delay 3 -from [get_ports a] } else { set t 1 }
foreach p {a b} { set_load 0.01 [get_ports $p] }
set_case_analysis 0 [get_ports {a[0]}]
"""
LEF = """VERSION 5.8 ;
BUSBITCHARS "[]" ;
DIVIDERCHAR "/" ;
UNITS DATABASE MICRONS 2000 ; END UNITS
MANUFACTURINGGRID 0.005 ;
SITE core CLASS CORE ; SIZE 0.19 BY 1.4 ; SYMMETRY Y ; END core
LAYER m1
  TYPE ROUTING ;
  DIRECTION HORIZONTAL ;
  PITCH 0.14 0.19 ;
  WIDTH 0.07 ;
  SPACING 0.07 ;
  RESISTANCE RPERSQ 0.38 ;
  CAPACITANCE CPERSQDIST 7.7e-05 ;
  EDGECAPACITANCE 4e-05 ;
END m1
LAYER via1 TYPE CUT ; RESISTANCE 5 ; END via1
VIA v1 DEFAULT LAYER m1 ; RECT -0.035 -0.035 0.035 0.035 ; END v1
MACRO INV_X1
  CLASS CORE ;
  ORIGIN 0 0 ;
  SIZE 0.57 BY 1.4 ;
  SYMMETRY X Y ;
  SITE core ;
  PIN A DIRECTION INPUT ; USE SIGNAL ; ANTENNAGATEAREA 0.05 ;
    PORT LAYER m1 ; RECT 0.1 0.5 0.2 0.6 ; POLYGON 0 0 1 0 1 1 ; END
  END A
  PIN VDD DIRECTION INOUT ; USE POWER ; SHAPE ABUTMENT ; PORT LAYER m1 ; RECT 0 1.3 0.57 1.5 ; END END VDD
  OBS LAYER m1 ; RECT 0 0 0.1 0.1 ; END
END INV_X1
END LIBRARY
"""
DEF = """VERSION 5.8 ;
DIVIDERCHAR "/" ;
BUSBITCHARS "[]" ;
DESIGN top ;
UNITS DISTANCE MICRONS 2000 ;
DIEAREA ( 0 0 ) ( 20000 20000 ) ;
ROW r0 core 0 0 N DO 50 BY 1 STEP 380 0 ;
TRACKS X 190 DO 50 STEP 380 LAYER m1 ;
COMPONENTS 2 ;
- g1 NAND2_X1 + PLACED ( 380 0 ) N ;
- r/1 DFFR_X1 + FIXED ( 3800 0 ) FS + SOURCE TIMING ;
END COMPONENTS
PINS 1 ;
- y + NET y + DIRECTION OUTPUT + USE SIGNAL + LAYER m1 ( -70 0 ) ( 70 140 ) + PLACED ( 0 100 ) N ;
END PINS
BLOCKAGES 1 ;
- PLACEMENT RECT ( 0 0 ) ( 100 2800 ) ;
END BLOCKAGES
SPECIALNETS 1 ;
- VDD ( * VDD ) + ROUTED m1 140 + SHAPE FOLLOWPIN ( 0 2800 ) ( 19000 * ) NEW m1 140 ( 0 0 ) ( 19000 * ) + USE POWER ;
END SPECIALNETS
NETS 1 ;
- n1 ( g1 ZN ) ( r/1 D ) + ROUTED m1 ( 100 200 ) ( 300 * ) via1 NEW m1 ( 300 200 0 ) ( * 400 ) + USE SIGNAL ;
END NETS
END DESIGN
"""
OWN_VCD = """$date today $end
$timescale 1ns $end
$scope module top $end
$var wire 1 ! clk $end
$var wire 2 " a [1:0] $end
$var wire 1 # b $end
$var reg 1 $ y $end
$var real 1 % power $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
b00 "
1#
x$
r0.5 %
$end
#5
1!
#10
0!
b1z "
0#
1$
#15
1!
#20
0!
"""
EVCD = """$date x $end
$version dumpports $end
$timescale 1 ns $end
$scope module top $end
$var port 1 <0 clk $end
$var port [1:0] <1 a $end
$var port 1 <2 b $end
$upscope $end
$enddefinitions $end
#0
$dumpports
pD 6 0 <0
pDU 66 66 <1
pU 6 0 <2
$end
#5
pU 6 0 <0
#10
pD 6 0 <0
pUU 66 66 <1
pD 6 0 <2
#15
pU 6 0 <0
#20
pD 6 0 <0
"""
OWN_SAIF = """(SAIFILE (SAIFVERSION "2.0") (DIRECTION "backward") (DESIGN "top") (TIMESCALE 1 ps) (DURATION 400)
 (INSTANCE tb (INSTANCE top
  (PORT (clk (T0 200) (T1 200) (TX 0) (TC 8) (IG 0)) (b (T0 200) (T1 100) (TX 100) (TC 2) (IG 0))
   (a\\[0\\] (T0 300) (T1 100) (TX 0) (TC 4)) (a\\[1\\] (T0 300) (T1 100) (TX 0) (TC 4)))
  (NET (n1 (T0 100) (T1 300) (TX 0) (TC 3) (IG 0)) (y (T0 100) (T1 300) (TX 0) (TC 3)))
  (INSTANCE "r/1" (PORT (Q (T0 100) (T1 300) (TX 0) (TC 3)))))))
"""
HEX = "// words\n@00000000\n00000013 0000006f\n@10 deadbeef // x\n"
PROBABILITIES = "net,probability\na[0],0.5\nb,0.25\ny,1\n"
PATTERNS = "instance,pattern,probability\ng1,00,0.25\ng1,01,0.25\ng1,10,0.25\ng1,11,0.25\n"
VOLTAGES = "instance,vdd\ng1,0.8\nr*,1.0\n*,0.9\n"
MAKEFILE = """export PLATFORM = x
export A ?= $(PLATFORM_DIR)/lef/tech.lef \\
  more
B := $(addsuffix .lib,$(A))
ifeq ($(PLATFORM),x)
C += $(foreach i,1 2 3,v$(i))
else ifneq (a,b)
C = $(if $(B),yes,no)
endif
D = $(patsubst %.lib,%.gz,$(B)) $(word 2,$(C)) $(wordlist 1,2,$(C)) $(sort b a) $(A:.lef=.gds)
"""
FILE_LIST = "// sources\n+incdir+${ROOT}/include\n+define+SYN=1\n${ROOT}/a.sv\nb.v // the top\n"
SPICE = """* cell
.subckt inv a y VPWR VGND
M1 y a VGND VGND nfet w=0.65u l=0.15u m=1
M2 y a VPWR VPWR pfet
+ w=1u l=0.15u
R1 y VPWR poly w=0.5 l=2
.ends
"""
FUNCTIONS = ["!(A1 & A2) | (B ^ C)'\n", "A*B + !C D\n", "(IQ)\n"]
TCL = (
    SDC
    + "if {$t > 1} { set_max_delay 3 } else { puts no }\n"
    + 'proc f {a {b 2}} { return "[expr {$a + $b}]" }\nputs {x}; set y(1) "a\\nb$x"\n'
)
POINTS_HEAD = (
    "design,tiles,scheme,variant,delta_vdd_v,freq_mhz,vdd_l_v,vdd_h_v,vdd_v,tiles_high,area_low_fraction,worst_slack_ps,"
    "power_total_mw,power_switching_mw,power_internal_mw,power_leakage_mw,power_interface_leakage_mw,selector,assignment\n"
)
POINTS = (
    POINTS_HEAD
    + "top,4,ideal-dvfs,pb0,,250,,,0.8,,,1,2,1,0.5,0.5,0,,\n"
    + "top,4,ideal-dvfs,pb0,,400,,,1.0,,,1,4,2,1,1,0,,\n"
    + "top,4,fine-vh,pb0,0.2,250,0.6,0.8,,2,0.5,3,1.5,0.7,0.4,0.4,0.1,greedy,LHLH\n"
)
_DIGEST = hashlib.sha256(b"{}\n").hexdigest()
STAGE = f'{{"stage": "one", "key": "k", "command": "c", "outputs": {{"metrics.json": "{_DIGEST}"}}, "parts": {{"a": "b"}}}}\n'
POWER_JSON = (
    '{"Sequential": {"internal": 1e-3, "switching": 2e-3, "leakage": 3e-6, "total": 4e-3}, "Total": {"total": 1}}\n'
)
CHECKS_JSON = '{"loops_cut": {"count": 2, "examples": ["a", "b"], "severity": "warning"}}\n'
HEADERS_CSV = """cell,drive,vdd_l,vdd_h,resistance_h_kohm,resistance_l_kohm,leakage_h_mw,leakage_l_mw
VDDMUX,1,0.6,0.8,1.5,2,1e-6,1e-6
"""
FLOW = """seed = 1
[design]
name = "d"
top = "d"
files = ["d.v"]
defines = { A = "1" }
[technology]
path = "lib"
[clock]
port = "clk"
period = "2 ns"
input_delay = "200 ps"
constants = { scan = 0 }
false_from = ["rst"]
[floorplan]
tiles = 9
utilisation = 0.7
planned_area = "2500 um2"
[activity]
cycles = 100
[schemes]
vdd_min = "0.60 V"
vdd_max = "1.00 V"
ideal_step = "25 mV"
delta_vdd = ["200 mV", "100 mV"]
variants = ["pb0"]
frequencies = ["250 MHz"]
"""


def shipped_cells(*names: str) -> str:
    """The head and some cells of a Liberty file that ships."""
    path = sorted((REPOSITORY / "libs" / "finevh45" / "liberty").glob("*.lib.gz"))[0]
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    starts = [match.start() for match in re.finditer(r"^\s*cell\s*\(", text, re.MULTILINE)]
    cells = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    chosen = [cell.rstrip().removesuffix("}") if cell is cells[-1] else cell for cell in cells]
    kept = [cell for cell in chosen if any(f"cell ({name})" in cell for name in names)]
    return text[: starts[0]] + "".join(kept) + "}\n"


LIBERTY = [inverter(), liberty_text()]
