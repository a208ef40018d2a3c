// Where the images lie: on the map of what they look like, on the earth, in time. A layout is
// positions in a plane, x to the right and y down.

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
const LARGEST_LATITUDE = 85; // of Mercator's projection that is drawn

class MapLayout {
  /**
   * `step` is the distance that images of one position are moved apart by; with `lanes` only x
   * zooms, and `present` says which images have a position.
   */
  constructor(name, title, { x, y, present = null, step, maxScale, lanes = null }) {
    Object.assign(this, { name, title, x, y, present, maxScale, lanes });
    if (step) spreadEqual(x, y, present, step);
    this.bounds = boundsOf(this, () => true);
    this.spacing = spacingOf(this);
  }

  has(i) {
    return this.present === null || this.present[i] === 1;
  }
}

/** Move images that share a position apart, along a spiral around it. */
function spreadEqual(x, y, present, step) {
  const counts = new Map();
  for (let i = 0; i < x.length; i += 1) {
    if (present !== null && !present[i]) continue;
    const key = x[i] * 0.7548776662466927 + y[i] * 0.5698402909980532; // as good as unique
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    if (!count) continue;
    const radius = step * Math.sqrt(count);
    x[i] += radius * Math.cos(count * GOLDEN_ANGLE);
    y[i] += radius * Math.sin(count * GOLDEN_ANGLE);
  }
}

/** Return [left, top, right, bottom] of some images; null for none. */
function boundsOf(layout, isPart) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const { x, y } = layout;
  for (let i = 0; i < x.length; i += 1) {
    if (!layout.has(i) || !isPart(i)) continue;
    if (x[i] < left) left = x[i];
    if (x[i] > right) right = x[i];
    if (y[i] < top) top = y[i];
    if (y[i] > bottom) bottom = y[i];
  }
  return left > right ? null : [left, top, right, bottom];
}

/** Return about how far apart neighbours are: the root of the area that is covered, per image. */
function spacingOf({ x, y, bounds, present, maxScale }) {
  if (bounds === null) return 1;
  const cells = 64;
  const covered = new Set();
  const [left, top, right, bottom] = bounds;
  const across = (right - left || 1e-9) / cells;
  const down = (bottom - top || 1e-9) / cells;
  let n = 0;
  for (let i = 0; i < x.length; i += 1) {
    if (present !== null && !present[i]) continue;
    n += 1;
    covered.add(Math.floor((x[i] - left) / across) * 4096 + Math.floor((y[i] - top) / down));
  }
  // A few images take more of the room between them.
  const smallest = 1600 / maxScale; // what is shown of images that are all at one position
  const room = Math.max(right - left, smallest) * Math.max(bottom - top, smallest);
  return Math.max(Math.sqrt((covered.size * across * down) / n), 0.35 * Math.sqrt(room / n));
}

/** Return the layouts that there are columns for, the map first. */
function mapLayouts() {
  const layouts = [];
  if (data.columns.x) layouts.push(likenessLayout());
  if (data.columns.lat) layouts.push(placesLayout());
  if (data.columns.time) layouts.push(timeLayout());
  return layouts.filter((layout) => layout.bounds !== null);
}

function likenessLayout() {
  const { x, y } = data.columns;
  return new MapLayout("map", "Map", {
    x: Float64Array.from(x, (value) => value / 65535),
    y: Float64Array.from(y, (value) => 1 - value / 65535),
    step: 1 / 65535,
    maxScale: 60 * 65535,
  });
}

/** Mercator's projection: the world is 1 wide; from `data.west` on. */
function mercatorX(lon) {
  const west = data.west ?? -180;
  return ((((lon - west) % 360) + 360) % 360) / 360;
}

function mercatorY(lat) {
  const angle = (Math.max(-LARGEST_LATITUDE, Math.min(LARGEST_LATITUDE, lat)) * Math.PI) / 180;
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + angle / 2)) / (2 * Math.PI);
}

function placesLayout() {
  const { lat, lon } = data.columns;
  const present = Uint8Array.from(lat, (value, i) => Number.isFinite(value) && Number.isFinite(lon[i]));
  return new MapLayout("places", "Places", {
    x: Float64Array.from(lon, mercatorX),
    y: Float64Array.from(lat, mercatorY),
    present,
    step: 1.5e-7, // six metres
    maxScale: 2 ** 28,
  });
}

/** Time to the right, a lane for each cluster, in which images lie scattered. */
function timeLayout() {
  const { time } = data.columns;
  const present = Uint8Array.from(time, (value) => Number.isFinite(value));
  const known = time.filter((value) => Number.isFinite(value)).sort();
  const first = known[0] ?? 0;
  const seconds = Math.max(known[known.length - 1] - first || 0, 60);
  const labels = legendOrder(store.state.clusters).map((cluster) => cluster.label);
  const laneOf = new Map(labels.map((label, lane) => [label, lane]));
  const lane = (i) => laneOf.get(store.state.labels[i]) ?? labels.length - 1;
  return new MapLayout("time", "Time", {
    x: Float64Array.from(time, (value) => (value - first) / seconds),
    y: Float64Array.from(time, (_, i) => (lane(i) + 0.2 + 0.6 * mixed(i)) / labels.length),
    present,
    step: 0,
    maxScale: seconds * 60,
    lanes: { labels, first, seconds },
  });
}

/** Return a number from 0 to 1 that looks random and is always the same for an image. */
function mixed(i) {
  let value = Math.imul(i + 1, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}
