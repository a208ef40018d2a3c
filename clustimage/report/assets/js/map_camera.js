// What part of a layout is seen: its centre, and how many pixels of the page a unit takes.

const HIGHEST_BAR = 110; // pixels
const LANE_NAMES = 120; // pixels that are left to the names of lanes
const SMALLEST_ZOOM = 0.6; // of what shows all images

class MapCamera {
  constructor() {
    Object.assign(this, { x: 0.5, y: 0.5, scaleX: 1, scaleY: 1, width: 1, height: 1 });
    this.layout = null;
    this.fitted = 1;
  }

  toX(x) {
    return (x - this.x) * this.scaleX + this.width / 2;
  }

  toY(y) {
    return (y - this.y) * this.scaleY + this.height / 2;
  }

  fromX(left) {
    return (left - this.width / 2) / this.scaleX + this.x;
  }

  fromY(top) {
    return (top - this.height / 2) / this.scaleY + this.y;
  }

  /** Return whether a point of the layout is in view. */
  sees(x, y) {
    const left = this.toX(x);
    const top = this.toY(y);
    return left >= 0 && top >= 0 && left <= this.width && top <= this.height;
  }

  get state() {
    const { x, y, scaleX, scaleY } = this;
    return { x, y, scaleX, scaleY };
  }

  /** Return the state that shows bounds, with a margin around them. */
  fitting(bounds, margin = 32) {
    const { layout } = this;
    const [left, top, right, bottom] = bounds;
    const width = Math.max(this.width - 2 * margin, 40);
    const height = Math.max(this.height - 2 * margin, 40);
    const across = width / Math.max(right - left, 1e-12);
    if (layout.lanes !== null) {
      const names = Math.max(Math.min(LANE_NAMES, this.width / 4) - margin, 0);
      const scaleX = Math.min((across * (width - names)) / width, layout.maxScale);
      const scaleY = Math.max(this.height - RULER_HEIGHT - 8, 40);
      const x = (left + right) / 2 - names / 2 / scaleX;
      return { x, y: 0.5 + RULER_HEIGHT / 2 / scaleY, scaleX, scaleY };
    }
    const down = height / Math.max(bottom - top, 1e-12);
    const scale = Math.min(across, down, layout.maxScale / 4);
    return { x: (left + right) / 2, y: (top + bottom) / 2, scaleX: scale, scaleY: scale };
  }

  setLayout(layout) {
    this.layout = layout;
    const state = this.fitting(layout.bounds);
    this.fitted = state.scaleX;
    Object.assign(this, state);
  }

  /** Take another size of the canvas; about the same part is seen in it. */
  resize(width, height) {
    const lower = height - this.height;
    const isBar = width === this.width && Math.abs(lower) < HIGHEST_BAR;
    Object.assign(this, { width, height });
    if (this.layout === null) return;
    if (isBar && this.layout.lanes === null) {
      this.y += lower / 2 / this.scaleY; // nothing moves when a bar comes below the map
      return;
    }
    const state = this.fitting(this.layout.bounds);
    const zoom = this.scaleX / this.fitted;
    this.fitted = state.scaleX;
    if (Math.abs(zoom - 1) < 1e-6) Object.assign(this, state);
    else this.scaleX = zoom * state.scaleX;
    this.scaleY = this.layout.lanes === null ? this.scaleX : state.scaleY;
  }

  /** Return the state after a zoom by a factor, in which a point of the canvas stays in place. */
  zoomed(factor, left = this.width / 2, top = this.height / 2) {
    const lowest = this.fitted * SMALLEST_ZOOM;
    const scale = Math.min(Math.max(this.scaleX * factor, lowest), this.layout.maxScale);
    const ratio = this.scaleX / scale;
    const x = this.fromX(left);
    if (this.layout.lanes !== null) return { ...this.state, x: x + (this.x - x) * ratio, scaleX: scale };
    const y = this.fromY(top);
    return {
      x: x + (this.x - x) * ratio,
      y: y + (this.y - y) * ratio,
      scaleX: scale,
      scaleY: scale,
    };
  }

  /** Return the state after a move by pixels; some of the layout stays in view. */
  moved(right, down) {
    const [west, north, east, south] = this.layout.bounds;
    const x = Math.min(Math.max(this.x - right / this.scaleX, west), east);
    if (this.layout.lanes !== null) return { ...this.state, x };
    const y = Math.min(Math.max(this.y - down / this.scaleY, north), south);
    return { ...this.state, x, y };
  }
}

/** Return the state a share of the way between two: the scale changes evenly. */
function betweenStates(from, to, share) {
  const scaleX = from.scaleX * (to.scaleX / from.scaleX) ** share;
  const scaleY = from.scaleY * (to.scaleY / from.scaleY) ** share;
  const change = 1 / to.scaleX - 1 / from.scaleX;
  const same = Math.abs(change * from.scaleX) < 1e-3;
  const way = same ? share : (1 / scaleX - 1 / from.scaleX) / change;
  return { x: from.x + (to.x - from.x) * way, y: from.y + (to.y - from.y) * way, scaleX, scaleY };
}
