"use strict";
// The data, what is chosen, and the small functions with which everything else is drawn.
const data = JSON.parse(document.getElementById("data").textContent);
const chosen = { language: data.language, theme: "auto", network: 0, metric: "macs", sort: null, down: true, closed: new Set(), find: "" };
const network = () => data.networks[chosen.network];
const word = (key) => data.words[chosen.language][key] ?? key;
const fill = (key, values) => word(key).replace(/\{(\w+)\}/g, (_, name) => values[name]);

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "circle", "line", "path", "text"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const whole = (number) => number.toLocaleString("en-US");
function short(number) {
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]])
    if (number >= size * 0.9995) return `${+(number / size).toPrecision(3)} ${unit}`;
  return `${+number.toPrecision(3)}`;
}
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (share) => { const rounded = +(100 * share).toFixed(1); return `${rounded > 0 ? "+" : ""}${rounded.toFixed(1)} %`.replace("-0.0", "0.0"); };
const show = {
  macs: whole, parameters: whole, memory_access: whole,
  bytes: (v) => `${short(v)}B`, time_ms: (v) => (v < 10 ? v.toFixed(3) : v.toFixed(1)),
  time_share: percent, macs_share: percent, fraction: percent,
  intensity: (v) => `${+v.toPrecision(3)}`, macs_per_second: (v) => `${+(v / 1e9).toPrecision(3)} GMAC/s`,
  bound: (v) => word(`profile_column.bound_${v}`), family: (v) => word(`family.${v}`),
  output_shape: (v) => v.join(" x "), receptive_field: (v) => v.join(" x "),
};
const shown = (key, value) => (value === null || value === undefined ? "–" : (show[key] ?? String)(value));

// The tooltip: for the mouse, and for whoever comes by keyboard.
const tip = element("div", { id: "tip", role: "tooltip", hidden: "" });
function explain(target, title, rows) {
  const open = (x, y) => {
    tip.replaceChildren(element("b", {}, title), ...rows().map(([name, value]) => element("div", {}, element("span", {}, name), element("span", {}, value))));
    tip.hidden = false;
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 18)}px`;
  };
  const close = () => { tip.hidden = true; };
  target.addEventListener("pointermove", (event) => open(event.clientX, event.clientY));
  target.addEventListener("pointerleave", close);
  target.addEventListener("focus", () => { const box = target.getBoundingClientRect(); open(box.left + box.width / 2, box.top + box.height / 2); });
  target.addEventListener("blur", close);
  target.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
}

// One stop of the Tab key for a whole chart; arrows move inside it.
function arrows(marks, forward = ["ArrowRight", "ArrowDown"], back = ["ArrowLeft", "ArrowUp"]) {
  marks.forEach((mark, i) => {
    mark.setAttribute("tabindex", i ? -1 : 0);
    mark.addEventListener("keydown", (event) => {
      const step = forward.includes(event.key) ? 1 : back.includes(event.key) ? -1 : 0;
      const next = event.key === "Home" ? marks[0] : event.key === "End" ? marks.at(-1) : marks[i + step];
      if (!next || next === mark) return;
      event.preventDefault();
      mark.setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    });
  });
}

const layerRows = (layer) => ["kind", "output_shape", "parameters", "macs", "bytes", "memory_access", "intensity", "receptive_field",
  "time_ms", "time_share", "bound", "fraction", "macs_per_second"]
  .filter((key) => layer[key] !== undefined && layer[key] !== null)
  .map((key) => [word(`profile_column.${key}`), shown(key, layer[key])]);
