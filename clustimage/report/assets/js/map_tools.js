// Over the map: which layout, how to drag, where to look, and what the colours mean; and the card
// of the image under the mouse.

Object.assign(ICONS, {
  pan: "M8 1.5v13M1.5 8h13M6 3.5l2-2l2 2M6 12.5l2 2l2-2M3.5 6l-2 2l2 2M12.5 6l2 2l-2 2",
  lasso: "M4.5 10.2C2.6 9.4 1.5 8.2 1.5 6.8C1.5 4.4 4.4 2.5 8 2.5s6.5 1.9 6.5 4.3S11.6 11.1 8 11.1c-.6 0-1.2 0-1.7-.1M4.5 10.2a1.3 1.3 0 1 1 1.8 1.2c.2 1-.3 2-1.8 2.4",
  box: "M2.5 4.5v-2h2M7 2.5h2M11.5 2.5h2v2M13.5 7v2M13.5 11.5v2h-2M9 13.5H7M4.5 13.5h-2v-2M2.5 9V7",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  all: "M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  here: "M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7zM8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3",
});

const DRAG_TOOLS = [
  ["pan", "Move the map"],
  ["lasso", "Select by a lasso"],
  ["box", "Select by a box (or drag with Shift)"],
];

/** Return the bar over the map. */
function mapTools(map) {
  const bar = element("div", { class: "map-bar", role: "toolbar", "aria-label": "Map" });
  if (map.layouts.length > 1) bar.append(layoutTabs(map));
  bar.append(dragTools(), zoomTools(map), colorChoice(map));
  return bar;
}

function layoutTabs(map) {
  const buttons = map.layouts.map(({ name, title }) =>
    element("button", { type: "button", class: "map-tab", "data-layout": name, click: () => store.set({ layout: name }) }, title));
  store.watch(["layout"], ({ layout }) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.layout === layout));
  });
  return element("div", { class: "map-tabs", role: "group", "aria-label": "Positions by" }, ...buttons);
}

function dragTools() {
  const buttons = DRAG_TOOLS.map(([name, words]) =>
    iconButton(name, words, () => store.set({ tool: name }), { "data-tool": name }));
  store.watch(["tool"], ({ tool }) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  });
  return element("div", { class: "map-group", role: "group", "aria-label": "Dragging" }, ...buttons);
}

function zoomTools(map) {
  const moving = { moving: true };
  const near = iconButton("here", "Zoom to the selection or the cluster", () => map.fitChosen());
  const group = element(
    "div",
    { class: "map-group", role: "group", "aria-label": "Zoom" },
    iconButton("plus", "Zoom in", () => map.zoom(1.6, undefined, undefined, moving)),
    iconButton("minus", "Zoom out", () => map.zoom(1 / 1.6, undefined, undefined, moving)),
    iconButton("all", "Show all", () => map.fit()),
    near,
  );
  store.watch(["selected", "cluster"], ({ selected, cluster }) => {
    near.disabled = !selected.size && cluster === null;
  });
  return group;
}

/** Return the choice of colours; null where there is nothing to choose. */
function colorChoice(map) {
  const choices = mapColorsThere();
  if (choices.length < 2) return "";
  const select = element("select", { "aria-label": "Colour by", change: () => store.set({ colorBy: select.value }) });
  for (const { name, title } of choices) select.append(new Option(title, name));
  store.watch(["colorBy"], ({ colorBy }) => {
    select.value = colorBy;
  });
  map.stage.append(colorScale(map));
  return element("label", { class: "field map-color" }, "Colour", select);
}

/** Return the scale of colours, which is there while the colours are of a number. */
function colorScale(map) {
  const [low, high] = [element("span"), element("span")];
  const strip = element("canvas", { width: SCALE_STEPS, height: 1, "aria-hidden": "true" });
  const scale = element("div", { class: "map-scale" }, low, strip, high);
  const context = strip.getContext("2d");
  for (let k = 0; k < SCALE_STEPS; k += 1) {
    context.fillStyle = `rgb(${scaleColor(k / (SCALE_STEPS - 1)).join(" ")})`;
    context.fillRect(k, 0, 1, 1);
  }
  store.watch(["colorBy"], ({ colorBy }) => {
    const { ends } = map.coloring;
    scale.hidden = ends === null;
    if (ends === null) return;
    const write = MAP_COLORS.find(({ name }) => name === colorBy).write ?? formatNumber;
    [low.textContent, high.textContent] = ends.map(write);
  });
  return scale;
}

/** The card of the image under the mouse, or of the one that was reached by keys. */
class MapTip {
  constructor(map) {
    this.map = map;
    this.node = element("div", { class: "map-tip", "aria-hidden": "true", hidden: true });
    map.stage.append(this.node);
    this.image = -1;
    sprites.onload.push(() => pictures.drawWaiting());
  }

  hide() {
    this.node.hidden = true;
    this.image = -1;
  }

  /** Show the card of an image next to a point of the canvas. */
  show(i, left, top) {
    if (i !== this.image) this.fill(i);
    this.image = i;
    this.node.hidden = false;
    const { width, height } = this.map.camera;
    const { offsetWidth: across, offsetHeight: down } = this.node;
    const x = left + 18 + across > width ? left - 18 - across : left + 18;
    const y = Math.min(Math.max(top - down / 2, 6), height - down - 6);
    this.node.style.transform = `translate(${Math.round(Math.max(x, 4))}px, ${Math.round(y)}px)`;
  }

  fill(i) {
    const cluster = clusterOf(store.state.labels[i]);
    const facts = element("div", { class: "map-tip-facts" });
    facts.append(element("strong", {}, data.names[i]));
    if (cluster) facts.append(element("span", { class: "map-tip-cluster" }, swatch(cluster), cluster.name));
    for (const words of tipFacts(i)) facts.append(element("span", { class: "muted" }, words));
    const parts = [facts];
    if (sprites.sheets.length) {
      const [width, height] = fitted(ratioOf(i), 132, 132);
      parts.unshift(picture(i, width, height));
    }
    this.node.replaceChildren(...parts);
  }
}

/** Return what is known of an image in a few words each. */
function tipFacts(i) {
  const { distance, time } = data.columns;
  const facts = [];
  const moved = store.state.labels[i] !== data.columns.label[i]; // its distance was to another centre
  if (!moved && Number.isFinite(distance[i])) facts.push(`${formatNumber(distance[i])} from the centre`);
  if (time && Number.isFinite(time[i])) facts.push(formatTime(time[i]));
  return facts;
}
