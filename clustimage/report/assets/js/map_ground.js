// What lies under the images: the land of the earth, the lanes of a time line, and their words.

const DAY_SECONDS = 86_400;
const TIME_STEPS = [
  ...[1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600],
  ...[1, 2, 7, 14, 30.4375, 91.3125, 182.625, 365.25, 730.5, 1826.25, 3652.5].map((days) => days * DAY_SECONDS),
];
const RULER_HEIGHT = 24; // pixels
let mapLand = null; // rings of the layout of places, made when it is first seen

function drawGround(context, camera, theme) {
  const { layout } = camera;
  if (layout.name === "places") drawLand(context, camera, theme);
  if (layout.lanes !== null) drawLanes(context, camera, theme);
}

/** Return the land in the plane of the layout: pieces of rings, each ring with its box. */
function readLand() {
  const text = document.getElementById("world");
  if (text === null) return [];
  const west = data.west ?? -180;
  const toPlane = ([lat, lon]) => [(lon - west) / 360, mercatorY(lat)];
  return worldLand(JSON.parse(text.textContent), west).map(({ name, middle, rings }) => ({
    name,
    middle: middle === null ? null : toPlane(middle),
    rings: rings.map((ring) => {
      const path = ring.map(toPlane);
      const [xs, ys] = [path.map(([x]) => x), path.map(([, y]) => y)];
      return { path, box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] };
    }),
  }));
}

function drawLand(context, camera, theme) {
  mapLand ??= readLand();
  context.fillStyle = theme.sea;
  context.fillRect(0, 0, camera.width, camera.height);
  context.fillStyle = theme.land;
  context.strokeStyle = theme.shore;
  context.lineWidth = 0.8;
  context.lineJoin = "round";
  const [left, top] = [camera.fromX(0), camera.fromY(0)];
  const [right, bottom] = [camera.fromX(camera.width), camera.fromY(camera.height)];
  const names = [];
  for (const { name, middle, rings } of mapLand) {
    const [west, north, east, south] = rings[0].box;
    if (east < left || west > right || south < top || north > bottom) continue;
    context.beginPath();
    for (const { path } of rings) addRing(context, camera, path);
    context.fill("evenodd");
    context.stroke();
    if (name !== null && (east - west) * camera.scaleX > name.length * 8) names.push([name, ...middle]);
  }
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = theme.muted;
  for (const [name, x, y] of names) context.fillText(name, camera.toX(x), camera.toY(y));
  context.textAlign = "start";
}

/** Add a ring to the path; points that fall on the one before are left out. */
function addRing(context, camera, path) {
  let [x, y] = [NaN, NaN];
  path.forEach(([lon, lat], k) => {
    const left = camera.toX(lon);
    const top = camera.toY(lat);
    if (k && Math.abs(left - x) < 0.6 && Math.abs(top - y) < 0.6) return;
    if (k) context.lineTo(left, top);
    else context.moveTo(left, top);
    [x, y] = [left, top];
  });
  context.closePath();
}

/** Draw a strip for each second lane, and a line at round times. */
function drawLanes(context, camera, theme) {
  const { labels } = camera.layout.lanes;
  const high = camera.scaleY / labels.length;
  context.fillStyle = theme.sea;
  for (let lane = 0; lane < labels.length; lane += 2) {
    context.fillRect(0, camera.toY(lane / labels.length), camera.width, high);
  }
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const [left] of roundTimes(camera)) {
    context.moveTo(left, 0);
    context.lineTo(left, camera.height);
  }
  context.stroke();
}

/** Return where round times are on the canvas, and their words. */
function roundTimes(camera) {
  const { first, seconds } = camera.layout.lanes;
  const perSecond = camera.scaleX / seconds;
  const step = TIME_STEPS.find((value) => value * perSecond > 90) ?? TIME_STEPS[TIME_STEPS.length - 1];
  const from = first + camera.fromX(0) * seconds;
  const to = first + camera.fromX(camera.width) * seconds;
  return timesBetween(from, to, step).map((time) => [
    Math.round(camera.toX((time - first) / seconds)) + 0.5,
    timeWords(time, step),
  ]);
}

/** Draw the words that stay over the images: names of lanes and times, or a bar of kilometres. */
function drawRuler(context, camera, theme) {
  if (camera.layout.lanes !== null) drawTimes(context, camera, theme);
  if (camera.layout.name === "places") drawDistance(context, camera, theme);
}

function drawTimes(context, camera, theme) {
  const { labels } = camera.layout.lanes;
  context.font = "600 12.5px system-ui, sans-serif";
  context.textBaseline = "middle";
  const every = Math.ceil(LABEL_HEIGHT / (camera.scaleY / labels.length));
  for (let lane = 0; lane < labels.length; lane += every) {
    const cluster = clusterOf(labels[lane]);
    if (cluster === undefined || store.state.hidden.has(labels[lane])) continue;
    const middle = camera.toY((lane + 0.5) / labels.length);
    const text = shortened(cluster.name);
    const [left, right] = [6, 32 + context.measureText(text).width];
    const box = { left, top: middle - LABEL_HEIGHT / 2, right, bottom: middle + LABEL_HEIGHT / 2 };
    drawLabel(context, box, text, cluster.color, theme);
  }
  const top = camera.height - RULER_HEIGHT;
  context.fillStyle = theme.surface;
  context.fillRect(0, top, camera.width, RULER_HEIGHT);
  context.font = "11.5px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillStyle = theme.text;
  for (const [left, words] of roundTimes(camera)) context.fillText(words, left, top + 13);
  context.textAlign = "start";
}

/** Return round times: of days and less by the clock, of more by the calendar. */
function timesBetween(from, to, step) {
  const times = [];
  if (step < 30 * DAY_SECONDS) {
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) times.push(time);
    return times;
  }
  const months = Math.round(step / (30.4375 * DAY_SECONDS));
  const start = new Date(from * 1000);
  let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months;
  for (let guard = 0; guard < 200; guard += 1, month += months) {
    const time = Date.UTC(Math.floor(month / 12), month % 12) / 1000;
    if (time > to) break;
    if (time >= from) times.push(time);
  }
  return times;
}

function timeWords(time, step) {
  const [day, clock] = new Date(time * 1000).toISOString().slice(0, 19).split("T");
  if (step >= 365 * DAY_SECONDS) return day.slice(0, 4);
  if (step >= 30 * DAY_SECONDS) return day.slice(0, 7);
  if (step >= DAY_SECONDS || clock === "00:00:00") return day;
  return step >= 60 ? clock.slice(0, 5) : clock;
}

function drawDistance(context, camera, theme) {
  const latitude = 2 * Math.atan(Math.exp(Math.PI * (1 - 2 * camera.y))) - Math.PI / 2;
  const metres = (40_075_017 * Math.cos(latitude)) / camera.scaleX; // of a pixel
  const target = metres * 110;
  const power = 10 ** Math.floor(Math.log10(target));
  const length = [5, 2, 1].find((part) => part * power <= target) * power;
  const width = length / metres;
  const top = camera.height - 14;
  context.strokeStyle = theme.text;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(12, top - 5);
  context.lineTo(12, top);
  context.lineTo(12 + width, top);
  context.lineTo(12 + width, top - 5);
  context.stroke();
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "alphabetic";
  context.fillStyle = theme.text;
  const words = length >= 1000 ? `${formatCount(length / 1000)} km` : `${Number(length.toPrecision(1))} m`;
  context.fillText(words, 17, top - 4);
}
