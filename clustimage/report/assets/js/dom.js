// Making elements, and what a page asks of the browser: the clipboard, a download, a spoken line.

const SVG = "http://www.w3.org/2000/svg";

// Each icon is one path of a 16 × 16 drawing that is stroked.
const ICONS = {
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  previous: "M10 3L5 8l5 5",
  next: "M6 3l5 5l-5 5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  check: "M3.5 8.5l3 3l6-7",
  star: "M8 2l1.8 3.8l4.2.5l-3.1 2.9l.8 4.1L8 11.3l-3.7 2l.8-4.1L2 6.3l4.2-.5z",
  copies: "M2.5 2.5h7v7h-7zM6.5 11.5v2h7v-7h-2",
  light: "M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3A5.5 5.5 0 1 0 13 9.5z",
  system: "M2 3h12v8H2zM5.5 13.5h5",
  edit: "M3 13l.6-2.8L11 2.8l2.2 2.2l-7.4 7.4z",
  undo: "M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H7",
  redo: "M10 3l3 3l-3 3M13 6H6.5a3.5 3.5 0 0 0 0 7H9",
  download: "M8 2v8M4.5 7L8 10.5L11.5 7M2.5 13.5h11",
  clock: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.5V8l2.5 1.5",
};

/** Return an element with attributes (functions are listeners) and children; texts stay texts. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Return an icon, which says nothing to a screen reader. */
function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

/** Return a button with an icon, and with words beside it unless they are only to be read aloud. */
function iconButton(name, words, click, attributes = {}) {
  return element(
    "button",
    { type: "button", class: "icon-button", "aria-label": words, title: words, click, ...attributes },
    icon(name),
  );
}

function formatCount(count) {
  return count.toLocaleString("en-US");
}

/** Return "1 image", "1,234 images". */
function counted(count, word) {
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** Return a number with three digits that count; a dash where there is none. */
function formatNumber(value) {
  if (!Number.isFinite(value)) return "–";
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(3)));
}

/** Return a time by the clock of the camera. */
function formatTime(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** Show a line for a moment, and let a screen reader say it. */
const announce = (() => {
  let timer = 0;
  return (words) => {
    const line = document.getElementById("announcer");
    clearTimeout(timer);
    line.textContent = words;
    timer = setTimeout(() => line.replaceChildren(), 6000);
  };
})();

/** Return a value that the browser has kept for pages like this one, or null. */
function recall(key) {
  try {
    return window.localStorage.getItem(`clustimage:${key}`);
  } catch {
    return null; // a page in a frame or with cookies blocked keeps nothing
  }
}

/** Keep a value, or forget it where it is null; return whether the browser did. */
function keep(key, value) {
  try {
    if (value === null) window.localStorage.removeItem(`clustimage:${key}`);
    else window.localStorage.setItem(`clustimage:${key}`, value);
    return true;
  } catch {
    return false;
  }
}

/** Offer a text as a file. */
function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Copy a text; where the browser forbids it, show it selected, to be copied by hand. */
async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`Copied ${what}.`);
    return true;
  } catch {
    showText(text, `The browser does not let this page copy. Here is ${what}, selected:`);
    return false;
  }
}

/** Draw the small picture of an image into a canvas of its own, whole and in its proportions. */
function drawPicture(canvas, i, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const [across, down] = fitted(ratioOf(i), canvas.width, canvas.height);
  const left = (canvas.width - across) / 2;
  return sprites.draw(context, i, left, (canvas.height - down) / 2, across, down);
}

/** Return the largest width and height of a ratio in a box. */
function fitted(ratio, width, height) {
  return ratio > width / height ? [width, width / ratio] : [height * ratio, height];
}

/** Return a canvas with the small picture of an image, drawn again when its sheet is there. */
function picture(i, width, height) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  if (!drawPicture(canvas, i, width, height)) pictures.waiting.set(canvas, [i, width, height]);
  return canvas;
}

const pictures = {
  waiting: new Map(), // canvas → image, width and height

  /** Draw what has come; forget what is not in the page any more. */
  drawWaiting() {
    for (const [canvas, [i, width, height]] of this.waiting) {
      if (!canvas.isConnected || drawPicture(canvas, i, width, height)) this.waiting.delete(canvas);
    }
  },
};
