// The curve of scores: which numbers of clusters competed, and which one was taken.

const SCORE_BOX = { width: 300, height: 110, left: 40, right: 10, top: 10, bottom: 30 };

/** Return an element of an SVG drawing. */
function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Return the curve of scores by number of clusters, or null where there is none. */
function scoreCurve() {
  const { scores } = data.summary;
  if (!scores) return null;
  const byCount = scores.varied === "cluster_threshold";
  const along = byCount ? scores.clusters : scores.values;
  const points = along
    .map((x, i) => ({ x, y: scores.score[i], best: i === scores.best }))
    .filter(({ x, y }) => x !== null && y !== null);
  if (points.length < 2) return null;
  const { width, height, left, right, top, bottom } = SCORE_BOX;
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const scale = (values, from, to) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  };
  const across = scale(xs, left, width - right);
  const up = scale(ys, height - bottom, top);
  const best = points.find((point) => point.best) ?? points[0];
  const name = byCount ? "number of clusters" : scores.varied.replaceAll("_", " ");
  const better = scores.higher_is_better ? "higher" : "lower";
  const title = `${scores.evaluate} by ${name}: best at ${formatNumber(best.x)}, ${formatNumber(best.y)} (${better} is better)`;
  const drawing = svg(
    "svg",
    { class: "scores", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    svg("title", {}, title),
    svg("path", {
      class: "scores-axis",
      d: `M${left} ${top}V${height - bottom}H${width - right}`,
    }),
    svg("path", {
      class: "scores-line",
      d: points.map(({ x, y }, i) => `${i ? "L" : "M"}${across(x).toFixed(1)} ${up(y).toFixed(1)}`).join(""),
    }),
    svg("path", { class: "scores-best", d: `M${across(best.x).toFixed(1)} ${top}V${height - bottom}` }),
    svg("circle", { class: "scores-dot", cx: across(best.x), cy: up(best.y), r: 4 }),
  );
  const text = (x, y, anchor, words) => {
    drawing.append(svg("text", { x, y, "text-anchor": anchor }, words));
  };
  const base = height - bottom + 12;
  text(across(best.x), base, "middle", formatNumber(best.x));
  for (const x of [Math.min(...xs), Math.max(...xs)]) {
    if (Math.abs(across(x) - across(best.x)) > 24) text(across(x), base, "middle", formatNumber(x));
  }
  text((left + width - right) / 2, height - 4, "middle", name);
  for (const y of [Math.min(...ys), Math.max(...ys)]) text(left - 4, up(y) + 4, "end", formatNumber(Number(y.toFixed(2))));
  return drawing;
}
