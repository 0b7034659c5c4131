"use strict";
fill(byId("delta"), unique(data.curves.map((c) => c.delta)).sort((a, b) => a - b), (d) => `${Math.round(1000 * d)} mV`, data.best.delta);
fill(byId("variant"), unique(data.curves.map((c) => c.variant)), (v) => data.words[v] || v, data.best.variant);

function drawCurves() {
  if (!window.Plotly) return;
  const delta = Number(byId("delta").value), variant = byId("variant").value, energy = byId("quantity").value === "energy";
  const scale = (c) => c.x.map((f, k) => (c.y[k] === null ? null : energy ? (1000 * c.y[k]) / f : c.y[k]));
  const chosen = data.curves.filter((c) => same(c.delta, delta) && (c.variant === variant || c.variant === "pb0" || c.scheme === "bound"));
  const boundaries = data.boundaries[delta] || [];
  drawChart("curves", chosen.map((c) => ({
    x: c.x, y: scale(c), name: c.name, mode: c.scheme === "failed" ? "markers" : c.scheme === "vdd-hopping" || c.scheme === "bound" ? "lines" : "lines+markers",
    marker: c.scheme === "failed" ? { size: 10, symbol: "x-thin-open", color: "#d6404e" } : { size: 4, color: schemeColour(c.scheme) },
    line: { color: schemeColour(c.scheme) || css("--soft"), dash: c.scheme === "bound" ? "longdash" : dashes[c.variant], width: c.scheme === "fine-vh" && c.variant === variant ? 3 : 1.6 },
    visible: c.variant === "pb0" || ["fine-vh", "bound", "failed"].includes(c.scheme) ? true : "legendonly",
    hovertemplate: energy ? "%{y:.3f} pJ" : "%{y:.4g} mW",
  })), energy ? "energy per cycle, pJ" : "power, mW", boundaries, true);
  const savings = data.savings.filter((s) => same(s.delta, delta) && (s.variant === variant || s.variant === "pb0"));
  drawChart("saving", savings.map((s) => ({
    x: s.x, y: s.y, name: s.name, mode: "lines+markers", marker: { size: 5, color: schemeColour("fine-vh") },
    line: { color: schemeColour("fine-vh"), dash: dashes[s.variant], width: s.variant === variant ? 3 : 1.6 }, hovertemplate: "%{y:.1f} %",
  })), "saving against ideal-DVFS, %", boundaries, false);
}

// Energy per unit of work of one program; the lowest point of each curve is marked.
function drawWork() {
  if (!window.Plotly || !byId("energy")) return;
  const curves = data.work.filter((c) => c.program === byId("program").value && (c.scheme === "ideal-dvfs" || same(c.delta, Number(byId("delta").value))));
  const per = byId("per").value, title = per === "instruction" ? "energy per instruction, pJ" : `energy per ${curves.length ? curves[0].unit : "unit"}, pJ`;
  drawChart("energy", curves.map((c) => {
    const y = per === "instruction" ? c.instruction : c.y, least = y.indexOf(Math.min(...y.filter(Number.isFinite)));
    return {
      x: c.x, y, name: c.name, mode: "lines+markers", line: { color: schemeColour(c.scheme), width: c.scheme === "fine-vh" ? 3 : 1.6, shape: c.scheme === "vdd-hopping" ? "vh" : "linear" },
      marker: { color: schemeColour(c.scheme), size: y.map((_, k) => (k === least ? 11 : 4)), symbol: y.map((_, k) => (k === least ? "diamond" : "circle")) }, hovertemplate: "%{y:.4g} pJ",
    };
  }), title, [], true);
}

// What each stage took stands beside the page, because a run's own files are the same whenever it is run.
function showTimes() {
  const times = window.stageTimes;
  if (!times || !times.length) return;
  const total = times.reduce((sum, [, seconds]) => sum + seconds, 0);
  byId("times").querySelector("tbody").replaceChildren(...[...times, ["total", total]].map(([stage, seconds, log]) => {
    const row = document.createElement("tr"), name = row.insertCell();
    if (log) name.appendChild(Object.assign(document.createElement("a"), { href: log, textContent: stage }));
    else name.textContent = stage;
    row.insertCell().textContent = seconds.toFixed(1);
    row.cells[1].className = "n";
    const bar = row.insertCell().appendChild(document.createElement("span"));
    bar.className = "bar";
    bar.style.width = stage === "total" ? "0" : `${(100 * seconds) / total}%`;
    return row;
  }));
  byId("stage-times").hidden = false;
}

// The layout and its maps.
let shown = [], kept = null, timer = null, moved = false, told = null;
const svgns = "http://www.w3.org/2000/svg";
function element(name, attributes, parent) {
  const node = document.createElementNS(svgns, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}
function lines(target, rows) {
  target.replaceChildren(...rows.map((text) => { const p = document.createElement("div"); p.textContent = text; return p; }));
}
const at = (rows, point) => rows.find((r) => r.variant === point.variant && same(r.delta, point.delta) && Math.abs(r.freq - point.freq) < 1e-3);
const pathOf = (point) => ((at(data.paths, point) || { steps: [] }).steps).map(([instance, cell, tile, vdd, delay, x, y]) => ({ instance, cell, tile, delay, x, y }));
const valuesOf = (point) => at(data.tileValues, point);

const colours = {
  voltage: { label: "voltage" },
  cells: { label: "cells", of: (tile) => tile.cells, unit: "" },
  interface: { label: "interface cells", of: (tile) => tile.interface_cells, unit: "" },
  path: { label: "delay on the critical path", of: (tile, k, point) => pathOf(point).filter((s) => s.tile === k).reduce((sum, s) => sum + s.delay, 0), unit: " ps" },
};
for (const [name, label, unit] of data.tileQuantities) {
  colours[name] = { label, unit, tight: name === "slack_ps", of: (tile, k, point) => { const found = valuesOf(point); return found ? found[name][k] : NaN; } };
}

function describe(k, point, path, beside) {
  told = { k, beside };
  const tile = data.tiles[k], high = point.bits[k] === "H", on = path.filter((s) => s.tile === k);
  const values = valuesOf(point);
  lines(byId("tile"), [
    `Tile ${k}: ${high ? "VddH " + point.high : "VddL " + point.low} V`,
    `${tile.cells} cells, ${tile.cell_area_um2.toFixed(0)} um2, ${tile.interface_cells} interface cells`,
    ...(values ? data.tileQuantities.map(([name, label, unit]) => `${label} ${values[name][k].toPrecision(3)}${unit}`) : []),
    `${on.length} cells of the critical path, ${on.reduce((sum, s) => sum + s.delay, 0).toFixed(0)} ps`,
    ...on.map((s) => `  ${s.instance} (${s.cell}): ${s.delay.toFixed(1)} ps`),
  ]);
}

function drawMap(svg, point) {
  const beside = svg.id === "second";
  svg.replaceChildren();
  const x1 = Math.max(...data.tiles.map((t) => t.x1_um)), y1 = Math.max(...data.tiles.map((t) => t.y1_um));
  const x0 = Math.min(...data.tiles.map((t) => t.x0_um)), y0 = Math.min(...data.tiles.map((t) => t.y0_um));
  const scale = 500 / Math.max(x1 - x0, y1 - y0);
  const X = (x) => 10 + (x - x0) * scale, Y = (y) => 510 - (y - y0) * scale;
  const path = pathOf(point), how = colours[byId("colour").value] || colours.voltage;
  const values = how.of ? data.tiles.map((tile, k) => how.of(tile, k, point)) : null;
  const finite = values ? values.filter(Number.isFinite) : [];
  const least = Math.min(...finite), most = Math.max(...finite);
  if (!beside) {
    byId("legend").textContent = values && finite.length
      ? ` by their border; full colour is ${how.tight ? "tight" : "much"}: ${how.label} ${least.toPrecision(3)} to ${most.toPrecision(3)}${how.unit}` : "";
  }
  data.tiles.forEach((tile, k) => {
    const high = point.bits[k] === "H";
    const over = values && Number.isFinite(values[k]) ? (most > least ? (values[k] - least) / (most - least) : 1) : null;
    const share = over === null ? 0 : how.tight ? 1 - over : over;
    const box = element("rect", {
      x: X(tile.x0_um), y: Y(tile.y1_um), width: (tile.x1_um - tile.x0_um) * scale, height: (tile.y1_um - tile.y0_um) * scale, tabindex: 0,
      style: `fill:var(${values ? "--accent" : high ? "--high" : "--low"});fill-opacity:${values ? 0.08 + 0.82 * share : 1}${values ? `;stroke:var(${high ? "--high" : "--low"});stroke-width:3` : ""}`,
      "data-tile": k, "data-level": high ? "H" : "L", role: "img", "aria-label": `tile ${k} at ${high ? point.high : point.low} V`,
    }, svg);
    for (const event of ["mouseenter", "focus", "click"]) box.addEventListener(event, () => describe(k, point, path, beside));
  });
  if (told && told.beside === beside) describe(told.k, point, path, beside);
  const centre = (k) => [(X(data.tiles[k].x0_um) + X(data.tiles[k].x1_um)) / 2, (Y(data.tiles[k].y0_um) + Y(data.tiles[k].y1_um)) / 2];
  const route = path.map((s) => (Number.isFinite(s.x) ? [X(s.x), Y(s.y)] : centre(s.tile)));
  if (route.length) {
    const points = route.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ");
    element("polyline", { points, class: "halo" }, svg);
    element("polyline", { points }, svg);
    for (const p of route) element("circle", { cx: p[0].toFixed(1), cy: p[1].toFixed(1), r: 2 }, svg);
  }
}

const head = (point) => `${point.freq.toFixed(1)} MHz, VddL ${point.low} V, VddH ${point.high} V`;

function drawLayout() {
  if (!byId("layout") || !data.tiles.length) return;
  const point = shown[Number(byId("frequency").value)];
  if (!point) { byId("layout").replaceChildren(); return; }
  drawMap(byId("layout"), point);
  byId("readout").textContent = head(point);
  lines(byId("point"), [
    `Power ${point.power.toPrecision(4)} mW, leakage ${point.leakage.toPrecision(3)} mW of which interface ${point.interface.toPrecision(3)} mW`,
    `Worst slack ${point.slack.toFixed(1)} ps, ${(100 * point.areaLow).toFixed(1)} % of the cell area at VddL`,
  ]);
  if (kept) drawMap(byId("second"), kept);
}

function choose() {
  const delta = Number(byId("delta").value), variant = byId("variant").value;
  shown = data.points.filter((p) => same(p.delta, delta) && p.variant === variant);
  const slider = byId("frequency");
  if (slider) {
    slider.max = Math.max(shown.length - 1, 0);
    slider.value = moved ? Math.min(Number(slider.value), Math.max(shown.length - 1, 0)) : Math.floor(shown.length / 2);
  }
  drawCurves();
  drawWork();
  drawLayout();
}

for (const id of ["delta", "variant"]) byId(id).addEventListener("change", choose);
byId("quantity").addEventListener("change", drawCurves);
const drawAll = () => { drawCurves(); drawWork(); };
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (byId("energy")) {
  fill(byId("program"), unique(data.work.map((c) => c.program)), (name) => name);
  for (const id of ["program", "per"]) byId(id).addEventListener("change", drawWork);
}
if (byId("layout")) {
  fill(byId("colour"), Object.keys(colours), (name) => colours[name].label);
  byId("colour").addEventListener("change", drawLayout);
  byId("frequency").addEventListener("input", () => { moved = true; drawLayout(); });
  byId("keep").addEventListener("click", () => {
    kept = kept ? null : shown[Number(byId("frequency").value)];
    byId("keep").setAttribute("aria-pressed", String(Boolean(kept)));
    byId("other").hidden = !kept;
    byId("kept").textContent = kept ? `kept: ${head(kept)}, ${kept.power.toPrecision(4)} mW` : "";
    drawLayout();
  });
  byId("play").addEventListener("click", () => {
    if (timer) { clearInterval(timer); timer = null; } else {
      timer = setInterval(() => {
        const slider = byId("frequency");
        slider.value = (Number(slider.value) + 1) % Math.max(shown.length, 1);
        drawLayout();
      }, 700);
    }
    byId("play").textContent = timer ? "pause" : "play";
    byId("play").setAttribute("aria-pressed", String(Boolean(timer)));
  });
}

choose();
showTimes();
const charts = loadPlotly().then(drawAll);
