// The small pictures: sheets of them, decoded when one is first seen, and dropped when they have
// not been seen for a while and there are many.

const SHEET_BYTES = 128 * 2 ** 20; // decoded; more only where more are seen at one time
const SHEET_REST = 2000; // milliseconds without use before a sheet may go
const SHEETS_AT_ONCE = 3;

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
  constructor({ side, columns, n, files = null }) {
    this.side = side;
    this.columns = columns;
    this.perSheet = columns * columns;
    this.files = files; // addresses of sheets beside the page; null where they are in it
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
      sheet.bitmap = await createImageBitmap(await this.source(sheet.number));
      sheet.state = "ready";
    } catch {
      sheet.state = "failed"; // its images stay dots
    }
    this.loading -= 1;
    this.dropUnused();
    for (const call of this.onload) call();
    this.next();
  }

  /** Return what a sheet is decoded from: text in the page, or a file beside it. */
  async source(number) {
    if (this.files === null) {
      const text = document.getElementById(`sheet-${number}`).textContent;
      return new Blob([fromBase64(text)], { type: "image/webp" });
    }
    const image = new Image();
    image.src = this.files[number];
    await image.decode();
    return image;
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

  /** Draw an image into a rectangle; return whether its picture was there. */
  draw(context, i, left, top, width, height) {
    const found = this.find(i);
    if (found === null) return false;
    const { side } = this;
    context.drawImage(found.sheet, found.left, found.top, side, side, left, top, width, height);
    return true;
  }
}

/** Pictures kept one by one, so that a few from many sheets do not hold all of these. */
class KeptPictures {
  constructor(source, columns = 32) {
    this.source = source;
    this.columns = columns;
    this.slots = new Map(); // image → slot; the least used first
    this.canvas = document.createElement("canvas");
  }

  draw(context, i, left, top, width, height) {
    const { side } = this.source;
    const slot = this.slots.get(i) ?? this.keep(i);
    if (slot === null) return false;
    this.slots.delete(i);
    this.slots.set(i, slot);
    const x = (slot % this.columns) * side;
    const y = Math.floor(slot / this.columns) * side;
    context.drawImage(this.canvas, x, y, side, side, left, top, width, height);
    return true;
  }

  keep(i) {
    const { side } = this.source;
    const found = this.source.find(i);
    if (found === null) return null;
    if (this.canvas.width !== this.columns * side) {
      this.canvas.width = this.canvas.height = this.columns * side;
    }
    let slot = this.slots.size;
    if (slot === this.columns ** 2) {
      const [oldest, free] = this.slots.entries().next().value;
      this.slots.delete(oldest);
      slot = free;
    }
    const x = (slot % this.columns) * side;
    const y = Math.floor(slot / this.columns) * side;
    const context = this.canvas.getContext("2d");
    context.drawImage(found.sheet, found.left, found.top, side, side, x, y, side, side);
    return slot;
  }
}

const sprites = new Sprites(data.sprites);
