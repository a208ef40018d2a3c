// The names of the clusters on the map: each where most of its images are, the largest first,
// none over another.

const ANCHOR_CELLS = 20;
const MOST_LABELS = 60;
const AREA_PER_LABEL = 20_000; // square pixels of the map
const LABEL_HEIGHT = 22;
const BESIDE = 36; // pixels from the middle of a cluster to a name at its side
const HIGHEST_OVER = 130; // pixels from the middle of a cluster to a name over it

/** Return where the name of each cluster that is shown belongs: [{cluster, x, y, top}], the largest first. */
function labelAnchors(layout, { labels, clusters }, shown) {
  const [left, top, right, bottom] = layout.bounds;
  const across = (right - left || 1) / ANCHOR_CELLS;
  const down = (bottom - top || 1) / ANCHOR_CELLS;
  const cells = new Map();
  for (let i = 0; i < data.n; i += 1) {
    if (!shown[i] || labels[i] < 0) continue;
    const column = Math.floor((layout.x[i] - left) / across);
    const row = Math.floor((layout.y[i] - top) / down);
    const key = (labels[i] * 64 + column) * 64 + row;
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, {
      ...{ label: labels[i], column, row, n: 1, x: layout.x[i], y: layout.y[i], top: layout.y[i] },
    });
    else {
      cell.n += 1;
      cell.x += layout.x[i];
      cell.y += layout.y[i];
      cell.top = Math.min(cell.top, layout.y[i]);
    }
  }
  const fullest = new Map();
  for (const cell of cells.values()) {
    const best = fullest.get(cell.label);
    if (best === undefined || cell.n > best.n) fullest.set(cell.label, cell);
  }
  const anchors = [];
  for (const cluster of clusters) {
    const middle = fullest.get(cluster.label);
    if (middle === undefined) continue;
    let [n, x, y, highest] = [0, 0, 0, middle.top];
    for (let dx = -1; dx <= 1; dx += 1) {
      for (let dy = -1; dy <= 1; dy += 1) {
        const cell = cells.get((cluster.label * 64 + middle.column + dx) * 64 + middle.row + dy);
        if (cell === undefined || cell.label !== cluster.label) continue;
        n += cell.n;
        x += cell.x;
        y += cell.y;
        highest = Math.min(highest, cell.top);
      }
    }
    anchors.push({ cluster, x: x / n, y: y / n, top: highest });
  }
  return anchors.sort((a, b) => b.cluster.count - a.cluster.count);
}

/**
 * Draw the names that have room: over a cluster that is small, in a large one, if possible beside
 * the pictures of `avoided`. Return where they are, for clicks on them.
 */
function drawLabels(context, camera, anchors, theme, avoided) {
  const { highlighted, cluster: chosen } = store.state;
  const current = highlighted ?? chosen;
  const placed = [];
  const ordered = [
    ...anchors.filter(({ cluster }) => cluster.label === current),
    ...anchors.filter(({ cluster }) => cluster.label !== current),
  ];
  context.font = "600 12.5px system-ui, sans-serif";
  context.textBaseline = "middle";
  const most = Math.min(MOST_LABELS, (camera.width * camera.height) / AREA_PER_LABEL);
  for (const { cluster, x, y, top } of ordered) {
    if (placed.length >= most) break;
    const middle = camera.toX(x);
    const level = camera.toY(y);
    if (middle < 0 || level < 0 || middle > camera.width || level > camera.height) continue;
    const text = shortened(cluster.name);
    const width = context.measureText(text).width + 26;
    const over = camera.toY(top) - 14;
    const levels = [level, level - 24, level + 24, level - 48, level + 48];
    if (level - over < HIGHEST_OVER) levels.unshift(over, over - 16);
    const aside = width / 2 + BESIDE;
    const places = [...levels.map((at) => [middle, at]), [middle + aside, level], [middle - aside, level]];
    let box = null;
    let least = Infinity; // square pixels of pictures that the name covers
    for (const [x0, y0] of places) {
      const left = Math.min(Math.max(x0 - width / 2, 4), Math.max(camera.width - width - 4, 4));
      const highest = Math.min(Math.max(y0 - LABEL_HEIGHT / 2, 4), camera.height - LABEL_HEIGHT - 4);
      const one = { left, top: highest, right: left + width, bottom: highest + LABEL_HEIGHT, label: cluster.label };
      if (placed.some((other) => overlap(one, other) > 0)) continue;
      const covered = avoided.reduce((sum, other) => sum + overlap(one, other), 0);
      if (covered < least) [box, least] = [one, covered];
    }
    if (box === null) continue;
    placed.push(box);
    const opacity = current === null || cluster.label === current ? 1 : 0.45;
    drawLabel(context, box, text, cluster.color, theme, opacity);
  }
  return placed;
}

/** Return the area that two boxes share. */
function overlap(a, b) {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

function drawLabel(context, { left, top, right, bottom }, text, color, theme, opacity = 1) {
  context.beginPath();
  context.roundRect(left, top, right - left, bottom - top, 11);
  context.globalAlpha = 0.88 * opacity;
  context.fillStyle = theme.surface;
  context.fill();
  context.globalAlpha = opacity;
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.stroke();
  context.beginPath();
  context.arc(left + 12, (top + bottom) / 2, 4.5, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.fillStyle = theme.text;
  context.fillText(text, left + 20, (top + bottom) / 2 + 0.5);
  context.globalAlpha = 1;
}

function shortened(name) {
  const letters = [...name];
  return letters.length > 28 ? `${letters.slice(0, 27).join("")}…` : name;
}
