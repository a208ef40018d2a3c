// The top of the page: what was read, how many clusters there are, how sure that is, and the
// settings that make the same again.

const CONFIDENCE = {
  high: "Clear groups",
  medium: "Likely groups",
  low: "Few may be groups",
  "no groups": "No clear groups",
};

function startOverview() {
  const { summary } = data;
  const { verdict } = summary;
  const curve = scoreCurve();
  const header = document.getElementById("overview");
  header.append(
    element(
      "div",
      { class: "overview-line" },
      pageTitle(summary),
      verdict === null ? null : confidenceMark(verdict),
      element("p", { class: "muted" }, howMade(summary)),
    ),
    element(
      "div",
      { class: "overview-more" },
      verdict === null
        ? null
        : disclosure("How sure", element("p", {}, verdict.why), verdictNumbers(verdict), curve),
      verdict === null && curve ? disclosure("Scores", curve) : null,
      summary.n_skipped ? disclosure(`${formatCount(summary.n_skipped)} skipped`, skippedFiles(summary)) : null,
      disclosure("Repeat", ...repeatCode(summary.repeat)),
    ),
  );
}

/** Return the title, which counts the clusters as they are corrected. */
function pageTitle({ title }) {
  const heading = element("h1");
  store.watch(["clusters", "corrections"], ({ clusters, corrections: done }) => {
    const inside = clusters.filter(({ label }) => label >= 0).length;
    heading.textContent = done.length ? `${counted(data.n, "image")} in ${counted(inside, "cluster")}` : title;
  });
  return heading;
}

/** Return a word or two on how sure the clusters are. */
function confidenceMark({ confidence, why }) {
  const words = CONFIDENCE[confidence] ?? confidence;
  return element("span", { class: "confidence", "data-confidence": confidence, title: why }, words);
}

/** Return in a line how the clusters were made. */
function howMade({ settings, n_unassigned: outside }) {
  const graph = settings.cluster_space === "graph" ? " of the graph of neighbours" : "";
  const map = settings.embedding ? `; map by ${settings.embedding}` : "";
  const rest = outside ? `; ${formatCount(outside)} not assigned to one` : "";
  const clusters = `clusters by ${settings.cluster}${graph}`;
  return `${madeFrom(settings) ?? `${featuresBy(settings)}, ${clusters}`}${map}${rest}.`;
}

/** Return what of the EXIF data the clusters were made from; undefined where it was not that. */
function madeFrom({ metric }) {
  return { datetime: "Clusters by date", latlon: "Clusters by location" }[metric];
}

function featuresBy({ method }) {
  if (method === "precomputed") return "Features as given";
  return method === null ? "Pixels as features" : `Features by ${method}`;
}

function verdictNumbers({ k, k_range: range, n_judged: judged }) {
  const [low, high] = range;
  const counts = low === high ? formatNumber(k) : `${formatNumber(low)} to ${formatNumber(high)}`;
  return element(
    "p",
    { class: "muted" },
    `${counts} clusters in most subsamples; judged on ${counted(judged, "image")}.`,
  );
}

function skippedFiles({ skipped, n_skipped: all }) {
  const rows = skipped.map(({ pathname, reason }) =>
    element("li", {}, element("bdi", { class: "path" }, pathname), ` – ${reason}`),
  );
  const more = all - skipped.length;
  const rest = more ? element("li", { class: "muted" }, `${formatCount(more)} more`) : null;
  return element("ul", { class: "skipped" }, ...rows, rest);
}

function repeatCode({ python, command }) {
  const parts = [codeBlock("Python", python)];
  if (command !== null) parts.push(codeBlock("Command line", command));
  return parts;
}

function codeBlock(title, code) {
  const copy = element(
    "button",
    { type: "button", click: () => copyText(code, title === "Python" ? "the Python code" : "the command") },
    "Copy",
  );
  return element(
    "div",
    { class: "code-block" },
    element("div", { class: "code-title" }, element("h3", {}, title), copy),
    element("pre", { tabindex: "0", "aria-label": title }, code),
  );
}

/** Return what opens below its title; one of them is open at a time. */
function disclosure(title, ...children) {
  const details = element(
    "details",
    { name: "overview" },
    element("summary", {}, title),
    element("div", { class: "disclosed" }, ...children),
  );
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  return details;
}
