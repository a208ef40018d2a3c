// What is shown at this moment. Views read `store.state`, change it by `store.set` alone, and are
// told of changes. They never call each other.

class Store {
  constructor(state) {
    this.state = state;
    this.listeners = [];
  }

  /** Call a function whenever one of some keys has changed, and once now; return what ends that. */
  watch(keys, listener) {
    const entry = { keys, listener };
    this.listeners.push(entry);
    listener(this.state);
    return () => {
      this.listeners = this.listeners.filter((other) => other !== entry);
    };
  }

  set(changes) {
    const changed = Object.keys(changes).filter((key) => this.state[key] !== changes[key]);
    if (!changed.length) return;
    Object.assign(this.state, changes);
    for (const { keys, listener } of this.listeners) {
      if (keys.some((key) => changed.includes(key))) listener(this.state);
    }
  }
}

const store = new Store({
  labels: Int32Array.from(data.columns.label), // of each image, with the corrections made here
  clusters: data.clusters, // {label, name, color, count, unique, spread, mean}, with corrections
  hidden: new Set(), // labels that the legend has switched off
  matches: null, // Uint8Array: which images the search has found; null without a search
  selected: new Set(), // images
  cluster: null, // the label that was clicked last
  hovered: -1, // image under the mouse
  opened: -1, // image whose details are shown
  highlighted: null, // label under the mouse in the legend
  layout: "map", // or "places", "time": by what the images are laid out on the map
  colorBy: "cluster", // or the name of a column with numbers
  tool: "pan", // or "lasso", "box": what dragging on the map does
  theme: "light", // or "dark": the colours that are shown now
  view: "map", // or "gallery": which of the two a narrow screen shows
  query: "", // words that are searched for
  like: -1, // image whose like are shown alone
  found: -1, // query of `find` whose hits are shown alone, of data.found
  period: null, // [from, to] in seconds: only images of this time are shown
  sort: "typical", // a key of SORTS: the order of the gallery
  size: 96, // height of a picture in the gallery, in pixels
  order: new Int32Array(0), // the images that are shown, in the order of the gallery
  corrections: [], // what a person has decided here, in order
});

/** Return whether an image is shown at all: not hidden by the legend or by the search. */
function isShown(i) {
  const { labels, hidden, matches } = store.state;
  return !hidden.has(labels[i]) && (matches === null || matches[i] === 1);
}

/** Return the cluster of a label. */
const clusterOf = (() => {
  let clusters = null;
  let byLabel = null;
  return (label) => {
    if (clusters !== store.state.clusters) {
      ({ clusters } = store.state);
      byLabel = new Map(clusters.map((cluster) => [cluster.label, cluster]));
    }
    return byLabel.get(label);
  };
})();
