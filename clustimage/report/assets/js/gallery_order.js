// Which images the gallery shows, in which sections and in which order.

const SORTS = {
  typical: "Most typical first",
  untypical: "Least typical first",
  time: "By time",
  name: "By name",
};

const byName = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

/** Return the place of each image in the order of the names; made when first asked for. */
const nameRanks = (() => {
  let ranks = null;
  return () => {
    if (ranks === null) {
      const order = Array.from({ length: data.n }, (_, i) => i);
      order.sort((a, b) => byName(data.names[a], data.names[b]) || a - b);
      ranks = new Int32Array(data.n);
      order.forEach((i, rank) => {
        ranks[i] = rank;
      });
    }
    return ranks;
  };
})();

/** Return the distance of an image to the centre of its cluster; NaN once it was moved. */
function distanceOf(i) {
  return store.state.labels[i] === data.columns.label[i] ? data.columns.distance[i] : NaN;
}

/** Return what images are sorted by, the smallest first; images without a value come last. */
function sortKeys(sort) {
  const last = Infinity;
  if (sort === "name") return (i) => nameRanks()[i];
  const value = sort === "time" ? (i) => data.columns.time[i] : distanceOf;
  const sign = sort === "untypical" ? -1 : 1;
  return (i) => {
    const found = value(i);
    return Number.isFinite(found) ? sign * found : last;
  };
}

/** Return images sorted, the unique image first. */
function sortImages(images, sort, unique) {
  const key = sortKeys(sort);
  const keys = new Map(images.map((i) => [i, sort !== "untypical" && i === unique ? -Infinity : key(i)]));
  return images.sort((a, b) => {
    const [first, second] = [keys.get(a), keys.get(b)];
    return first === second ? a - b : first - second;
  });
}

/** Return the sections of the gallery: {id, cluster or null, title, images}. */
function gallerySections() {
  const { labels, clusters, like, found, sort } = store.state;
  if (like >= 0) {
    const images = similarImages(like).filter((i) => isShown(i));
    return [{ id: "like", cluster: null, title: `More like ${data.names[like]}`, images }];
  }
  if (found >= 0) {
    const query = data.found[found];
    const images = [...new Set(query.images)].filter((i) => isShown(i));
    return [{ id: "found", cluster: null, query, title: `Like ${query.name}`, images }];
  }
  const members = new Map(clusters.map((cluster) => [cluster.label, []]));
  for (let i = 0; i < data.n; i += 1) if (isShown(i)) members.get(labels[i]).push(i);
  const inOrder = [...clusters].sort((a, b) => (a.label < 0) - (b.label < 0));
  return inOrder
    .filter((cluster) => members.get(cluster.label).length)
    .map((cluster) => ({
      id: `cluster-${cluster.label}`,
      cluster,
      title: cluster.name,
      images: sortImages(members.get(cluster.label), sort, cluster.unique),
    }));
}

/** Return the nearest other images of an image, as they were stored. */
function neighborsOf(i) {
  const k = data.neighborCount;
  return k ? Array.from(data.columns.neighbors.subarray(i * k, (i + 1) * k)) : [];
}

/** Return the images that are in one group with an image by a column, without itself. */
function groupedWith(i, column) {
  const others = [];
  if (column !== undefined && column[i] >= 0) {
    for (let j = 0; j < data.n; j += 1) if (j !== i && column[j] === column[i]) others.push(j);
  }
  return others;
}

/** Return an image, its neighbours, then theirs: those come first that more of them lead to. */
function similarImages(i) {
  const near = neighborsOf(i);
  const score = new Map();
  near.forEach((neighbor, rank) => {
    neighborsOf(neighbor).forEach((other, next) => {
      score.set(other, (score.get(other) ?? 0) + 1 / ((1 + rank) * (1 + next)));
    });
  });
  const first = [i, ...near];
  for (const known of first) score.delete(known);
  const further = [...score].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([other]) => other);
  return [...first, ...further];
}
