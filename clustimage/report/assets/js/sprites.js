// The small pictures: sheets of them, decoded when one is first seen, and dropped when they have
// not been seen for a while and there are many.

const SHEET_BYTES = 128 * 2 ** 20; // decoded; more only where more are seen at one time
const SHEET_REST = 2000; // milliseconds without use before a sheet may go
const SHEETS_AT_ONCE = 3;
const MOST_KEPT = 1000; // pictures

/** A sheet: its bitmap while it is decoded; `failed` for good where it cannot be read. */
class Sheet {
  constructor(number) {
    this.number = number;
    this.bitmap = null;
    this.state = "idle"; // "waiting", "loading", "ready", "failed"
    this.used = 0;
  }

  get bytes() {
    return this.bitmap === null ? 0 : this.bitmap.width * this.bitmap.height * 4;
  }
}

class Sprites {
  constructor({ side, columns, n }) {
    this.side = side;
    this.columns = columns;
    this.perSheet = columns * columns;
    this.sheets = Array.from({ length: n }, (_, number) => new Sheet(number));
    this.loading = 0;
    this.onload = [];
  }

  /** Return whether sheets that were asked for are still to come. */
  get busy() {
    return this.sheets.some((sheet) => sheet.state === "waiting" || sheet.state === "loading");
  }

  /** Return the sheet of an image and where it lies in it; null until it is decoded. */
  find(i) {
    const sheet = this.sheets[Math.floor(i / this.perSheet)];
    if (sheet === undefined) return null;
    sheet.used = performance.now();
    if (sheet.state === "idle") {
      sheet.state = "waiting";
      queueMicrotask(() => this.next());
    }
    if (sheet.state !== "ready") return null;
    const cell = i % this.perSheet;
    return {
      sheet: sheet.bitmap,
      left: (cell % this.columns) * this.side,
      top: Math.floor(cell / this.columns) * this.side,
    };
  }

  /** Decode what was asked for, the latest first. */
  next() {
    while (this.loading < SHEETS_AT_ONCE) {
      let latest = null;
      for (const sheet of this.sheets) {
        if (sheet.state === "waiting" && (latest === null || sheet.used > latest.used)) latest = sheet;
      }
      if (latest === null) return;
      this.load(latest);
    }
  }

  async load(sheet) {
    sheet.state = "loading";
    this.loading += 1;
    try {
      sheet.bitmap = await readSheet(sheet.number);
      sheet.state = "ready";
    } catch {
      sheet.state = "failed"; // its images stay dots
    }
    this.loading -= 1;
    this.dropUnused();
    for (const call of this.onload) call();
    this.next();
  }

  dropUnused() {
    const ready = this.sheets.filter((sheet) => sheet.state === "ready");
    let bytes = ready.reduce((sum, sheet) => sum + sheet.bytes, 0);
    const before = performance.now() - SHEET_REST;
    for (const sheet of ready.sort((a, b) => a.used - b.used)) {
      if (bytes <= SHEET_BYTES || sheet.used > before) return;
      bytes -= sheet.bytes;
      sheet.bitmap.close();
      sheet.bitmap = null;
      sheet.state = "idle";
    }
  }

  /** Return whether the picture of an image is there; if not, it will be fetched. */
  has(i) {
    return this.find(i) !== null;
  }

  /** Draw an image into a rectangle; return whether its picture was there. */
  draw(context, i, left, top, width, height) {
    const found = this.find(i);
    if (found === null) return false;
    // Enlarged, the edge of a picture would show its neighbour in the sheet.
    const edge = width > 2 * this.side ? 0.5 : 0;
    const side = this.side - 2 * edge;
    context.drawImage(found.sheet, found.left + edge, found.top + edge, side, side, left, top, width, height);
    return true;
  }
}

/** Pictures kept one by one, so that a few from many sheets do not hold all of these. */
class KeptPictures {
  constructor(source) {
    this.source = source;
    this.canvases = new Map(); // image → its picture; the least used first
  }

  has(i) {
    return this.canvases.has(i) || this.source.has(i);
  }

  draw(context, i, left, top, width, height) {
    const canvas = this.canvases.get(i) ?? this.keep(i);
    this.canvases.delete(i);
    this.canvases.set(i, canvas);
    context.drawImage(canvas, left, top, width, height);
  }

  keep(i) {
    const { side } = this.source;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    this.source.draw(canvas.getContext("2d"), i, 0, 0, side, side);
    if (this.canvases.size === MOST_KEPT) this.canvases.delete(this.canvases.keys().next().value);
    return canvas;
  }
}

const sprites = new Sprites(data.sprites);
