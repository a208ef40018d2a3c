// What Python wrote into the page, as typed arrays. Images are known by their index in the page:
// they come in the order of the sheets of small pictures. `columns.row` is the row in Python.

const NUMBERS = {
  u1: Uint8Array, u2: Uint16Array, u4: Uint32Array,
  i1: Int8Array, i2: Int16Array, i4: Int32Array,
  f4: Float32Array, f8: Float64Array,
};

/** Return the bytes of a text in base64. */
function fromBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

function readData() {
  const raw = JSON.parse(document.getElementById("data").textContent);
  const columns = {};
  for (const [name, column] of Object.entries(raw.columns)) {
    columns[name] = new NUMBERS[column.type](fromBase64(column.data).buffer);
  }
  return { ...raw, columns };
}

const data = readData();

/** Return the folder of an image below the root; "." is the root itself. */
function folderOf(i) {
  return data.folders[data.columns.folder[i]];
}

/** Return the path of an image as Python knows it. */
function pathOf(i) {
  const folder = folderOf(i);
  const parts = [data.root, folder === "." ? "" : folder, data.names[i]];
  return parts.filter((part) => part !== "").join("/").replace("//", "/");
}

/** Return the address of the original, relative to the page; null where it cannot be known. */
function addressOf(i) {
  if (data.base === null) return null;
  const folder = folderOf(i);
  const path = `${data.base}/${folder === "." ? "" : `${folder}/`}${data.names[i]}`;
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}

/** Return width over height of the original; 1 where it is not known. */
function ratioOf(i) {
  const { width, height } = data.columns;
  return width && width[i] && height[i] ? width[i] / height[i] : 1;
}
