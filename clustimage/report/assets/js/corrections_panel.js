// The list of corrections: undo, redo, download for Python, and a file of corrections read back.

const APPLY = 'cl.apply_corrections("corrections.json")';

function startCorrections() {
  const count = element("span");
  const words = element("span", { class: "badge-words" });
  const button = element(
    "button",
    { type: "button", id: "corrections", class: "quiet", click: openCorrections },
    icon("edit"),
    element("span", {}, count, words),
  );
  document.getElementById("theme").before(button);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (typing || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (event.shiftKey) corrections.redo();
    else corrections.undo();
  });
  corrections.restore();
  store.watch(["corrections"], ({ corrections: done }) => {
    const waiting = done.length > 0 && !corrections.isDownloaded();
    // On a narrow screen only the number is there.
    count.textContent = done.length ? formatCount(done.length) : "";
    words.textContent = correctionsWords().replace(/^[\d,]+/, "");
    button.classList.toggle("badge", waiting);
    button.setAttribute("aria-label", done.length ? correctionsWords() : "Corrections");
    button.title = button.getAttribute("aria-label");
  });
}

/** Return how many corrections there are, and whether they are in a file. */
function correctionsWords() {
  const { length } = corrections.done;
  if (!length) return "Corrections";
  return `${counted(length, "correction")}, ${corrections.isDownloaded() ? "downloaded" : "not yet downloaded"}`;
}

function openCorrections() {
  const list = element("ol", { class: "actions" });
  const state = element("p", { role: "status" });
  const problem = element("p", { class: "problem", role: "alert" });
  const button = (words, click, attributes = {}) =>
    element("button", { type: "button", click, ...attributes }, words);
  const undo = iconButton("undo", "Undo", () => corrections.undo());
  const redo = iconButton("redo", "Redo", () => corrections.redo());
  const save = button("Download corrections.json", () => corrections.download(), { class: "main" });
  const file = element("input", { type: "file", accept: ".json,application/json", hidden: true });
  file.addEventListener("change", async () => {
    problem.textContent = file.files.length ? ((await importCorrections(file.files[0])) ?? "") : "";
    file.value = "";
  });
  const dialog = openDialog(
    "Corrections",
    state,
    list,
    element("div", { class: "buttons" }, undo, redo, button("Read a file…", () => file.click()), file, save),
    problem,
    element("p", { class: "muted" }, "In Python, beside the downloaded file:"),
    element(
      "div",
      { class: "path-line" },
      element("code", { class: "path" }, APPLY),
      button("Copy", () => copyText(APPLY, "the line")),
    ),
    element("div", { class: "buttons" }, button("Close", () => dialog.close())),
  );
  const show = ({ corrections: done }) => {
    list.replaceChildren(...replay(done).words.map((words) => element("li", {}, words)));
    state.textContent = done.length
      ? `${correctionsWords()}.${corrections.kept ? "" : " The browser does not keep them: download them before you close the page."}`
      : "None yet. Rename or merge clusters by their menu “⋯”; select images to move or exclude them.";
    undo.disabled = !done.length;
    redo.disabled = !corrections.undone.length;
    save.disabled = !done.length;
  };
  dialog.addEventListener("close", store.watch(["corrections"], show));
}

/** Add the actions of a file to those done here; return what is wrong with it, else null. */
async function importCorrections(file) {
  try {
    const found = JSON.parse(await file.text());
    if (found.format !== "clustimage-corrections" || found.version !== 1) {
      return "This is not a file of corrections of version 1.";
    }
    if (found.clustering && data.clustering && found.clustering !== data.clustering) {
      return "These corrections were made for other clusters than those of this page.";
    }
    const byPath = new Map(Array.from({ length: data.n }, (_, i) => [pathOf(i), i]));
    const renames = Object.entries(found.names ?? {}).map(([label, name]) => ({ do: "rename", label: Number(label), name }));
    let actions = corrections.done;
    for (const plain of [...(found.actions ?? []), ...renames]) {
      actions = [...actions, readAction(plain, replay(actions).clusters, byPath)];
      replay(actions);
    }
    corrections.done = actions;
    corrections.undone = [];
    corrections.apply();
    return null;
  } catch (problem) {
    return problem instanceof Unreadable ? problem.message : "This file cannot be read as corrections.";
  }
}

class Unreadable extends Error {}

/** Return an action of a file with the numbers of images and clusters in this page. */
function readAction(plain, clusters, byPath) {
  const labelOf = (given) => {
    const cluster = clusters.find(({ label, name }) => label >= 0 && (label === given || name === given));
    if (!cluster) throw new Unreadable(`The file names a cluster that is not here: ${given}.`);
    return cluster.label;
  };
  if (plain.do === "rename") return { do: "rename", label: labelOf(plain.label), name: plain.name };
  if (plain.do === "merge") return { do: "merge", labels: plain.labels.map(labelOf) };
  if (plain.do !== "move") {
    throw new Unreadable(`This page cannot carry out “${plain.do}”; Python can: ${APPLY}`);
  }
  const images = plain.images.map((one) => byPath.get(one.pathname ?? one)).filter((i) => i !== undefined);
  if (!images.length) throw new Unreadable("The file names images that are not in this page.");
  if (plain.to === "new") return { do: "move", images, to: "new", name: plain.name ?? `new cluster ${firstNew}` };
  return { do: "move", images, to: plain.to === -1 ? -1 : labelOf(plain.to) };
}
