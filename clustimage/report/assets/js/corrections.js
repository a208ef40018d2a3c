// Corrections: what a person decides about clusters. Actions are kept and carried out anew from
// what Python wrote, so that any of them can be undone. Numbers of clusters never change.

const base = { labels: store.state.labels, clusters: store.state.clusters };
const NOT_ASSIGNED = { name: "not assigned", color: "#8a8f98" };
const firstNew = base.labels.reduce((most, label) => Math.max(most, label), -1) + 1;

/** Carry out actions: return labels, clusters, and the actions as the file of corrections has them. */
function replay(actions) {
  const labels = Int32Array.from(base.labels);
  const clusters = new Map(base.clusters.map((cluster) => [cluster.label, { ...cluster }]));
  const changed = new Set();
  let next = firstNew;
  // Python may number a new cluster otherwise, so that the file calls it by its name.
  const called = (label) => (label < firstNew ? label : clusters.get(label).name);
  const plain = actions.map((action) => {
    if (action.do === "rename") {
      const { label, name } = action;
      const written = { do: "rename", label: called(label), name };
      Object.assign(clusters.get(label), { name: name ?? `cluster ${label}`, named: name !== null });
      return written;
    }
    if (action.do === "merge") {
      const written = { do: "merge", labels: action.labels.map(called) };
      const stays = mergedLabel(action.labels, clusters);
      const gone = new Set(action.labels);
      for (let i = 0; i < data.n; i += 1) if (gone.has(labels[i])) labels[i] = stays;
      for (const label of gone) if (label !== stays) clusters.delete(label);
      changed.add(stays);
      return written;
    }
    let { to } = action;
    const written = { do: "move", images: action.images.map(imageReference) };
    if (to === "new") {
      Object.assign(written, { to: "new", name: action.name });
      to = next;
      next += 1;
      clusters.set(to, newCluster(to, action.name));
    } else written.to = to < 0 ? -1 : called(to);
    if (to < 0 && !clusters.has(to)) clusters.set(to, { ...newCluster(to, ""), ...NOT_ASSIGNED });
    for (const i of action.images) {
      changed.add(labels[i]);
      labels[i] = to;
    }
    changed.add(to);
    const left = new Set(labels);
    for (const label of clusters.keys()) if (!left.has(label)) clusters.delete(label);
    return written;
  });
  return { labels, clusters: countMembers(labels, clusters, changed), plain };
}

/** Return an image as the file of corrections names it. */
function imageReference(i) {
  const digest = data.digests?.[i];
  return digest ? { pathname: pathOf(i), digest } : pathOf(i);
}

/** Return the number that merged clusters keep: of the first with a name, else the lowest. */
function mergedLabel(labels, clusters) {
  return labels.find((label) => clusters.get(label).named) ?? Math.min(...labels);
}

function newCluster(label, name) {
  const hue = (label * 137.508) % 360; // golden angle: colours one after another differ by much
  return { label, name, named: true, color: hexColor(hue, 0.55, 0.5), count: 0, unique: -1 };
}

function hexColor(hue, saturation, lightness) {
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

/** Return clusters with their counts; what is not known any more is left out. */
function countMembers(labels, clusters, changed) {
  const counts = new Map();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...clusters.values()]
    .map((cluster) => {
      const { label } = cluster;
      if (!changed.has(label)) return cluster;
      const unique = cluster.unique >= 0 && labels[cluster.unique] === label ? cluster.unique : -1;
      return { ...cluster, count: counts.get(label), unique, spread: null, mean: null, changed: true };
    })
    .sort((a, b) => a.label - b.label);
}

const corrections = {
  done: [],
  undone: [],
  downloaded: "[]", // the actions that were downloaded last
  kept: true, // whether the browser keeps them

  add(action, words) {
    this.done = [...this.done, action];
    this.undone = [];
    this.apply();
    announce(words);
  },

  undo() {
    if (!this.done.length) return;
    this.undone = [this.done.at(-1), ...this.undone];
    this.done = this.done.slice(0, -1);
    this.apply();
    announce("Undone.");
  },

  redo() {
    if (!this.undone.length) return;
    this.done = [...this.done, this.undone[0]];
    this.undone = this.undone.slice(1);
    this.apply();
    announce("Done again.");
  },

  /** Show the clusters as corrected, and keep the actions. */
  apply() {
    const { labels, clusters } = replay(this.done);
    const { done, undone, downloaded } = this;
    const nothing = !done.length && !undone.length;
    this.kept = keep(pageKey(), nothing ? null : JSON.stringify({ done, undone, downloaded }));
    store.set({ labels, clusters, corrections: this.done });
  },

  /** Take up what the browser has kept of this page. */
  restore() {
    const text = recall(pageKey());
    if (text === null) return;
    try {
      const found = JSON.parse(text);
      replay(found.done); // throws where it does not fit
      Object.assign(this, found);
      this.apply();
    } catch {
      keep(pageKey(), null);
    }
  },

  isDownloaded() {
    return JSON.stringify(this.done) === this.downloaded;
  },

  download() {
    const file = {
      format: "clustimage-corrections",
      version: 1,
      clustering: data.clustering ?? null,
      actions: replay(this.done).plain,
    };
    download("corrections.json", "application/json", `${JSON.stringify(file, null, 1)}\n`);
    this.downloaded = JSON.stringify(this.done);
    this.apply();
    store.set({ corrections: [...this.done] });
  },
};

/** Return the key by which the browser knows this page: a hash of its names and labels (FNV-1a). */
const pageKey = (() => {
  let key = null;
  return () => {
    if (key === null) {
      let hash = 0x811c9dc5;
      const add = (number) => {
        hash = Math.imul(hash ^ number, 0x01000193);
      };
      for (const text of [data.root, ...data.names]) {
        for (let at = 0; at < text.length; at += 1) add(text.charCodeAt(at));
        add(0xffff);
      }
      base.labels.forEach(add);
      key = `corrections:${data.n}:${(hash >>> 0).toString(16)}`;
    }
    return key;
  };
})();

/** Return why a cluster cannot have a name; null where it can. */
function nameProblem(name, except) {
  if (!name || name.length > 100) return "A name has 1 to 100 characters.";
  if (/\p{C}|\p{Zl}|\p{Zp}/u.test(name)) return "A name has printable characters only.";
  if (name === "new") return "“new” stands for a new cluster; choose another name.";
  const other = store.state.clusters.find((cluster) => cluster.name === name);
  return other && other.label !== except ? `There is a cluster “${name}” already.` : null;
}

// --- what a person does -----------------------------------------------------------------------

function clusterMenu(button, cluster) {
  const { label, name } = cluster;
  const others = new Set(store.state.clusters.map((other) => other.label).filter((other) => other !== label));
  const items = [];
  if (label >= 0) {
    items.push(["Rename…", () => renameCluster(cluster)]);
    items.push([
      "Merge with…",
      () =>
        chooseCluster(`Merge “${name}” with`, new Set([label]), (other) => {
          const labels = [label, other];
          const names = labels.map((one) => clusterOf(one).name);
          corrections.add({ do: "merge", labels }, `Merged ${names[0]} and ${names[1]}.`);
        }),
    ]);
  }
  items.push(["Show only this cluster", () => store.set({ hidden: others })]);
  if (store.state.hidden.size) items.push(["Show all clusters", () => store.set({ hidden: new Set() })]);
  openMenu(button, items);
}

function renameCluster({ label, name }) {
  askName(
    `Rename “${name}”`,
    name,
    "Rename",
    (given) => {
      if (given !== name) corrections.add({ do: "rename", label, name: given }, `Renamed ${name} to ${given}.`);
    },
    label,
  );
}

function moveSelected() {
  const images = selectedImages();
  chooseCluster(`Move ${counted(images.length, "image")} to`, new Set(), (to) => {
    const staying = images.filter((i) => store.state.labels[i] !== to);
    if (staying.length) {
      const words = `Moved ${counted(staying.length, "image")} to ${clusterOf(to).name}.`;
      corrections.add({ do: "move", images: staying, to }, words);
    }
    store.set({ selected: new Set() });
  }, [{ words: "New cluster…", run: splitSelected }]);
}

function splitSelected() {
  const images = selectedImages();
  const taken = new Set(store.state.clusters.map(({ name }) => name));
  let number = 1;
  while (taken.has(`new cluster ${number}`)) number += 1;
  askName(`New cluster of ${counted(images.length, "image")}`, `new cluster ${number}`, "Make", (name) => {
    corrections.add({ do: "move", images, to: "new", name }, `Made ${name} of ${counted(images.length, "image")}.`);
    store.set({ selected: new Set() });
  });
}

function excludeSelected() {
  const images = selectedImages().filter((i) => store.state.labels[i] >= 0);
  if (images.length) {
    corrections.add({ do: "move", images, to: -1 }, `Excluded ${counted(images.length, "image")} from all clusters.`);
  }
  store.set({ selected: new Set() });
}
