// The names of the clusters on the map: each where most of its images are, the largest first,
// none over another.

const ANCHOR_CELLS = 20;
const MOST_LABELS = 60;
const AREA_PER_LABEL = 20_000; // square pixels of the map
const LABEL_HEIGHT = 22;
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
    const left = Math.min(Math.max(middle - width / 2, 4), Math.max(camera.width - width - 4, 4));
    const over = camera.toY(top) - 14;
    const levels = [level, level - 24, level + 24, level - 48, level + 48];
    if (level - over < HIGHEST_OVER) levels.unshift(over, over - 16);
    const boxes = levels.map((at) => {
      const highest = Math.min(Math.max(at - LABEL_HEIGHT / 2, 4), camera.height - LABEL_HEIGHT - 4);
      return { left, top: highest, right: left + width, bottom: highest + LABEL_HEIGHT, label: cluster.label };
    }).filter((box) => !placed.some((other) => overlap(box, other)));
    const box = boxes.find((one) => !avoided.some((other) => overlap(one, other))) ?? boxes[0];
    if (box === undefined) continue;
    placed.push(box);
    const opacity = current === null || cluster.label === current ? 1 : 0.45;
    drawLabel(context, box, text, cluster.color, theme, opacity);
  }
  return placed;
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
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
