"""Small netlists of mapped gates, as Verilog: what a simulator of transistors can still take whole."""

from __future__ import annotations


def adder(bits: int) -> str:
    """Ripple adder of mapped gates, carry by complex gates of alternating polarity."""
    lines = [
        "module adder(a, b, ci, s, co);",
        f"input [{bits - 1}:0] a, b; input ci; output [{bits - 1}:0] s; output co;",
    ]
    lines.append("wire " + ", ".join(f"p{i}, g{i}, h{i}, c{i}, n{i}" for i in range(bits + 1)) + ";")
    lines.append("BUF_X1 c_in (.A(ci), .Z(c0));")
    for i in range(bits):
        lines += [
            f"XOR2_X1 xp{i} (.A(a[{i}]), .B(b[{i}]), .Z(p{i}));",
            f"XNOR2_X1 xs{i} (.A(p{i}), .B(c{i}), .ZN(h{i}));",
            f"INV_X1 is{i} (.A(h{i}), .ZN(s[{i}]));",
            f"NAND2_X1 ag{i} (.A1(a[{i}]), .A2(b[{i}]), .ZN(g{i}));",
        ]
        if i % 2:
            lines.append(f"NAND2_X2 ac{i} (.A1(p{i}), .A2(c{i}), .ZN(n{i}));")
            lines.append(f"NAND2_X1 oc{i} (.A1(n{i}), .A2(g{i}), .ZN(c{i + 1}));")
        else:
            lines.append(f"INV_X1 ig{i} (.A(g{i}), .ZN(h{i}x));")
            lines.append(f"AOI21_X1 ac{i} (.A(h{i}x), .B1(p{i}), .B2(c{i}), .ZN(n{i}));")
            lines.append(f"INV_X2 oc{i} (.A(n{i}), .ZN(c{i + 1}));")
    return "\n".join([*lines, f"BUF_X2 c_out (.A(c{bits}), .Z(co));", "endmodule"])


def multiplier(bits: int) -> str:
    """Array multiplier of AND gates, half and full adders."""
    lines = ["module multiplier(a, b, p);", f"input [{bits - 1}:0] a, b; output [{2 * bits - 1}:0] p;"]
    body: list[str] = []
    wires: list[str] = []
    columns: list[list[str]] = [[] for _ in range(2 * bits)]
    for i in range(bits):
        for j in range(bits):
            wires.append(f"m{i}_{j}")
            body.append(f"AND2_X1 a{i}_{j} (.A1(a[{i}]), .A2(b[{j}]), .Z(m{i}_{j}));")
            columns[i + j].append(f"m{i}_{j}")
    number = 0
    for k in range(2 * bits):
        while len(columns[k]) > 1:
            number += 1
            take, columns[k] = columns[k][:3], columns[k][3:]
            wires += [f"s{number}", f"k{number}"]
            pins = dict(zip(("A", "B", "CI"), take, strict=False))
            cell = "FA_X1" if len(take) == 3 else "HA_X1"
            ports = ", ".join(f".{pin}({net})" for pin, net in pins.items())
            body.append(f"{cell} u{number} ({ports}, .CO(k{number}), .S(s{number}));")
            columns[k].append(f"s{number}")
            if k + 1 < 2 * bits:
                columns[k + 1].append(f"k{number}")
        if columns[k]:
            body.append(f"BUF_X1 o{k} (.A({columns[k][0]}), .Z(p[{k}]));")
    return "\n".join([*lines, f"wire {', '.join(wires)};", *body, "endmodule"])


def decoder(bits: int) -> str:
    """Decoder with enable: inverters, NAND and NOR stages, a parity and a priority output of complex gates."""
    n = 1 << bits
    lines = [
        "module decoder(a, en, y, odd, any);",
        f"input [{bits - 1}:0] a; input en; output [{n - 1}:0] y; output odd, any;",
    ]
    lines += [f"INV_X2 i{j} (.A(a[{j}]), .ZN(n{j}));" for j in range(bits)]
    for k in range(n):
        literals = [f"a[{j}]" if k >> j & 1 else f"n{j}" for j in range(bits)]
        half = len(literals) // 2
        first = ", ".join(f".A{q + 1}({x})" for q, x in enumerate(literals[:half]))
        second = ", ".join(f".A{q + 1}({x})" for q, x in enumerate([*literals[half:], "en"]))
        lines += [
            f"NAND{half}_X1 f{k} ({first}, .ZN(f{k}n));",
            f"NAND{bits - half + 1}_X1 g{k} ({second}, .ZN(g{k}n));",
        ]
        lines.append(f"NOR2_X1 y{k} (.A1(f{k}n), .A2(g{k}n), .ZN(y[{k}]));")
    lines += ["XOR2_X1 x1 (.A(a[0]), .B(a[1]), .Z(x1n));", "XOR2_X1 x2 (.A(x1n), .B(a[2]), .Z(odd));"]
    lines += ["AOI222_X1 q1 (.A1(y[1]), .A2(en), .B1(y[3]), .B2(a[0]), .C1(y[5]), .C2(a[2]), .ZN(q1n));"]
    lines += ["OAI211_X1 q2 (.A(q1n), .B(en), .C1(y[2]), .C2(y[6]), .ZN(q2n));"]
    lines += ["MUX2_X1 q3 (.A(q1n), .B(q2n), .S(a[1]), .Z(any));"]
    return "\n".join([*lines, "endmodule"])
