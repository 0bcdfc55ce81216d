// The three charts: cost per layer, roofline, networks. Each is one SVG whose marks can be reached by keyboard.
const WIDE = 1100;

function chart(height, label, ...children) {
  return element("div", { class: "scroll" }, element("svg", { viewBox: `0 0 ${WIDE} ${height}`, role: "group", "aria-label": label }, ...children));
}

function legend(families) {
  const item = (name) => {
    const dot = element("i");
    dot.style.background = data.colours[name];
    return element("li", {}, dot, word(`family.${name}`));
  };
  return element("ul", { class: "legend" }, ...families.map(item));
}

const present = (layers) => Object.keys(data.colours).filter((name) => layers.some((layer) => layer.family === name));

function steps(most, wanted = 4) {
  const rough = most / wanted, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

// Round numbers between two others, about six.
function linear(low, high) {
  const step = steps(high - low, 6)[1];
  return Array.from({ length: 20 }, (_, i) => +((Math.ceil(low / step) + i) * step).toPrecision(6)).filter((v) => v <= high);
}

function costChart() {
  const height = 400, left = 64, right = 10, top = 12, bottom = 140, key = chosen.metric;
  const byName = new Map(network().layers.map((layer) => [layer.name, layer]));
  const groups = network().groups.map(([name, members]) => [name, members.map((member) => byName.get(member))]);
  const sum = (layers) => layers.reduce((total, layer) => total + (layer[key] ?? 0), 0);
  const most = 1.08 * Math.max(...groups.map(([, layers]) => sum(layers))) || 1; // the highest bar stays clear of the frame
  const slot = (WIDE - left - right) / groups.length, y = (v) => height - bottom - (v / most) * (height - top - bottom);
  const marks = groups.map(([name, layers], i) => {
    const x = left + i * slot, total = sum(layers);
    const parts = present(layers).map((family) => [family, sum(layers.filter((layer) => layer.family === family))]).filter(([, v]) => v);
    let below = 0;
    const rects = parts.map(([family, v]) => {
      below += v;
      return element("rect", { x: x + slot * 0.09, y: y(below), width: slot * 0.82, height: y(below - v) - y(below), fill: data.colours[family] });
    });
    const title = name || network().network;
    const mark = element("g", { class: "mark", role: "img", "aria-label": `${title}: ${shown(key, total)} ${word(`profile_column.${key}`)}`, onclick: () => reveal(name), onkeydown: (e) => { if (e.key === "Enter") reveal(name); } },
      ...rects, element("rect", { class: "halo", x: x + 1, y: top, width: slot - 2, height: height - bottom - top }),
      element("text", { transform: `translate(${x + slot / 2 + 4} ${height - bottom + 10}) rotate(-90)`, "text-anchor": "end" }, title.length > 20 ? `…${title.slice(-19)}` : title));
    explain(mark, title, () => [[word(`profile_column.${key}`), shown(key, total)], ...parts.map(([family, v]) => [word(`family.${family}`), shown(key, v)])]);
    return mark;
  });
  arrows(marks);
  const ticks = steps(most).flatMap((v) => [element("line", { class: "rule", x1: left, x2: WIDE - right, y1: y(v), y2: y(v) }),
    element("text", { class: "tick", x: left - 8, y: y(v) + 4, "text-anchor": "end" }, v ? (key === "time_ms" ? `${+v.toPrecision(3)}` : short(v)) : "0")]);
  return element("div", {}, legend(present(network().layers)), chart(height, word("explorer.cost"), ...ticks, ...marks));
}

function logAxes(box, xs, ys, xTitle, yTitle, showX, showY) {
  const x = (v) => box.left + ((Math.log10(v) - xs[0]) / (xs[1] - xs[0])) * (box.right - box.left);
  const y = (v) => box.bottom - ((ys.log ? Math.log10(v) : v) - ys[0]) / (ys[1] - ys[0]) * (box.bottom - box.top);
  const parts = [];
  const span = xs[1] - xs[0] > 1.6 ? [1] : [1, 2, 5];
  for (let p = Math.floor(xs[0]); p <= xs[1]; p++) for (const n of span) {
    const v = n * 10 ** p;
    if (Math.log10(v) < xs[0] || Math.log10(v) > xs[1]) continue;
    parts.push(element("line", { class: "rule", x1: x(v), x2: x(v), y1: box.top, y2: box.bottom }), element("text", { class: "tick", x: x(v), y: box.bottom + 18, "text-anchor": "middle" }, showX(v)));
  }
  const rows = ys.log ? Array.from({ length: Math.floor(ys[1]) - Math.ceil(ys[0]) + 1 }, (_, i) => 10 ** (Math.ceil(ys[0]) + i))
    : linear(ys[0], ys[1]);
  for (const v of rows) parts.push(element("line", { class: "rule", x1: box.left, x2: box.right, y1: y(v), y2: y(v) }), element("text", { class: "tick", x: box.left - 8, y: y(v) + 4, "text-anchor": "end" }, showY(v)));
  parts.push(element("text", { x: (box.left + box.right) / 2, y: box.bottom + 40, "text-anchor": "middle" }, xTitle));
  parts.push(element("text", { transform: `translate(${box.left - 52} ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, yTitle));
  return { x, y, parts };
}

function rooflineChart() {
  const limits = network().measured.limits, peak = limits.macs_per_second, far = limits.memory_bandwidth, near = limits.bandwidths[0][1];
  const drawn = network().layers.filter((layer) => layer.macs_per_second && layer.intensity);
  const box = { left: 72, right: WIDE - 10, top: 14, bottom: 440 }, log = Math.log10;
  const low = log(Math.min(...drawn.map((l) => l.intensity)) / 2), high = log(3 * Math.max(peak / far, ...drawn.map((l) => l.intensity)));
  const ys = Object.assign([log(Math.min(...drawn.map((l) => l.macs_per_second)) / 2), log(peak * 2.2)], { log: true });
  const { x, y, parts } = logAxes(box, [low, high], ys, word("explorer.intensity_axis"), word("explorer.speed_axis"), (v) => `${+v.toPrecision(2)}`, short);
  const longest = Math.max(...drawn.map((l) => l.time_ms));
  const roof = (speed, dashes) => {
    const start = Math.max(10 ** low, 10 ** ys[0] / speed);
    return element("path", { class: "roof", "stroke-dasharray": dashes, d: `M${x(start)},${y(start * speed)} L${x(peak / speed)},${y(peak)} L${x(10 ** high)},${y(peak)}` });
  };
  const marks = drawn.map((layer) => {
    const at = { cx: x(layer.intensity), cy: y(layer.macs_per_second) }, r = 3 + 11 * Math.sqrt(layer.time_ms / longest);
    const mark = element("g", { class: "mark", role: "img", "aria-label": `${layer.name}: ${shown("macs_per_second", layer.macs_per_second)}, ${shown("fraction", layer.fraction)}`, onclick: () => reveal(layer.name), onkeydown: (e) => { if (e.key === "Enter") reveal(layer.name); } },
      element("circle", { ...at, r, fill: data.colours[layer.family], "fill-opacity": 0.75 }), element("circle", { ...at, r: r + 2, class: "halo" }));
    explain(mark, layer.name || network().network, () => layerRows(layer));
    return mark;
  });
  arrows(marks);
  const speeds = { far: +(far / 1e9).toPrecision(3), near: +(near / 1e9).toPrecision(3), peak: +(peak / 1e9).toPrecision(3) };
  const rest = network().layers.filter((l) => !drawn.includes(l)).reduce((sum, l) => sum + (l.time_share ?? 0), 0);
  return element("div", {}, legend(present(drawn)), chart(490, word("explorer.roofline"), ...parts, roof(far, null), roof(near, "5 4"),
    element("text", { x: box.right, y: y(peak) - 7, "text-anchor": "end" }, fill("explorer.peak", { speed: speeds.peak })), ...marks),
    element("p", { class: "muted" }, fill("explorer.roofline_note", { ...speeds, share: percent(rest) })));
}

function networksChart() {
  const known = data.networks.filter((one) => one.top1 !== null);
  const timed = known.every((one) => one.measured);
  const panels = [["macs", "MACs", (one) => one.macs, short], ...(timed ? [["time", word("explorer.latency_axis"), (one) => one.measured.latency.median_ms, (v) => `${+v.toPrecision(3)}`]] : [])];
  const width = timed ? WIDE / 2 : WIDE, parts = [], marks = [];
  const tops = known.map((one) => one.top1), pad = 0.15 * Math.max(1, Math.max(...tops) - Math.min(...tops));
  panels.forEach(([, title, cost, showCost], p) => {
    const box = { left: p * width + 72, right: (p + 1) * width - 14, top: 14, bottom: 340 };
    const costs = known.map(cost), room = Math.max(0.2, 0.15 * Math.log10(Math.max(...costs) / Math.min(...costs)));
    const xs = [Math.log10(Math.min(...costs)) - room, Math.log10(Math.max(...costs)) + room * 1.6];
    const axes = logAxes(box, xs, [Math.min(...tops) - pad, Math.max(...tops) + pad], title, p ? "" : word("explorer.top1_axis"), showCost, (v) => `${v}`);
    const front = known.filter((a) => !known.some((b) => cost(b) <= cost(a) && b.top1 >= a.top1 && (cost(b) < cost(a) || b.top1 > a.top1))).sort((a, b) => cost(a) - cost(b));
    const path = front.map((one, i) => (i ? `H${axes.x(cost(one))} V${axes.y(one.top1)}` : `M${axes.x(cost(one))},${axes.y(one.top1)}`)).join(" ");
    parts.push(...axes.parts, element("path", { class: "front", d: `${path} H${box.right}` }));
    for (const one of known) {
      const at = { cx: axes.x(cost(one)), cy: axes.y(one.top1) }, on = front.includes(one);
      const end = at.cx > box.right - 150;
      const mark = element("g", { class: "mark", role: "img", "aria-label": `${one.network}: ${one.top1} %, ${showCost(cost(one))} ${title}`, onclick: () => choose(data.networks.indexOf(one)), onkeydown: (e) => { if (e.key === "Enter") choose(data.networks.indexOf(one)); } },
        element("circle", { ...at, r: 6, fill: on ? "var(--blue)" : "var(--paper)", stroke: on ? "var(--blue)" : "var(--muted)", "stroke-width": 1.5 }), element("circle", { ...at, r: 9, class: "halo" }),
        element("text", { x: at.cx + (end ? -10 : 10), y: at.cy - 8, "text-anchor": end ? "end" : "start" }, one.network));
      explain(mark, one.network, () => [["top-1", `${one.top1} %`], ["MACs", whole(one.macs)], [word("profile_column.parameters"), whole(one.parameters)], ...(one.measured ? [[word("profile_column.latency_ms"), shown("time_ms", one.measured.latency.median_ms)]] : [])]);
      marks.push(mark);
    }
  });
  arrows(marks);
  return chart(390, word("explorer.networks"), ...parts, ...marks);
}
