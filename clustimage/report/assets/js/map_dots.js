// Many dots at once, written into the pixels of a picture; above some number, how many there are
// in each place.

const DENSE_FROM = 100_000;
const DENSE_CELL = 2; // pixels of the screen
const DIM = 0.16;

class MapDots {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
  }

  /** Make room for as many pixels, all of them clear. */
  clear(width, height) {
    if (this.canvas.width === width && this.canvas.height === height) {
      this.pixels.fill(0);
      return;
    }
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /**
   * Write dots: `list` holds the images in the order in which they are drawn, `lefts` and `tops`
   * where they are in pixels of the page, `dim` which of them are to stay in the background.
   */
  write(what) {
    if (what.count > DENSE_FROM) this.writeDensity(what);
    else this.writeDiscs({ ...what, radius: what.radius * what.ratio });
  }

  /** Draw what was written last. */
  draw(context, width, height) {
    context.imageSmoothingEnabled = true;
    context.drawImage(this.canvas, 0, 0, width, height);
  }

  writeDiscs({ list, count, lefts, tops, coloring, dim, radius, ratio, width, height }) {
    const across = Math.round(width * ratio);
    const down = Math.round(height * ratio);
    this.clear(across, down);
    const reach = Math.ceil(radius);
    const { offsets, covers } = discOf(radius, across);
    const { pixels } = this;
    const { which, packed: colors } = coloring;
    for (let pass = dim === null ? 1 : 0; pass < 2; pass += 1) {
      const opaque = Uint8Array.from(covers, (cover) => cover * (pass ? 255 : 255 * DIM));
      for (let k = 0; k < count; k += 1) {
        const i = list[k];
        if (dim !== null && dim[i] === pass) continue;
        const x = Math.round(lefts[k] * ratio);
        const y = Math.round(tops[k] * ratio);
        if (x < reach || y < reach || x >= across - reach || y >= down - reach) continue;
        const color = colors[which[i]] & 0xffffff;
        const start = y * across + x;
        for (let part = 0; part < offsets.length; part += 1) {
          const at = start + offsets[part];
          const over = opaque[part];
          if (over === 255 || over > pixels[at] >>> 24) pixels[at] = (over << 24) | color;
        }
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  writeDensity({ list, count, lefts, tops, coloring, dim, ratio, width, height }) {
    const scale = ratio / DENSE_CELL;
    const across = Math.ceil(width * scale);
    const down = Math.ceil(height * scale);
    this.clear(across, down);
    const sums = new Float32Array(across * down * 4);
    const { which, rgb } = coloring;
    for (let k = 0; k < count; k += 1) {
      const x = Math.floor(lefts[k] * scale);
      const y = Math.floor(tops[k] * scale);
      if (x < 0 || y < 0 || x >= across || y >= down) continue;
      const i = list[k];
      const weight = dim !== null && dim[i] ? DIM / 2 : 1;
      const color = rgb[which[i]];
      const at = (y * across + x) * 4;
      sums[at] += color[0] * weight;
      sums[at + 1] += color[1] * weight;
      sums[at + 2] += color[2] * weight;
      sums[at + 3] += weight;
    }
    let most = 1;
    for (let at = 3; at < sums.length; at += 4) if (sums[at] > most) most = sums[at];
    const scaleOf = 1 / Math.log1p(most);
    const bytes = this.image.data;
    for (let at = 0; at < sums.length; at += 4) {
      const weight = sums[at + 3];
      if (!weight) continue;
      bytes[at] = sums[at] / weight;
      bytes[at + 1] = sums[at + 1] / weight;
      bytes[at + 2] = sums[at + 2] / weight;
      const share = Math.log1p(weight) * scaleOf;
      bytes[at + 3] = 255 * Math.min(weight, 1) * (0.35 + 0.65 * share);
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** Return the pixels of a disc: where each lies in the rows of a picture, how much is covered. */
function discOf(radius, across) {
  const offsets = [];
  const covers = [];
  const reach = Math.ceil(radius);
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const cover = Math.min(Math.max(radius + 0.5 - Math.hypot(dx, dy), 0), 1);
      if (cover <= 0.05) continue;
      offsets.push(dy * across + dx);
      covers.push(cover);
    }
  }
  return { offsets: Int32Array.from(offsets), covers: Float32Array.from(covers) };
}
