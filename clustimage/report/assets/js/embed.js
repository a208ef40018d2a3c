// In a cell of a notebook the page tells the cell which images are selected, and is told of others.

function startEmbed() {
  if (window.parent === window) return;
  const { row } = data.columns;
  const at = new Map();
  for (let i = 0; i < data.n; i += 1) at.set(row[i], i);
  let first = true;
  store.watch(["selected"], ({ selected }) => {
    const rows = [...selected].map((i) => row[i]).sort((a, b) => a - b);
    if (!first) window.parent.postMessage({ clustimage: "selection", rows }, "*");
    first = false;
  });
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.clustimage !== "select") return;
    const images = event.data.rows.map((number) => at.get(number));
    store.set({ selected: new Set(images.filter((i) => i !== undefined)) });
  });
}
