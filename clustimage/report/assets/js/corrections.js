// Corrections: what a person decides about clusters. Actions are kept and carried out anew from
// what Python wrote, so that any of them can be undone. Numbers of clusters never change.

const base = { labels: store.state.labels, clusters: store.state.clusters };
const NOT_ASSIGNED = { name: "not assigned", color: "#8a8f98" };
const firstNew = base.labels.reduce((most, label) => Math.max(most, label), -1) + 1;

/** Carry out actions: return labels, clusters, the actions as the file has them, and in words. */
function replay(actions) {
  const state = {
    labels: Int32Array.from(base.labels),
    clusters: new Map(base.clusters.map((cluster) => [cluster.label, { ...cluster }])),
    changed: new Set(), // labels of clusters that have other images than Python gave them
    next: firstNew,
  };
  const done = actions.map((action) => ACTIONS[action.do](state, action));
  const clusters = [...state.clusters.values()].sort((a, b) => a.label - b.label);
  return {
    labels: state.labels,
    clusters: clusters.map((cluster) => withoutStale(cluster, state)),
    plain: done.map(([plain]) => plain),
    words: done.map(([, words]) => words),
  };
}

// What each action does to the state; returns it as the file has it, and in words.
const ACTIONS = {
  rename({ clusters }, { label, name }) {
    const cluster = clusters.get(label);
    const done = [
      { do: "rename", label: called(cluster), name },
      `Rename ${cluster.name} to ${name ?? "no name"}`,
    ];
    Object.assign(cluster, { name: name ?? `cluster ${label}`, named: name !== null });
    return done;
  },

  merge({ labels, clusters, changed }, action) {
    const merged = [...new Set(action.labels)].map((label) => clusters.get(label));
    // Python keeps the number of the first with a name, else the lowest.
    const stays = merged.find(({ named }) => named) ?? merged.reduce((a, b) => (a.label < b.label ? a : b));
    const done = [
      { do: "merge", labels: merged.map(called) },
      `Merge ${merged.map(({ name }) => name).join(" and ")}`,
    ];
    const gone = new Set(merged.map(({ label }) => label));
    for (let i = 0; i < data.n; i += 1) if (gone.has(labels[i])) labels[i] = stays.label;
    stays.count = merged.reduce((sum, { count }) => sum + count, 0);
    for (const cluster of merged) if (cluster !== stays) clusters.delete(cluster.label);
    changed.add(stays.label);
    return done;
  },

  move(state, { images, to, name }) {
    const { labels, clusters, changed } = state;
    const plain = { do: "move", images: images.map(imageReference) };
    const number = to === "new" ? state.next : to;
    if (to === "new") {
      state.next += 1;
      clusters.set(number, newCluster(number, name));
      Object.assign(plain, { to, name });
    } else if (to < 0) {
      plain.to = -1;
      if (!clusters.has(to)) clusters.set(to, { ...newCluster(to, ""), ...NOT_ASSIGNED });
    } else plain.to = called(clusters.get(to));
    const target = clusters.get(number);
    for (const i of images) {
      const from = clusters.get(labels[i]);
      from.count -= 1;
      target.count += 1;
      changed.add(from.label);
      labels[i] = number;
      if (from.count === 0) clusters.delete(from.label);
    }
    changed.add(number);
    const many = counted(images.length, "image");
    const words = to === "new" ? `New cluster ${name} of ${many}` : `Move ${many} to ${target.name}`;
    return [plain, to < 0 ? `Exclude ${many}` : words];
  },
};

/** Return what Python calls a cluster: a new one by its name, as it may number it otherwise. */
function called({ label, name }) {
  return label < firstNew ? label : name;
}

/** Return a cluster without what its corrections have made untrue. */
function withoutStale(cluster, { labels, changed }) {
  const { label, unique } = cluster;
  if (!changed.has(label)) return cluster;
  const kept = unique >= 0 && labels[unique] === label ? unique : -1;
  return { ...cluster, unique: kept, spread: null, mean: null, changed: true };
}

/** Return an image as the file of corrections names it. */
function imageReference(i) {
  const digest = data.digests?.[i];
  return digest ? { pathname: pathOf(i), digest } : pathOf(i);
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
