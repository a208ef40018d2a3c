// What people do with the map: mouse, fingers and keys.

const CLICK_REACH = 5; // pixels that a click may move by
const PAN_STEP = 90;
const LASSO_STEP = 4;
const MAP_WORDS = "Arrows move, plus and minus zoom, 0 shows all. Shift with an arrow goes to the next "
  + "image, Enter opens it, Space selects it, C selects its cluster, Escape clears the choice.";

function listenToMap(map) {
  const { canvas } = map;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "map");
  canvas.setAttribute("aria-label", `Map of ${counted(data.n, "image")}`);
  canvas.setAttribute("aria-describedby", "map-words");
  map.stage.append(element("p", { id: "map-words", class: "map-words" }, MAP_WORDS));
  const hands = new MapHands(map);
  canvas.addEventListener("wheel", (event) => hands.wheel(event), { passive: false });
  canvas.addEventListener("pointerdown", (event) => hands.down(event));
  canvas.addEventListener("pointermove", (event) => hands.move(event));
  canvas.addEventListener("pointerup", (event) => hands.up(event));
  canvas.addEventListener("pointercancel", (event) => hands.cancel(event));
  canvas.addEventListener("pointerleave", () => hands.leave());
  canvas.addEventListener("dblclick", (event) => hands.doubleClick(event));
  canvas.addEventListener("keydown", (event) => mapKey(map, hands, event));
  canvas.addEventListener("blur", () => {
    map.tip.hide();
    store.set({ hovered: -1 });
  });
  store.watch(["tool"], ({ tool }) => {
    canvas.dataset.tool = tool;
  });
  let opened = -1;
  store.watch(["opened"], (state) => {
    // Details that were opened from here give the focus back.
    if (state.opened < 0 && opened >= 0 && hands.opened) canvas.focus({ preventScroll: true });
    if (state.opened < 0) hands.opened = false;
    opened = state.opened;
  });
}

/** Mouse and fingers: dragging, pinching, clicking, hovering. */
class MapHands {
  constructor(map) {
    this.map = map;
    this.pointers = new Map(); // id → [left, top]
    this.drag = null; // {left, top, tool, moved}
    this.clicked = -1; // image that a second click opens
    this.opened = false;
  }

  at(event) {
    const box = this.map.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    event.preventDefault();
    const [left, top] = this.at(event);
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const steps = Math.min(Math.max(event.deltaY * lines, -240), 240);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.map.pan(-(event.deltaX || event.deltaY) * lines, 0);
    } else this.map.zoom(2 ** (-steps / (event.ctrlKey ? 90 : 260)), left, top);
    this.map.tip.hide();
  }

  down(event) {
    if (event.button !== 0) return;
    const { canvas } = this.map;
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that was made by a script cannot be held
    }
    const [left, top] = this.at(event);
    this.pointers.set(event.pointerId, [left, top]);
    this.map.stopMotion();
    if (this.pointers.size === 2) {
      this.drag = null;
      this.setOutline(null);
      return;
    }
    const { tool } = store.state;
    this.drag = {
      start: [left, top],
      last: [left, top],
      tool: tool === "pan" && event.shiftKey ? "box" : tool,
      adds: event.shiftKey,
      removes: event.altKey,
      moved: false,
      path: [[left, top]],
    };
  }

  move(event) {
    const [left, top] = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType !== "touch") this.hover(left, top);
      return;
    }
    if (this.pointers.size === 2) {
      this.pinch(event.pointerId, [left, top]);
      return;
    }
    this.pointers.set(event.pointerId, [left, top]);
    const { drag } = this;
    if (drag === null) return;
    if (!drag.moved && Math.hypot(left - drag.start[0], top - drag.start[1]) < CLICK_REACH) return;
    if (!drag.moved) store.set({ hovered: -1 });
    drag.moved = true;
    this.map.tip.hide();
    if (drag.tool === "pan") {
      this.map.pan(left - drag.last[0], top - drag.last[1]);
      this.map.canvas.dataset.dragging = "true";
    } else if (drag.tool === "box") {
      const [x, y] = drag.start;
      this.setOutline([[x, y], [left, y], [left, top], [x, top]]);
    } else if (Math.hypot(left - drag.last[0], top - drag.last[1]) >= LASSO_STEP) {
      drag.path.push([left, top]);
      this.setOutline(drag.path);
    } else return;
    drag.last = [left, top];
  }

  pinch(id, now) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, at]) => at);
    const before = this.pointers.get(id);
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    const apart = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
    const factor = Math.hypot(now[0] - other[0], now[1] - other[1]) / apart;
    this.pointers.set(id, now);
    this.map.zoom(factor, ...middle);
    this.map.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.map.tip.hide();
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    delete this.map.canvas.dataset.dragging;
    const { drag } = this;
    this.drag = null;
    if (drag === null) return;
    if (!drag.moved) this.click(event);
    else if (drag.tool !== "pan") {
      const polygon = this.map.outline ?? [];
      this.setOutline(null);
      this.choose(this.map.inside(polygon), drag);
    }
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.giveUp();
  }

  /** Forget what is being dragged; return whether there was something. */
  giveUp() {
    const busy = this.drag !== null || this.map.outline !== null;
    this.drag = null;
    this.setOutline(null);
    return busy;
  }

  setOutline(outline) {
    this.map.outline = outline;
    this.map.drawFront();
  }

  /** Take images as the selection, or add them to it, or take them out of it. */
  choose(images, { adds, removes }) {
    const selected = new Set(adds || removes ? store.state.selected : []);
    for (const i of images) {
      if (removes) selected.delete(i);
      else selected.add(i);
    }
    store.set({ selected });
    this.map.say(`${counted(selected.size, "image")} selected`);
  }

  hover(left, top) {
    const i = this.map.imageAt(left, top);
    const label = i < 0 ? this.map.labelAt(left, top) : null;
    this.map.canvas.dataset.over = i >= 0 || label !== null ? "true" : "false";
    store.set({ hovered: i });
    if (i < 0) this.map.tip.hide();
    else this.map.tip.show(i, left, top);
  }

  leave() {
    if (this.pointers.size) return;
    this.map.tip.hide();
    store.set({ hovered: -1 });
  }

  /** First its cluster, a second time the image itself; the ground clears the choice. */
  click(event) {
    const [left, top] = this.at(event);
    const label = this.map.labelAt(left, top);
    if (label !== null) {
      this.clicked = -1;
      store.set({ cluster: store.state.cluster === label ? null : label });
      return;
    }
    const i = this.map.imageAt(left, top);
    if (i >= 0 && (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey)) {
      toggleSelected(i);
    } else if (i >= 0 && i === this.clicked) this.open(i);
    else if (i >= 0) {
      this.clicked = i;
      store.set({ cluster: store.state.labels[i], hovered: i });
      this.map.tip.show(i, left, top);
    } else {
      this.clicked = -1;
      store.set({ cluster: null, selected: store.state.selected.size ? new Set() : store.state.selected });
    }
  }

  open(i) {
    this.opened = true;
    this.map.tip.hide();
    store.set({ opened: i });
  }

  doubleClick(event) {
    const [left, top] = this.at(event);
    if (this.map.imageAt(left, top) >= 0 || this.map.labelAt(left, top) !== null) return;
    this.map.zoom(2, left, top, { moving: true });
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function mapKey(map, hands, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moving = { moving: true };
  const { hovered } = store.state;
  const { width, height } = map.camera;
  const here = hovered >= 0 && map.boxOf(hovered) !== null
    ? hovered : map.nearest(width / 2, height / 2, Math.max(width, height));
  if (event.key in ARROWS) {
    const [right, down] = ARROWS[event.key];
    if (event.shiftKey) stepImage(map, right, down);
    else {
      map.pan(-right * PAN_STEP, -down * PAN_STEP);
      goTo(map, map.nearest(width / 2, height / 2, Math.max(width, height)));
    }
  } else if (event.key === "+" || event.key === "=") map.zoom(1.6, undefined, undefined, moving);
  else if (event.key === "-" || event.key === "_") map.zoom(1 / 1.6, undefined, undefined, moving);
  else if (event.key === "0") map.fit();
  else if (event.key === "Escape") clearChoice(hands);
  else if (here < 0) return;
  else if (event.key === "Enter") hands.open(here);
  else if (event.key === " ") {
    toggleSelected(here);
    goTo(map, here);
  } else if (event.key === "c" || event.key === "C") store.set({ cluster: store.state.labels[here] });
  else return;
  event.preventDefault();
}

/** Go to the next image in a direction: near, and rather straight on. */
function stepImage(map, right, down) {
  const { width, height } = map.camera;
  const box = store.state.hovered < 0 ? null : map.boxOf(store.state.hovered);
  if (box === null) {
    goTo(map, map.nearest(width / 2, height / 2));
    return;
  }
  const left = (box[0] + box[2]) / 2;
  const top = (box[1] + box[3]) / 2;
  const ahead = (i, x, y) => {
    const along = x * right + y * down;
    return along > 2 && Math.abs(x * down + y * right) <= along;
  };
  goTo(map, map.nearest(left, top, Infinity, ahead));
}

/** Bring an image into view with its card, and say what it is. */
function goTo(map, i) {
  if (i < 0) return;
  map.reveal(i);
  store.set({ hovered: i });
  const box = map.boxOf(i);
  if (box !== null) map.tip.show(i, box[2] - 12, (box[1] + box[3]) / 2);
  const cluster = clusterOf(store.state.labels[i]);
  const words = [data.names[i], cluster ? cluster.name : "", ...tipFacts(i)];
  if (store.state.selected.has(i)) words.push("selected");
  map.say(words.filter((part) => part !== "").join(", "));
}

/** Clear one thing at a time: a lasso, the selection, the cluster. */
function clearChoice(hands) {
  const { selected, cluster, tool } = store.state;
  hands.clicked = -1;
  if (hands.giveUp()) return;
  if (selected.size) store.set({ selected: new Set() });
  else if (cluster !== null) store.set({ cluster: null });
  else if (tool !== "pan") store.set({ tool: "pan" });
  hands.map.tip.hide();
  store.set({ hovered: -1 });
}
