// Search: which images have all of some words in their path, cluster or metadata.

const PAUSE = 120; // milliseconds after the last key

/** Return the path and the metadata of each image, in small letters; made when first asked for. */
const searchTexts = (() => {
  let texts = null;
  return () => {
    if (texts === null) {
      const more = Object.values(data.metadata);
      texts = Array.from({ length: data.n }, (_, i) => {
        const known = more.map((values) => values[i]).filter((value) => value !== null);
        return plainText([pathOf(i), ...known].join("\n"));
      });
    }
    return texts;
  };
})();

/** Return a text as it is compared: composed letters, small. */
function plainText(text) {
  return text.normalize("NFC").toLowerCase();
}

/** Return which images match the search, the images like one, and the time; null for all. */
function findMatches({ query, like, found: hits, period, labels, clusters }) {
  const words = plainText(query).split(/\s+/).filter(Boolean);
  if (!words.length && like < 0 && hits < 0 && period === null) return null;
  const found = new Uint8Array(data.n);
  if (like >= 0) for (const i of similarImages(like)) found[i] = 1;
  else if (hits >= 0) for (const i of data.found[hits].images) found[i] = 1;
  else found.fill(1);
  if (period !== null) {
    const [from, to] = period;
    const { time } = data.columns;
    for (let i = 0; i < data.n; i += 1) if (!(time[i] >= from && time[i] <= to)) found[i] = 0;
  }
  if (words.length) {
    const names = new Map(clusters.map(({ label, name }) => [label, plainText(name)]));
    const texts = searchTexts();
    for (let i = 0; i < data.n; i += 1) {
      if (!found[i]) continue;
      const name = names.get(labels[i]);
      if (!words.every((word) => texts[i].includes(word) || name.includes(word))) found[i] = 0;
    }
  }
  return found;
}

function startSearch() {
  const input = element("input", {
    id: "search",
    type: "search",
    placeholder: "Search names, folders, clusters",
    "aria-label": "Search images by name, path, cluster or metadata",
    autocomplete: "off",
    spellcheck: "false",
  });
  const count = element("p", { id: "found", class: "muted", role: "status" });
  const all = element(
    "button",
    {
      type: "button",
      class: "quiet",
      id: "select-found",
      click: () => selectImages(store.state.order),
    },
    "Select all found",
  );
  const like = element("div", { class: "chips" });
  let timer = 0;
  function search() {
    clearTimeout(timer);
    store.set({ query: input.value });
  }
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  const form = element(
    "form",
    {
      role: "search",
      class: "search",
      submit: (event) => {
        event.preventDefault();
        search();
      },
    },
    icon("search"),
    input,
  );
  document.getElementById("toolbar").prepend(form, count, all, like);
  if (data.found && data.found.length) like.before(findSelect());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key !== "/" || typing) return;
    event.preventDefault();
    input.focus();
  });
  store.watch(["query"], ({ query }) => {
    if (input.value.trim() !== query.trim()) input.value = query;
  });
  store.watch(["like", "period"], (state) => {
    like.replaceChildren();
    if (state.like >= 0) {
      like.append(chip(`Like ${data.names[state.like]}`, () => store.set({ like: -1 })));
    }
    if (state.period !== null) {
      const [from, to] = state.period.map((time) => formatTime(time).slice(0, 10));
      like.append(chip(from === to ? from : `${from} to ${to}`, () => store.set({ period: null })));
    }
  });
  store.watch(["query", "like", "found", "period", "labels", "clusters"], (state) => {
    const matches = findMatches(state);
    if (matches !== null || state.matches !== null) store.set({ matches });
  });
  store.watch(["order", "matches"], ({ matches, order }) => {
    const searching = matches !== null;
    count.textContent = searching ? `${formatCount(order.length)} of ${counted(data.n, "image")}` : "";
    all.hidden = !searching || !order.length;
  });
}

/** Return the choice between all images and the hits of a query of `find`. */
function findSelect() {
  const select = element("select", {
    id: "find",
    "aria-label": "Results of find",
    change: () => store.set({ found: Number(select.value), like: -1 }),
  });
  select.append(new Option("Results of find…", "-1"));
  data.found.forEach(({ name }, at) => select.append(new Option(`Like ${name}`, String(at))));
  store.watch(["found"], ({ found }) => {
    select.value = String(found);
  });
  return select;
}

/** Return words with a button that takes them away. */
function chip(words, remove) {
  return element(
    "span",
    { class: "chip" },
    element("span", { class: "chip-words", title: words }, words),
    iconButton("close", `Remove: ${words}`, remove),
  );
}
