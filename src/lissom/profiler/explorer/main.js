// The page from top to bottom; drawn again when the language, the theme or the network is another.
function button(key, pressed, onclick) {
  return element("button", { type: "button", "aria-pressed": pressed === null ? null : String(pressed), onclick }, word(key));
}

function controls() {
  const themes = { auto: "light", light: "dark", dark: "auto" };
  const parts = [
    element("button", { type: "button", id: "language", lang: chosen.language === "en" ? "zh-CN" : "en", onclick: () => { chosen.language = chosen.language === "en" ? "zh" : "en"; draw("language"); } }, chosen.language === "en" ? "中文" : "English"),
    element("button", { type: "button", id: "theme", onclick: () => { chosen.theme = themes[chosen.theme]; draw("theme"); } }, `${word("explorer.theme")}: ${word(`explorer.theme_${chosen.theme}`)}`),
  ];
  if (data.networks.length > 1) {
    const options = data.networks.map((one, i) => element("option", { value: i, selected: i === chosen.network ? "" : null }, one.network));
    parts.unshift(element("label", {}, `${word("profile_column.network")} `, element("select", { id: "network", onchange: (event) => choose(+event.target.value) }, ...options)));
  }
  return element("div", { class: "bar" }, ...parts);
}

function facts() {
  const one = network(), times = one.measured?.latency, pairs = [];
  const add = (name, value) => pairs.push(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  add(word("profile_column.parameters"), whole(one.parameters));
  add("MACs", whole(one.macs));
  if (one.printed?.macs) add(word("profile_column.printed_macs"), `${one.printed.macs} M (${signed(one.printed.macs_difference)})`);
  if (one.top1 !== null) add(word("profile_column.top1"), `${one.top1}`);
  add(word("explorer.moved"), `${short(one.bytes)}B`);
  add(word("profile_column.peak_memory_bytes"), `${short(one.peak_memory_bytes)}B`);
  add(word("profile_column.weight_bytes"), `${short(one.weight_bytes)}B`);
  if (one.receptive_field) add(word("profile_column.receptive_field"), shown("receptive_field", one.receptive_field));
  if (times) add(word("explorer.latency"), `${shown("time_ms", times.median_ms)} ms (${shown("time_ms", times.p05_ms)}–${shown("time_ms", times.p95_ms)})`);
  if (times) add(word("explorer.cpu"), `${shown("time_ms", times.cpu_ms)} ms`);
  if (one.measured?.resident_bytes) add(word("profile_column.resident_bytes"), `${short(one.measured.resident_bytes)}B`);
  return element("dl", {}, ...pairs);
}

function section(key, ...content) {
  return element("section", {}, element("h2", {}, word(`explorer.${key}`)), ...content);
}

function sentences(list) {
  return element("ul", {}, ...list.map((sentence) => element("li", {}, sentence)));
}

function metrics() {
  const keys = ["macs", "bytes", "parameters", ...(network().layers.some((layer) => layer.time_ms !== undefined) ? ["time_ms"] : [])];
  if (!keys.includes(chosen.metric)) chosen.metric = "macs";
  const press = (key) => () => { chosen.metric = key; draw(`metric-${key}`); };
  const buttons = keys.map((key) => { const made = button(`explorer.by_${key}`, key === chosen.metric, press(key)); made.id = `metric-${key}`; return made; });
  return element("div", { class: "bar", role: "group", "aria-label": word("explorer.cost") }, ...buttons);
}

function table() {
  const closeAll = () => { network().modules.filter((m) => m.name && m.depth === 1).forEach((m) => chosen.closed.add(m.name)); drawTree(); };
  const openAll = () => { chosen.closed.clear(); drawTree(); };
  const search = element("input", { type: "search", id: "search", placeholder: word("explorer.find"), "aria-label": word("explorer.find"), oninput: (event) => { chosen.find = event.target.value; drawTree(); } });
  search.value = chosen.find;
  return section("tree", element("p", { class: "muted" }, word("explorer.tree_note")), element("div", { class: "bar" }, search, button("explorer.open", null, openAll), button("explorer.close", null, closeAll)), element("div", { class: "tall", id: "tree" }));
}

function circumstances() {
  const here = network().measured?.machine;
  const parts = [element("p", { class: "muted" }, network().convention)];
  if (here) parts.unshift(element("p", { class: "muted" }, fill("explorer.machine", { ...here, batch: network().measured.batch })));
  if (network().unknown.length) parts.unshift(element("p", {}, fill("explorer.unknown", { names: network().unknown.join(", ") })));
  return parts;
}

function choose(index) {
  Object.assign(chosen, { network: index, find: "", closed: new Set() });
  draw("network");
}

function draw(focus = null) {
  const one = network(), known = data.networks.filter((each) => each.top1 !== null);
  document.documentElement.lang = chosen.language === "zh" ? "zh-CN" : "en";
  chosen.theme === "auto" ? delete document.documentElement.dataset.theme : (document.documentElement.dataset.theme = chosen.theme);
  const why = one.why[chosen.language] ?? [], compared = data.compared[chosen.language] ?? [];
  const parts = [
    element("header", {}, element("h1", {}, one.network), element("p", { class: "muted" }, fill("explorer.subtitle", { shape: one.input_shapes.map((s) => s.slice(1).join(" x ")).join(", ") })), controls()),
    facts(),
    why.length ? section("why", sentences(why)) : null,
    known.length > 1 ? section("networks", networksChart(), sentences(compared)) : null,
    section("cost", metrics(), costChart()),
    one.measured && one.layers.some((layer) => layer.macs_per_second) ? section("roofline", rooflineChart()) : null,
    table(),
    element("footer", {}, ...circumstances()),
  ];
  document.getElementById("page").replaceChildren(...parts.filter(Boolean));
  drawTree();
  if (focus) document.getElementById(focus)?.focus();
}

document.body.append(tip);
draw();
