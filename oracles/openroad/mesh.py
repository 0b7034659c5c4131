"""A mesh of tiles as a context, small enough to read and with every feature of the flow in it."""

from __future__ import annotations

from finevh.layout.supply.plan import GridPlan, MuxPins, Stripes, Supplies
from finevh.openroad.context import (
    Activity,
    Configuration,
    Domain,
    FixedCell,
    FlowContext,
    Island,
    LayerWire,
    LibraryFiles,
    OperatingPoint,
    Pin,
    Rect,
    Row,
)

SITE, HEIGHT = 0.19, 1.4
VARIANTS = ("", "_PB4", "_PB10", "_PB16")


def library(variant: str, vdd: float, suffixed: bool) -> LibraryFiles:
    """Files of a variant at a supply; suffixed: those of the point scripts."""
    tag = f"__{vdd:.2f}".replace(".", "v") if suffixed else ""
    stem = f"lib/finevh45{variant}_{vdd:.2f}{'_suffixed' if suffixed else ''}"
    return LibraryFiles(variant or "PB0", vdd, f"{stem}.lib", f"{stem}.lef" if suffixed else None, variant + tag)


def stripes(layer: str, *nets: str) -> Stripes:
    """Stripes of a layer, the nets of a group side by side."""
    return Stripes(layer, nets, width=0.48, pitch=8.0, offset=2.0, spacing=0.48)


def configuration(n: int, tiles: list[Rect], prefix: str) -> Configuration:
    """A chain of one register a tile."""
    cells = tuple(
        FixedCell(f"{prefix}{t}", "DFF_X1", tiles[t].x0 + 10 * SITE, tiles[t].y0, "MX", t) for t in range(n * n)
    )
    select = tuple(f"{prefix}select[{t}]" for t in range(n * n))
    serial = ("cfg_in", *select)
    connections: list[tuple[str, str, str]] = []
    for t, cell in enumerate(cells):
        pins = {"D": serial[t], "CK": "cfg_clk", "Q": select[t], "VDD": "VDDH", "VSS": "VSS"}
        connections += [(cell.instance, pin, net) for pin, net in pins.items()]
    return Configuration((("cfg_clk", "INPUT"), ("cfg_in", "INPUT")), cells, tuple(connections), select, "cfg_clk", 1e5)


def mesh(
    n: int, rows: int = 12, sites: int = 108, prefix: str = "finevh_cfg_", mux: str = "finevh_mux_"
) -> FlowContext:
    """A context of n times n tiles; one tile has no wrappers and no rails of its own."""
    gap_x, gap_y = 4 * SITE, HEIGHT
    width, tall = sites * SITE, rows * HEIGHT
    x0, y0 = 60 * SITE, 8 * HEIGHT
    tiles = [
        Rect(
            x0 + i * (width + gap_x),
            y0 + j * (tall + gap_y),
            x0 + i * (width + gap_x) + width,
            y0 + j * (tall + gap_y) + tall,
        )
        for j in range(n)
        for i in range(n)
    ]
    core = Rect(x0, y0, tiles[-1].x1, tiles[-1].y1)
    die = Rect(0.0, 0.0, core.x1 + x0, core.y1 + y0)
    cut = tuple(
        Row(f"tile_{t}_row_{r}", tile.x0, tile.y0 + r * HEIGHT, sites, "R0" if r % 2 else "MX")
        for t, tile in enumerate(tiles)
        for r in range(rows)
    )
    # The mesh is for rendering and checking: its islands lie on the first rows without cutting them.
    islands = tuple(Row(f"tile_{t}_island", tile.x0 + 10 * SITE, tile.y0, 17, "MX") for t, tile in enumerate(tiles))
    muxes = tuple(
        FixedCell(f"{mux}{t}_{r}", "VDDMUX_X1", tile.x0, tile.y0 + r * HEIGHT, "R0" if r % 2 else "MX", t)
        for t, tile in enumerate(tiles)
        for r in range(rows)
    )
    wrappers = []
    for i in range(1, n):
        wrappers.append(Rect(tiles[i].x0 - gap_x, core.y0, tiles[i].x0, core.y1))
        wrappers.append(Rect(core.x0, tiles[i * n].y0 - gap_y, core.x1, tiles[i * n].y0))
    low_high = tuple(0.8 if t % 2 else 1.0 for t in range(n * n))
    return FlowContext(
        design="top",
        tiles_per_side=n,
        technology_lef="lef/tech.lef",
        cell_lefs=("lef/cells.lef",),
        libraries=tuple(library(v, 1.0, False) for v in VARIANTS),
        voltage_libraries=tuple(library(v, vdd, True) for vdd in (0.8, 1.0) for v in VARIANTS),
        netlist="netlist.v",
        sdc="constraints.sdc",
        clock="clk",
        clock_port="clk_i",
        period=2500.0,
        die=die,
        core=core,
        site="finevh45_site",
        site_width=SITE,
        row_height=HEIGHT,
        rows=(*cut, *islands),
        islands=tuple(
            Island(row.name, Rect(row.x, row.y - 0.085, row.x + 17 * SITE, row.y + 0.085)) for row in islands
        ),
        domains=tuple(Domain(f"tile_{t}", tile, t) for t, tile in enumerate(tiles)),
        rails=tuple(f"VDDT_{t}" for t in range(n * n)) if n > 1 else ("VDDH",),
        wrappers=tuple(wrappers),
        mux_sites=muxes,
        mux_pins=MuxPins(),
        configuration=configuration(n, tiles, prefix),
        pins=(Pin("clk_i", "metal5", 0.0, 20.0), Pin("data_i[3]", "metal6", 20.0, 0.0)),
        pin_layers=("metal5", "metal6"),
        supplies=Supplies(),
        power_grid=GridPlan(
            rail_layer="metal1",
            rail_width=0.17,
            tile_stripes=stripes("metal4"),
            mux_stripes=(stripes("metal4", "VDDH", "VDDL", "VBP", "VBN"),),
            island_stripes=(stripes("metal4", "VDDH"),),
            top_stripes=(stripes("metal7", "VDDH", "VDDL", "VSS", "VBP", "VBN"),),
            ring_layers=("metal7", "metal8"),
            ring_width=1.4,
            ring_spacing=1.4,
            ring_offset=1.0,
            connections=(("metal4", "metal7"), ("metal7", "metal8")),
        ),
        layers=(LayerWire("metal3", 3.57e-3, 0.104), LayerWire("metal5", 1.5e-3, 0.109)),
        signal_layer="metal3",
        clock_layer="metal5",
        signal_routing=("metal2", "metal8"),
        clock_routing=("metal3", "metal8"),
        density=0.8,
        clock_buffers=("CLKBUF_X2", "CLKBUF_X4"),
        clock_root_buffer="CLKBUF_X4",
        fillers=("FILL_X1", "FILL_X2", "FILL_X4"),
        dont_use=("*_X8",),
        operating_points=(
            OperatingPoint("400mhz", 2500.0, low_high),
            OperatingPoint("200mhz", 5000.0, (0.8,) * (n * n)),
        ),
        activity=Activity(toggle_rate=0.1, duty=0.5),
    )
