// The colour of each image: that of its cluster, or of a number on a scale.

// Nine steps of viridis (S. van der Walt, N. Smith; CC0), from low to high.
const VIRIDIS = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];
const NO_NUMBER = [140, 140, 140];
const SCALE_STEPS = 64;

const MAP_COLORS = [
  { name: "cluster", title: "cluster" },
  { name: "confidence", title: "confidence" },
  { name: "distance", title: "distance to the centre" },
  { name: "time", title: "time", write: (value) => formatTime(value).slice(0, 10) },
];

function mapColorsThere() {
  return MAP_COLORS.filter(({ name }) => name === "cluster"
    || (data.columns[name] && data.columns[name].some((value) => Number.isFinite(value))));
}

function rgbOf(hex) {
  const value = parseInt(hex.slice(1, 7), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function packed([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Return the colour of a share from 0 to 1 on the scale. */
function scaleColor(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[low].map((part, k) => Math.round(part + (VIRIDIS[low + 1][k] - part) * (at - low)));
}

/**
 * Return `packed` and `names` of a palette, which colour of it each image has, and the ends of
 * the scale where it is one (2 of 100 values lie beyond each end).
 */
function mapColoring({ colorBy, labels, clusters }) {
  const which = new Uint16Array(data.n);
  let colors = null;
  let ends = null;
  if (colorBy === "cluster") {
    colors = [...clusters.map((cluster) => rgbOf(cluster.color)), NO_NUMBER];
    const place = new Map(clusters.map((cluster, k) => [cluster.label, k]));
    for (let i = 0; i < data.n; i += 1) which[i] = place.get(labels[i]) ?? clusters.length;
  } else {
    const values = data.columns[colorBy];
    const known = values.filter((value) => Number.isFinite(value)).sort();
    ends = [known[Math.floor(known.length * 0.02)], known[Math.ceil(known.length * 0.98) - 1]];
    const extent = ends[1] - ends[0] || 1;
    colors = Array.from({ length: SCALE_STEPS }, (_, k) => scaleColor(k / (SCALE_STEPS - 1)));
    colors.push(NO_NUMBER);
    for (let i = 0; i < data.n; i += 1) {
      const share = Math.min(Math.max((values[i] - ends[0]) / extent, 0), 1);
      which[i] = Number.isFinite(share) ? Math.round(share * (SCALE_STEPS - 1)) : SCALE_STEPS;
    }
  }
  return {
    which,
    ends,
    rgb: colors,
    packed: Uint32Array.from(colors, packed),
    names: colors.map((color) => `rgb(${color.join(" ")})`),
  };
}
