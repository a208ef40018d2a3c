// The small pictures: sheets of them, decoded when one is first seen.

class Sprites {
  constructor({ side, columns, n }) {
    this.side = side;
    this.columns = columns;
    this.perSheet = columns * columns;
    this.sheets = new Array(n).fill(null); // ImageBitmap, or a promise of one
    this.onload = [];
  }

  /** Return the sheet of an image and where it lies in it; null until it is decoded. */
  find(i) {
    const number = Math.floor(i / this.perSheet);
    const sheet = this.sheets[number];
    if (sheet === null || sheet === undefined) {
      if (sheet === null) this.load(number);
      return null;
    }
    if (sheet instanceof Promise) return null;
    const cell = i % this.perSheet;
    return {
      sheet,
      left: (cell % this.columns) * this.side,
      top: Math.floor(cell / this.columns) * this.side,
    };
  }

  load(number) {
    const text = document.getElementById(`sheet-${number}`).textContent;
    const blob = new Blob([fromBase64(text)], { type: "image/webp" });
    this.sheets[number] = createImageBitmap(blob).then((bitmap) => {
      this.sheets[number] = bitmap;
      for (const call of this.onload) call();
    });
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

const sprites = new Sprites(data.sprites);
