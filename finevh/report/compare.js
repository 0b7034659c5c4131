"use strict";
fill(byId("delta"), unique(data.curves.map((c) => c.delta)).sort((a, b) => a - b), (d) => `${Math.round(1000 * d)} mV`);
fill(byId("variant"), unique(data.curves.map((c) => c.variant)), (v) => data.words[v] || v);

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
