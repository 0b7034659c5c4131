"use strict";
// The page opens where most runs have something to show.
function common(values, of) {
  const runs = (value) => new Set(data.savings.filter((s) => of(s) === value).map((s) => s.run)).size;
  return values.reduce((best, value) => (runs(value) > runs(best) ? value : best), values[0]);
}
const deltas = unique(data.curves.map((c) => c.delta)).sort((a, b) => a - b), variants = unique(data.curves.map((c) => c.variant));
fill(byId("delta"), deltas, (d) => `${Math.round(1000 * d)} mV`, common(deltas, (s) => s.delta));
fill(byId("variant"), variants, (v) => data.words[v] || v, common(variants, (s) => s.variant));

const looks = ["solid", "dash", "dot", "dashdot"];

function draw() {
  if (!window.Plotly) return;
  const delta = Number(byId("delta").value), variant = byId("variant").value;
  const chosen = data.curves.filter((c) => same(c.delta, delta) && ((c.scheme === "fine-vh" && c.variant === variant) || (c.scheme === "ideal-dvfs" && c.variant === "pb0")));
  drawChart("curves", chosen.map((c) => ({
    x: c.x, y: c.y, name: `${data.runs[c.run]}: ${c.name}`, mode: "lines+markers", marker: { size: 4, color: schemeColour(c.scheme) },
    line: { color: schemeColour(c.scheme), dash: looks[c.run % looks.length], width: c.scheme === "fine-vh" ? 2.6 : 1.4 }, hovertemplate: "%{y:.4g} mW",
  })), "power, mW", [], true);
  drawChart("saving", data.savings.filter((s) => same(s.delta, delta) && s.variant === variant).map((s) => ({
    x: s.x, y: s.y, name: `${data.runs[s.run]}`, mode: "lines+markers", marker: { size: 5, color: schemeColour("fine-vh") },
    line: { color: schemeColour("fine-vh"), dash: looks[s.run % looks.length], width: 2.2 }, hovertemplate: "%{y:.1f} %",
  })), "saving against own ideal-DVFS, %", [], false);
}
for (const id of ["delta", "variant"]) byId(id).addEventListener("change", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const charts = loadPlotly().then(draw);
