// The map: every image at its position, dots from afar and pictures from near. `ImageMap` knows
// what is seen and draws it; what people do with it is in map_input.js and map_tools.js.

const MOST_PICTURES = 4000; // in view; above, dots
const FADE_FROM = 3200; // pictures fade in over the dots from MOST_PICTURES to here
const CHOSEN_SIDE = 46; // pixels of the page of a picture that stands for others
const CHOSEN_APART = 78;
const SMALLEST_SIDE = 14;
const LARGEST_SIDE = 150;
const FREE_GROWTH = 40; // side from which pictures grow more slowly than the distances
const SMALLEST_MARKED = 24; // side from which a selected picture has a frame of its own
const MOTION = 260; // milliseconds

class ImageMap {
  constructor(stage, canvas, layouts) {
    Object.assign(this, { stage, canvas, layouts });
    this.context = canvas.getContext("2d");
    this.overlay = element("canvas", { class: "map-overlay", "aria-hidden": "true" });
    this.live = element("p", { class: "map-live", "aria-live": "polite" });
    stage.append(this.overlay, this.live);
    this.front = this.overlay.getContext("2d");
    this.camera = new MapCamera();
    this.dots = new MapDots();
    this.kept = new KeptPictures(sprites);
    this.order = choiceOrder();
    this.frame = null;
    this.written = false; // whether the dots are those of this part of the map
    this.motion = null;
    this.labelBoxes = [];
    this.outline = null; // of a lasso or a box that is being drawn
    this.ring = -1; // image with a ring: hovered, or reached by keys
    this.list = new Uint32Array(data.n);
    this.lefts = new Float32Array(data.n);
    this.tops = new Float32Array(data.n);
    this.rects = { n: 0, image: new Uint32Array(0), box: new Float32Array(0) };
    this.ground = null;
    this.theme = null;
    this.follow();
  }

  follow() {
    const again = () => this.invalidate();
    store.watch(["layout"], ({ layout }) => this.setLayout(layout));
    store.watch(["labels", "clusters", "colorBy"], (state) => {
      this.coloring = mapColoring(state);
      again();
    });
    store.watch(["labels", "clusters", "hidden", "matches"], () => this.refilter());
    store.watch(["labels", "selected", "cluster", "highlighted"], () => this.emphasize());
    store.watch(["hovered"], ({ hovered }) => this.setRing(hovered));
    sprites.onload.push(() => this.invalidate(true));
    new ResizeObserver(() => this.resize()).observe(this.stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.retheme());
    new MutationObserver(() => this.retheme()).observe(document.documentElement, {
      attributeFilter: ["data-theme", "class"],
    });
  }

  get layout() {
    return this.camera.layout;
  }

  setLayout(name) {
    const layout = this.layouts.find((other) => other.name === name) ?? this.layouts[0];
    this.stopMotion();
    this.camera.setLayout(layout);
    this.refilter();
  }

  refilter() {
    if (this.layout === null) return;
    const { layout } = this;
    const { labels, hidden, matches } = store.state;
    this.shown = new Uint8Array(data.n);
    for (let i = 0; i < data.n; i += 1) {
      this.shown[i] = layout.has(i) && !hidden.has(labels[i]) && (matches === null || matches[i] === 1) ? 1 : 0;
    }
    this.anchors = layout.lanes === null ? labelAnchors(layout, store.state, this.shown) : [];
    this.shownOrder = this.order.filter((i) => this.shown[i]);
    this.levels = new MapLevels(layout, this.shownOrder, () => true, CHOSEN_APART);
    this.invalidate();
    if (this.ratio !== undefined && !this.shownOrder.some((i) => this.camera.sees(layout.x[i], layout.y[i]))) this.fit();
  }

  /** Say which images stay in the background: null for none of them. */
  emphasize() {
    const { labels, selected, cluster, highlighted } = store.state;
    const label = highlighted ?? (selected.size ? null : cluster);
    if (label === null && !selected.size) this.dim = null;
    else if (label !== null) this.dim = Uint8Array.from(labels, (other) => (other === label ? 0 : 1));
    else {
      this.dim = new Uint8Array(data.n).fill(1);
      for (const i of selected) this.dim[i] = 0;
    }
    this.invalidate();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.camera.resize(width, height);
    this.written = false;
    this.draw();
  }

  retheme() {
    this.theme = null;
    this.invalidate();
  }

  /** Draw before the next frame, once however often it is called; the dots may be as before. */
  invalidate(sameDots = false) {
    if (!sameDots) this.written = false;
    this.canvas.dataset.state = "busy";
    if (this.frame === null) this.frame = requestAnimationFrame(() => this.draw());
  }

  /* ---- moving ---- */

  /** Show another part at once, or in motion where people do not mind it. */
  show(state, { moving = false } = {}) {
    this.stopMotion();
    if (!moving || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      Object.assign(this.camera, state);
      this.invalidate();
      return;
    }
    const from = this.camera.state;
    const start = performance.now();
    const step = (now) => {
      const share = Math.min(Math.max((now - start) / MOTION, 0), 1);
      const eased = share * share * (3 - 2 * share);
      Object.assign(this.camera, share < 1 ? betweenStates(from, state, eased) : state);
      this.motion = share < 1 ? requestAnimationFrame(step) : null;
      this.written = false;
      this.draw();
    };
    this.motion = requestAnimationFrame(step);
  }

  stopMotion() {
    if (this.motion !== null) cancelAnimationFrame(this.motion);
    this.motion = null;
  }

  zoom(factor, left, top, options) {
    this.show(this.camera.zoomed(factor, left, top), options);
  }

  pan(right, down, options) {
    this.show(this.camera.moved(right, down), options);
  }

  /** Show some images as large as they fit; all that are shown without a choice. */
  fit(isPart = () => true, options = { moving: true }) {
    const bounds = boundsOf(this.layout, (i) => this.shown[i] && isPart(i));
    if (bounds !== null) this.show(this.camera.fitting(bounds), options);
  }

  /** Show the selection, or without one the cluster that was clicked last. */
  fitChosen() {
    const { selected, cluster, labels } = store.state;
    this.fit((i) => (selected.size ? selected.has(i) : labels[i] === cluster));
  }

  /** Let a screen reader say what has been reached. */
  say(words) {
    this.live.textContent = words;
  }

  /** Bring an image into view where it is not. */
  reveal(i) {
    if (!this.layout.has(i)) return;
    const { x, y } = this.layout;
    const left = this.camera.toX(x[i]);
    const top = this.camera.toY(y[i]);
    const { width, height } = this.camera;
    if (left > 30 && top > 30 && left < width - 30 && top < height - 30) return;
    const state = this.camera.state;
    state.x = x[i];
    if (this.layout.lanes === null) state.y = y[i];
    this.show(state, { moving: true });
  }

  /* ---- drawing ---- */

  draw() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    const { camera, context, ratio } = this;
    if (this.layout === null || ratio === undefined || !this.shown) return;
    this.theme ??= readTheme(this.stage);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    drawGround(context, camera, this.theme);
    const { side, large } = this.sides();
    const count = this.collect(large);
    const share = Math.min(Math.max((MOST_PICTURES - count) / (MOST_PICTURES - FADE_FROM), 0), 1);
    const alpha = sprites.sheets.length ? share : 0;
    if (alpha < 1) this.drawDots(count);
    this.drawPictures(count, side, large, alpha);
    this.labelBoxes = drawLabels(context, camera, this.anchors, this.theme, this.largeBoxes());
    drawRuler(context, camera, this.theme);
    this.drawFront();
    const { dataset } = this.canvas;
    dataset.count = String(count);
    dataset.detail = alpha === 1 ? "pictures" : count > DENSE_FROM ? "density" : "dots";
    dataset.scale = String(camera.scaleX / camera.fitted);
    dataset.state = this.motion === null && !sprites.busy ? "still" : "busy";
  }

  /** Return the side of a picture, the root of its area, and that of one that stands for others. */
  sides() {
    const { layout, camera } = this;
    const { lanes } = layout;
    const scale = lanes === null ? camera.scaleX : Math.sqrt(camera.scaleX * camera.scaleY);
    const apart = 0.9 * layout.spacing * scale;
    const free = apart < FREE_GROWTH ? apart : FREE_GROWTH * (apart / FREE_GROWTH) ** 0.6;
    const largest = lanes === null ? LARGEST_SIDE : Math.max((0.8 * camera.scaleY) / lanes.labels.length, SMALLEST_SIDE);
    const side = Math.min(Math.max(free, SMALLEST_SIDE), largest);
    return { side, large: Math.max(side, Math.min(CHOSEN_SIDE, largest)) };
  }

  /** List the images in view, the first of the choice last, and where they are; return how many. */
  collect(margin) {
    const { list, lefts, tops, shownOrder } = this;
    const { x: ofX, y: ofY } = this.layout;
    const { x, y, scaleX, scaleY, width, height } = this.camera;
    const middle = width / 2;
    const level = height / 2;
    let count = 0;
    for (let k = shownOrder.length - 1; k >= 0; k -= 1) {
      const i = shownOrder[k];
      const left = (ofX[i] - x) * scaleX + middle;
      if (left < -margin || left > width + margin) continue;
      const top = (ofY[i] - y) * scaleY + level;
      if (top < -margin || top > height + margin) continue;
      list[count] = i;
      lefts[count] = left;
      tops[count] = top;
      count += 1;
    }
    return count;
  }

  drawDots(count) {
    const { list, lefts, tops, coloring, dim, ratio, camera } = this;
    const radius = Math.min(Math.max(0.3 * this.layout.spacing * camera.scaleX, 1.4), 4);
    const { width, height } = camera;
    if (!this.written) this.dots.write({ list, count, lefts, tops, coloring, dim, radius, ratio, width, height });
    this.written = true;
    this.dots.draw(this.context, width, height);
  }

  /** Draw all pictures where there are few, and those that stand for others in any case. */
  drawPictures(count, side, large, alpha) {
    const { list, lefts, tops, dim, camera, rects } = this;
    rects.n = 0;
    if (!sprites.sheets.length) return;
    if (rects.image.length < MOST_PICTURES * 2) {
      rects.image = new Uint32Array(MOST_PICTURES * 2);
      rects.box = new Float32Array(MOST_PICTURES * 8);
    }
    const { level: levels } = this.levels;
    const { level, share } = this.levels.at(camera.scaleX, camera.scaleY);
    const growth = Math.min(share * 3, 1);
    for (let pass = dim === null ? 1 : 0; pass < 2; pass += 1) {
      const isPass = (i) => dim === null || dim[i] !== pass;
      const opacity = pass ? 1 : DIM;
      if (alpha > 0) {
        for (let k = 0; k < count; k += 1) {
          const i = list[k];
          if (levels[i] <= level || !isPass(i)) continue;
          this.drawPicture(i, lefts[k], tops[k], side, alpha * opacity, sprites);
        }
      }
      for (let k = 0; k < count; k += 1) {
        const i = list[k];
        if (levels[i] > level || !isPass(i)) continue;
        // The newest of them grow as the map is zoomed.
        const now = levels[i] === level && level > this.levels.first ? growth : 1;
        const from = alpha > 0 ? side : large / 2;
        this.drawPicture(i, lefts[k], tops[k], from + (large - from) * now, Math.max(now, alpha) * opacity, this.kept);
      }
    }
    this.context.globalAlpha = 1;
  }

  drawPicture(i, middle, level, side, alpha, source) {
    const { context, coloring, rects } = this;
    if (alpha < 0.02) return;
    const root = Math.sqrt(Math.min(Math.max(ratioOf(i), 0.3), 3.3));
    const width = side * root;
    const height = side / root;
    const left = middle - width / 2;
    const top = level - height / 2;
    const frame = side < 18 ? 1 : side < 60 ? 1.75 : 2.5;
    context.globalAlpha = alpha;
    if (side >= SMALLEST_MARKED && store.state.selected.has(i)) {
      context.fillStyle = this.theme.accent;
      context.fillRect(left - frame - 3, top - frame - 3, width + 2 * frame + 6, height + 2 * frame + 6);
    }
    context.fillStyle = coloring.names[coloring.which[i]];
    if (!source.has(i)) {
      context.fillRect(middle - 2.5, level - 2.5, 5, 5);
      return;
    }
    context.fillRect(left - frame, top - frame, width + 2 * frame, height + 2 * frame);
    source.draw(context, i, left, top, width, height);
    rects.image[rects.n] = i;
    rects.box.set([left - frame, top - frame, left + width + frame, top + height + frame], rects.n * 4);
    rects.n += 1;
  }

  /** Return the boxes of the large pictures, which names had better not cover. */
  largeBoxes() {
    const { n, box } = this.rects;
    const boxes = [];
    for (let at = 0; at < n * 4 && boxes.length < 300; at += 4) {
      const [left, top, right, bottom] = box.subarray(at, at + 4);
      if (right - left >= CHOSEN_SIDE * 0.8) boxes.push({ left, top, right, bottom });
    }
    return boxes;
  }

  setRing(i) {
    if (i === this.ring) return;
    this.ring = i;
    this.drawFront();
  }

  /** Draw what changes with the mouse: the ring around an image, a lasso. */
  drawFront() {
    const { front, camera, ratio, theme } = this;
    if (theme === null || ratio === undefined) return;
    front.setTransform(ratio, 0, 0, ratio, 0, 0);
    front.clearRect(0, 0, camera.width, camera.height);
    const box = this.ring < 0 ? null : this.boxOf(this.ring);
    if (box !== null) {
      const [left, top, right, bottom] = box;
      for (const [color, width] of [[theme.surface, 5], [theme.text, 2]]) {
        front.strokeStyle = color;
        front.lineWidth = width;
        front.strokeRect(left - 2, top - 2, right - left + 4, bottom - top + 4);
      }
    }
    if (this.outline === null) return;
    front.beginPath();
    this.outline.forEach(([left, top], k) => (k ? front.lineTo(left, top) : front.moveTo(left, top)));
    front.closePath();
    front.globalAlpha = 0.14;
    front.fillStyle = theme.accent;
    front.fill();
    front.globalAlpha = 1;
    front.strokeStyle = theme.accent;
    front.lineWidth = 1.5;
    front.setLineDash([5, 4]);
    front.stroke();
    front.setLineDash([]);
  }

  /* ---- what is where ---- */

  /** Return where an image is on the canvas, [left, top, right, bottom]; null where it is not. */
  boxOf(i) {
    const { rects, layout, camera } = this;
    if (!this.shown[i]) return null;
    for (let k = rects.n - 1; k >= 0; k -= 1) {
      if (rects.image[k] === i) return [...rects.box.subarray(k * 4, k * 4 + 4)];
    }
    const left = camera.toX(layout.x[i]);
    const top = camera.toY(layout.y[i]);
    if (left < 0 || top < 0 || left > camera.width || top > camera.height) return null;
    return [left - 4, top - 4, left + 4, top + 4];
  }

  /** Return the image at a point of the canvas: the picture on top, or the nearest dot; or -1. */
  imageAt(left, top, reach = 9) {
    const { rects } = this;
    for (let k = rects.n - 1; k >= 0; k -= 1) {
      const at = k * 4;
      if (left >= rects.box[at] && top >= rects.box[at + 1]
        && left <= rects.box[at + 2] && top <= rects.box[at + 3]) return rects.image[k];
    }
    return this.nearest(left, top, reach);
  }

  /** Return the image that is nearest to a point of the canvas, at most so far away; or -1. */
  nearest(left, top, reach = Infinity, isPart = () => true) {
    const { x, y } = this.layout;
    const { camera, shown } = this;
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < data.n; i += 1) {
      if (!shown[i]) continue;
      const right = camera.toX(x[i]) - left;
      const down = camera.toY(y[i]) - top;
      const distance = right * right + down * down;
      if (distance < least && isPart(i, right, down)) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  labelAt(left, top) {
    const box = this.labelBoxes.find((one) => left >= one.left && left <= one.right
      && top >= one.top && top <= one.bottom);
    return box === undefined ? null : box.label;
  }

  /** Return the images inside a polygon of points of the canvas. */
  inside(polygon) {
    const xs = polygon.map(([left]) => this.camera.fromX(left));
    const ys = polygon.map(([, top]) => this.camera.fromY(top));
    const [west, east] = [Math.min(...xs), Math.max(...xs)];
    const [north, south] = [Math.min(...ys), Math.max(...ys)];
    const { x, y } = this.layout;
    const found = [];
    for (let i = 0; i < data.n; i += 1) {
      if (!this.shown[i] || x[i] < west || x[i] > east || y[i] < north || y[i] > south) continue;
      let within = false;
      for (let a = 0, b = xs.length - 1; a < xs.length; b = a, a += 1) {
        if (ys[a] > y[i] === ys[b] > y[i]) continue;
        if (x[i] < xs[a] + ((y[i] - ys[a]) / (ys[b] - ys[a])) * (xs[b] - xs[a])) within = !within;
      }
      if (within) found.push(i);
    }
    return found;
  }
}

/** Return the colours of the page as the browser shows them now. */
function readTheme(stage) {
  const probe = element("span");
  stage.append(probe);
  const theme = {};
  for (const name of ["surface", "text", "line", "accent", "muted", "sea", "land", "shore"]) {
    probe.style.color = `var(--map-${name})`;
    theme[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return theme;
}

/** Return whether there is anything to draw a map of. */
function hasMap() {
  const { x, lat } = data.columns;
  return data.n > 0 && (x !== undefined || (lat !== undefined && lat.some((value) => Number.isFinite(value))));
}

function startMap() {
  const section = document.getElementById("map");
  const canvas = document.getElementById("map-canvas");
  const layouts = mapLayouts();
  const first = { latlon: "places", datetime: "time" }[data.summary.settings.metric];
  store.set({ layout: (layouts.find(({ name }) => name === first) ?? layouts[0]).name });
  const stage = element("div", { class: "map-stage" });
  stage.append(canvas);
  const map = new ImageMap(stage, canvas, layouts);
  section.append(mapTools(map), stage, mapLegend());
  listenToMap(map);
  map.tip = new MapTip(map);
  window.clustimage.map = {
    /** Return the middle of an image in the window, [x, y]; null where it is not seen. */
    positionOf(i) {
      const box = map.boxOf(i);
      if (box === null) return null;
      const at = canvas.getBoundingClientRect();
      return [at.left + (box[0] + box[2]) / 2, at.top + (box[1] + box[3]) / 2];
    },
  };
}
