// The table: the tree of modules with all costs; siblings are sorted, so the tree stays one.
const COLUMNS = ["name", "kind", "output_shape", "parameters", "macs", "macs_share", "bytes", "intensity", "time_ms", "time_share", "bound", "fraction"];
const WORDS = ["name", "kind", "output_shape", "bound"];

function treeOf(one) {
  const nodes = new Map(), layers = new Map(one.layers.map((layer) => [layer.name, layer]));
  const parentOf = (name) => {
    for (let up = name; up;) { up = up.includes(".") ? up.slice(0, up.lastIndexOf(".")) : ""; if (nodes.has(up)) return nodes.get(up); }
    return null;
  };
  for (const module of one.modules) {
    if (module.module === "Identity") continue;
    const layer = layers.get(module.name), parent = module.name ? parentOf(module.name) : null;
    const node = { ...module, children: [], layer, parent, level: parent ? parent.level + 1 : 1, kind: layer?.kind ?? module.module, output_shape: layer?.output_shape,
      bound: layer?.bound, fraction: layer?.fraction, time_ms: layer?.time_ms, time_share: layer?.time_share, macs_share: module.macs / Math.max(1, one.macs), intensity: module.bytes ? module.macs / module.bytes : null };
    nodes.set(module.name, node);
    parent?.children.push(node);
  }
  const all = [...nodes.values()];
  for (const node of [...all].reverse()) {
    for (const key of ["time_ms", "time_share"]) if (node.parent && node[key] !== undefined) node.parent[key] = (node.parent[key] ?? 0) + node[key];
  }
  for (const node of all) {
    if (node.children.length) { node.bound = node.fraction = undefined; if (node.name) node.kind = node.module; }
  }
  return nodes;
}

const order = (nodes) => {
  if (!chosen.sort) return nodes;
  const value = (node) => node[chosen.sort] ?? (chosen.down ? -Infinity : Infinity);
  const sign = chosen.down ? -1 : 1;
  return [...nodes].sort((a, b) => (typeof value(a) === "number" && typeof value(b) === "number" ? sign * (value(a) - value(b)) : sign * String(value(a)).localeCompare(String(value(b)), "en", { numeric: true })));
};

function visible(root) {
  const rows = [], wanted = chosen.find.toLowerCase();
  const fits = (node) => !wanted || `${node.name} ${node.kind}`.toLowerCase().includes(wanted) || node.children.some(fits);
  const walk = (node) => {
    if (!fits(node)) return;
    rows.push(node);
    if (wanted || !chosen.closed.has(node.name)) order(node.children).forEach(walk);
  };
  walk(root);
  return rows;
}

function treeRow(node, columns) {
  const open = !chosen.closed.has(node.name), parent = node.children.length > 0;
  const label = node.name.slice(node.name.lastIndexOf(".") + 1) || network().network;
  const twist = element("span", { class: "twist", "aria-hidden": "true", onclick: () => toggle(node) }, parent ? (open ? "▾" : "▸") : "");
  const cells = columns.map((key) => {
    const cell = element("td", { role: "gridcell", class: WORDS.includes(key) ? "words" : null }, ...(key === "name" ? [twist, label] : [shown(key, node[key])]));
    if (key === "name") cell.style.paddingLeft = `${(node.level - 1) * 1.1}rem`;
    return cell;
  });
  const row = element("tr", { role: "row", "data-name": node.name, "aria-level": node.level, "aria-expanded": parent ? String(open) : null }, ...cells);
  explain(row, node.name || network().network, () => (node.layer && !parent ? layerRows({ ...node.layer, ...node }) : layerRows(node)));
  row.addEventListener("keydown", (event) => {
    if (parent && ((event.key === "ArrowRight" && !open) || (event.key === "ArrowLeft" && open) || event.key === "Enter")) { event.preventDefault(); toggle(node); }
  });
  return row;
}

function toggle(node) {
  if (!node.children.length) return;
  chosen.closed.has(node.name) ? chosen.closed.delete(node.name) : chosen.closed.add(node.name);
  drawTree(node.name);
}

function sortBy(key) {
  if (chosen.sort !== key) Object.assign(chosen, { sort: key, down: !WORDS.includes(key) });
  else if (chosen.down !== WORDS.includes(key)) chosen.down = !chosen.down;
  else chosen.sort = null; // a third time: the order in which the network runs
  drawTree();
  document.querySelector(`th[data-key=${key}] button`)?.focus();
}

function drawTree(focus = null) {
  const nodes = treeOf(network()), root = nodes.get("");
  const columns = COLUMNS.filter((key) => key === "name" || [...nodes.values()].some((node) => node[key] !== undefined && node[key] !== null));
  const heads = columns.map((key) => {
    const sorted = chosen.sort === key ? (chosen.down ? "descending" : "ascending") : "none";
    const sign = { none: "", descending: " ↓", ascending: " ↑" }[sorted];
    return element("th", { role: "columnheader", "data-key": key, "aria-sort": sorted, class: WORDS.includes(key) ? "words" : null }, element("button", { type: "button", onclick: () => sortBy(key) }, word(`profile_column.${key}`) + sign));
  });
  const rows = visible(root).map((node) => treeRow(node, columns));
  arrows(rows, ["ArrowDown"], ["ArrowUp"]);
  const place = document.getElementById("tree");
  place.replaceChildren(element("table", { role: "treegrid", "aria-label": word("explorer.tree") }, element("thead", {}, element("tr", { role: "row" }, ...heads)), element("tbody", {}, ...rows)));
  if (focus !== null) rows.find((row) => row.dataset.name === focus)?.focus();
}

// From a chart to the row: all modules above it are opened.
function reveal(name) {
  for (let up = name; up;) { up = up.includes(".") ? up.slice(0, up.lastIndexOf(".")) : ""; chosen.closed.delete(up); }
  chosen.find = "";
  const search = document.getElementById("search");
  if (search) search.value = "";
  drawTree(name);
  document.querySelector(`tr[data-name="${CSS.escape(name)}"]`)?.scrollIntoView({ block: "center" });
}
