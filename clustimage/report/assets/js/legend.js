// The clusters with their colours: a click hides or shows one, "only" shows it alone.

/** Return the list of clusters beside the map. */
function mapLegend() {
  const list = element("ul", { class: "map-clusters" });
  const every = element(
    "button",
    { type: "button", class: "quiet map-every", click: () => store.set({ hidden: new Set() }) },
    "Show all",
  );
  const title = element("span", { class: "map-legend-title" });
  const head = element("summary", {}, title);
  const legend = element("details", { class: "map-legend", open: true }, head, every, list);
  if (matchMedia("(max-width: 800px)").matches) legend.open = false;
  let rows = new Map();
  store.watch(["clusters"], ({ clusters }) => {
    rows = new Map(legendOrder(clusters).map((cluster) => [cluster.label, legendRow(cluster)]));
    list.replaceChildren(...[...rows.values()].map(({ row }) => row));
    title.textContent = counted(clusters.filter(({ label }) => label >= 0).length, "cluster");
  });
  store.watch(["clusters", "hidden", "cluster"], ({ hidden, cluster }) => {
    every.disabled = !hidden.size;
    for (const [label, { row, shows, only }] of rows) {
      shows.setAttribute("aria-pressed", String(!hidden.has(label)));
      only.setAttribute("aria-pressed", String(isAlone(label)));
      row.classList.toggle("current", label === cluster);
    }
  });
  return legend;
}

/** Return the clusters by label, those of no cluster last. */
function legendOrder(clusters) {
  return [...clusters].sort((a, b) => (a.label < 0) - (b.label < 0) || a.label - b.label);
}

function legendRow(cluster) {
  const { label } = cluster;
  const shows = element(
    "button",
    { type: "button", class: "map-shows", title: cluster.name, click: () => toggleHidden(label), dblclick: () => isolate(label) },
    swatch(cluster),
    element("span", { class: "map-name" }, cluster.name),
    element("span", { class: "map-count" }, formatCount(cluster.count)),
  );
  const only = element(
    "button",
    {
      type: "button",
      class: "map-only",
      "aria-label": `Show ${cluster.name} alone`,
      click: () => (isAlone(label) ? store.set({ hidden: new Set() }) : isolate(label)),
    },
    "only",
  );
  const row = element("li", { "data-label": String(label) }, shows, only);
  const highlight = () => store.set({ highlighted: label });
  const back = () => store.set({ highlighted: null });
  row.addEventListener("pointerenter", highlight);
  row.addEventListener("pointerleave", back);
  row.addEventListener("focusin", highlight);
  row.addEventListener("focusout", back);
  return { row, shows, only };
}

function toggleHidden(label) {
  const hidden = new Set(store.state.hidden);
  if (!hidden.delete(label)) hidden.add(label);
  store.set({ hidden });
}

function isolate(label) {
  const others = store.state.clusters.map((cluster) => cluster.label).filter((other) => other !== label);
  store.set({ hidden: new Set(others) });
}

function isAlone(label) {
  const { hidden, clusters } = store.state;
  return clusters.length > 1 && !hidden.has(label) && clusters.every((other) => other.label === label || hidden.has(other.label));
}
