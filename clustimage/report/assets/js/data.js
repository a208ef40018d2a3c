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

/** Return a column of Python as a typed array. */
function typedArray(column) {
  return new NUMBERS[column.type](fromBase64(column.data).buffer);
}

function readData() {
  const raw = JSON.parse(document.getElementById("data").textContent);
  const columns = {};
  for (const [name, column] of Object.entries(raw.columns)) columns[name] = typedArray(column);
  const metadata = {};
  for (const [name, { values, index }] of Object.entries(raw.metadata)) {
    metadata[name] = Array.from(typedArray(index), (number) => values[number]);
  }
  return { ...raw, columns, metadata };
}

const data = readData();

/** Return the folder of an image below the root; "." is the root itself. */
function folderOf(i) {
  return data.folders[data.columns.folder[i]];
}

/** Return the name of the file of an image. */
function fileOf(i) {
  return data.files[i] === undefined ? data.names[i] : data.files[i];
}

/** Return the path of an image as Python knows it. */
function pathOf(i) {
  const folder = folderOf(i);
  const parts = [data.root, folder === "." ? "" : folder].filter((part) => part !== "");
  const above = parts.join(data.separator).replace(/^\/\//, "/");
  if (above === "" || above.endsWith(data.separator)) return above + fileOf(i);
  return above + data.separator + fileOf(i);
}

/** Return the address of the original, relative to the page; null where it cannot be known. */
function addressOf(i) {
  if (data.base === null) return null;
  if (data.addresses[i] !== undefined) return data.addresses[i];
  const folder = folderOf(i).split(data.separator).filter((part) => part !== ".");
  return [...data.base.split("/"), ...folder, fileOf(i)].map(encodeURIComponent).join("/");
}

/** Return width over height of the original; 1 where it is not known. */
function ratioOf(i) {
  const { width, height } = data.columns;
  return width && width[i] && height[i] ? width[i] / height[i] : 1;
}
