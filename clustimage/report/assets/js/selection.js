// The selection: what is done with images that were picked by hand, by the search or on the map.

function toggleSelected(i) {
  const selected = new Set(store.state.selected);
  if (!selected.delete(i)) selected.add(i);
  store.set({ selected });
}

/** Add images to the selection. */
function selectImages(images) {
  const selected = new Set(store.state.selected);
  for (const i of images) selected.add(i);
  store.set({ selected });
}

/** Return the selected images in the order of the gallery; those that are not shown come last. */
function selectedImages() {
  const { selected, order } = store.state;
  const shown = Array.from(order).filter((i) => selected.has(i));
  const known = new Set(shown);
  return [...shown, ...[...selected].filter((i) => !known.has(i)).sort((a, b) => a - b)];
}

/** Return what is known of an image, as plain values. */
function imageRecord(i) {
  const { confidence, runnerUp, time, lat, lon } = data.columns;
  const label = store.state.labels[i];
  const record = { pathname: pathOf(i), label, cluster: clusterOf(label).name };
  record.distance = plainNumber(distanceOf(i));
  if (confidence) record.confidence = plainNumber(confidence[i]);
  if (runnerUp) record.runner_up = runnerUp[i];
  if (time) record.time = Number.isFinite(time[i]) ? formatTime(time[i]) : null;
  if (lat) [record.latitude, record.longitude] = [plainNumber(lat[i]), plainNumber(lon[i])];
  for (const [name, values] of Object.entries(data.metadata)) record[name] = values[i];
  return record;
}

function plainNumber(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

/** Return records as CSV (RFC 4180) that no spreadsheet takes for formulas. */
function toCsv(records) {
  const names = Object.keys(records[0]);
  const rows = records.map((record) => names.map((name) => csvField(record[name])).join(","));
  return `\ufeff${[names.map(csvField).join(","), ...rows].join("\r\n")}\r\n`;
}

function csvField(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function startSelection() {
  const bar = document.getElementById("selection-bar");
  const count = element("p", { id: "selected-count", role: "status" });
  const button = (words, click, attributes = {}) =>
    element("button", { type: "button", click, ...attributes }, words);
  const save = button("Download", (event) =>
    openMenu(event.currentTarget, [
      ["CSV, for spreadsheets", () => download("selection.csv", "text/csv", toCsv(selectedImages().map(imageRecord)))],
      [
        "JSON, for programs",
        () =>
          download(
            "selection.json",
            "application/json",
            `${JSON.stringify(selectedImages().map(imageRecord), null, 1)}\n`,
          ),
      ],
    ]),
    { "aria-haspopup": "menu", "aria-expanded": "false", title: "Download the selection" });
  bar.append(
    count,
    button("Copy paths", () => {
      const images = selectedImages();
      copyText(images.map(pathOf).join("\n"), counted(images.length, "path"));
    }),
    save,
    element("span", { class: "gap" }),
    button("Move to…", moveSelected),
    button("New cluster…", splitSelected),
    button("Exclude", excludeSelected),
    element("span", { class: "gap" }),
    button("Clear", () => store.set({ selected: new Set() })),
  );
  store.watch(["selected"], ({ selected }) => {
    bar.hidden = selected.size === 0;
    count.textContent = `${counted(selected.size, "image")} selected`;
  });
}
