"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const same = (a, b) => Math.abs(a - b) < 1e-6;
const unique = (values) => [...new Set(values)];
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const modified = new Date(document.lastModified);
if (!isNaN(modified)) byId("date").textContent = `written ${modified.toISOString().slice(0, 10)}`;

function fill(select, values, label, chosen) {
  for (const value of values) select.add(new Option(label(value), value));
  if (chosen !== undefined && values.includes(chosen)) select.value = chosen;
}

// Charts. The library is packed: unpacking it is the only thing that the page waits for.
async function loadPlotly() {
  const bytes = Uint8Array.from(atob(byId("plotly").textContent), (c) => c.charCodeAt(0));
  const source = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
}

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const schemeColour = (scheme) => (isDark() ? data.darkColours : data.colours)[scheme];
const dashes = { pb0: "solid", pb: "dash", vt: "dot" };

function drawChart(id, traces, title, boundaries, zero) {
  const grid = css("--line"), ink = css("--ink");
  // A phone has no room for curves that wait to be asked for.
  const narrow = innerWidth < 560;
  Plotly.react(id, narrow ? traces.filter((trace) => trace.visible !== "legendonly") : traces, {
    margin: { l: 58, r: 8, t: 8, b: 42 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: "system-ui, sans-serif" },
    xaxis: { title: { text: "clock frequency, MHz" }, gridcolor: grid, zeroline: false },
    yaxis: { title: { text: title }, gridcolor: grid, zerolinecolor: ink, rangemode: zero ? "tozero" : "normal" },
    hovermode: "x unified", hoverlabel: { bgcolor: css("--card"), font: { color: ink } }, legend: { orientation: "h", y: 1.02, yanchor: "bottom", font: { size: narrow ? 10 : 12 } },
    shapes: boundaries.map((x) => ({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: ink, width: 0.6, dash: "dot" }, opacity: 0.5 })),
  }, { displayModeBar: false, responsive: true });
}

// Tables sort by a click, or Enter, on a head, numbers by value; a button saves what is shown.
function asCsv(table) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [...table.rows].map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(",")).join("\n") + "\n";
}
for (const table of document.querySelectorAll("table")) {
  const save = document.createElement("button");
  save.type = "button";
  save.className = "save";
  save.textContent = "save as CSV";
  save.setAttribute("aria-label", `save the table ${table.id} as CSV`);
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([asCsv(table)], { type: "text/csv" }));
    link.download = `${table.id}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  table.parentElement.after(save);
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    cell.tabIndex = 0;
    const sort = () => {
      const up = cell.getAttribute("aria-sort") !== "ascending";
      const key = (row) => row.cells[column].textContent.trim();
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [parseFloat(key(a)), parseFloat(key(b))];
        const order = Number.isNaN(x) || Number.isNaN(y) ? key(a).localeCompare(key(b)) : x - y;
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    };
    cell.addEventListener("click", sort);
    cell.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  });
}
