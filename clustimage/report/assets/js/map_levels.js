// Which images stand for the others from afar. At each level of zoom some that do not touch are
// chosen, in a fixed order; who is chosen at one level stays at all nearer ones, so that zooming
// never takes a picture away.

const NOT_CHOSEN = 32767;
const LEVELS_PER_DOUBLING = 2;

/** Return the images in the order of the choice: the unique one of each cluster, then by chance. */
function choiceOrder() {
  const { clusters } = store.state;
  const unique = clusters.filter((cluster) => cluster.unique >= 0);
  const first = unique.sort((a, b) => b.count - a.count).map((cluster) => cluster.unique);
  const taken = new Set(first);
  // A chance of 32 bits and the index in one number: sorted without a function.
  const size = 2 ** 20;
  const keys = new Float64Array(data.n);
  for (let i = 0; i < data.n; i += 1) keys[i] = Math.floor(mixed(i) * 2 ** 32) * size + i;
  const order = new Uint32Array(data.n);
  order.set(first);
  let at = first.length;
  for (const key of keys.sort()) {
    const i = key % size;
    if (!taken.has(i)) {
      order[at] = i;
      at += 1;
    }
  }
  return order;
}

class MapLevels {
  /** `apart` is how far apart, in pixels of the page, those chosen are at least. */
  constructor(layout, order, isPart, apart) {
    Object.assign(this, { layout, order, isPart, apart });
    this.count = 0;
    this.level = new Int16Array(data.n).fill(NOT_CHOSEN); // from which level on one is chosen
    this.first = null;
    this.next = null;
  }

  /** Return the level of a scale, all images chosen that are seen at it, and how far it is gone. */
  at(scaleX, scaleY) {
    const exact = LEVELS_PER_DOUBLING * Math.log2(scaleX);
    const level = Math.floor(exact);
    const down = this.layout.lanes === null ? null : scaleY;
    if (this.first === null || level < this.first || down !== this.down) {
      this.level.fill(NOT_CHOSEN);
      this.down = down;
      this.first = this.next = level;
    }
    for (; this.next <= level; this.next += 1) this.choose(this.next);
    return { level, share: exact - level };
  }

  choose(level) {
    const scale = 2 ** (level / LEVELS_PER_DOUBLING);
    const across = this.apart / scale;
    const down = this.apart / (this.down ?? scale);
    const { layout, order } = this;
    const { x, y } = layout;
    const [left, top] = layout.bounds;
    // A table of the cells of the grid that hold a chosen image: at most one each.
    let bits = 10;
    while (2 ** bits < 3 * Math.min(data.n, 2 * this.count + 4096)) bits += 1;
    let table = new Int32Array(2 ** bits).fill(-1);
    let filled = 0;
    const columnOf = (i) => Math.floor((x[i] - left) / across);
    const rowOf = (i) => Math.floor((y[i] - top) / down);
    const slotOf = (column, row) => {
      const mask = table.length - 1;
      let slot = (Math.imul(column, 0x9e3779b1) ^ Math.imul(row, 0x85ebca6b)) & mask;
      while (table[slot] !== -1) {
        const i = table[slot];
        if (columnOf(i) === column && rowOf(i) === row) return slot;
        slot = (slot + 1) & mask;
      }
      return slot;
    };
    const put = (i) => {
      table[slotOf(columnOf(i), rowOf(i))] = i;
      filled += 1;
      if (filled * 2 < table.length) return;
      const held = table.filter((other) => other !== -1);
      table = new Int32Array(table.length * 2).fill(-1);
      for (const other of held) table[slotOf(columnOf(other), rowOf(other))] = other;
    };
    const isFree = (i) => {
      const column = columnOf(i);
      const row = rowOf(i);
      if (table[slotOf(column, row)] !== -1) return false;
      for (let dx = -1; dx <= 1; dx += 1) {
        for (let dy = -1; dy <= 1; dy += 1) {
          if (!dx && !dy) continue;
          const other = table[slotOf(column + dx, row + dy)];
          if (other === -1) continue;
          if (Math.abs(x[other] - x[i]) < across && Math.abs(y[other] - y[i]) < down) return false;
        }
      }
      return true;
    };
    for (const i of order) if (this.level[i] < level) put(i);
    for (const i of order) {
      if (this.level[i] !== NOT_CHOSEN || !this.isPart(i) || !isFree(i)) continue;
      this.level[i] = level;
      put(i);
    }
    this.count = filled;
  }
}
