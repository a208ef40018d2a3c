// The gallery: a section for each cluster. Only what is in view is in the page.

const HEAD = 68; // height of the header of a section, in pixels; page.css has it too
const AFTER = 28; // space after a section
const MARGIN = 300; // pixels above and below the view that are there too

class Gallery {
  constructor(root) {
    this.sections = [];
    this.nodes = new Map(); // id of a section → its element
    this.tiles = new Map(); // image → its element
    this.place = new Map(); // image → [section, position in it]
    this.active = -1; // the image that has the focus, or would get it
    this.matches = null; // those of the store when the gallery was last laid
    this.anchor = -1; // where a range of a selection starts
    this.canvas = element("div", { class: "gallery-canvas" });
    this.empty = element("p", { class: "gallery-empty muted" });
    this.scroller = element("div", { class: "gallery-scroll", id: "gallery-scroll" }, this.canvas);
    this.bar = element("div", { class: "gallery-bar" });
    root.append(this.bar, this.empty, this.scroller);
    this.fillBar();
    this.scroller.addEventListener("scroll", () => this.render());
    this.scroller.addEventListener("click", (event) => this.clicked(event));
    this.scroller.addEventListener("keydown", (event) => this.pressed(event));
    this.scroller.addEventListener("pointerover", (event) => this.hover(event));
    this.scroller.addEventListener("pointerleave", () => store.set({ hovered: -1 }));
    new ResizeObserver(() => {
      if (this.scroller.clientWidth === this.width) this.render();
      else this.lay();
    }).observe(this.scroller);
    sprites.onload.push(() => pictures.drawWaiting());
    store.watch(["labels", "clusters", "hidden", "matches", "sort", "like", "found"], () => this.fill());
    store.watch(["size"], () => this.lay());
    store.watch(["selected"], () => this.mark());
    store.watch(["cluster"], ({ cluster }) => this.showSection(cluster));
    let opened = -1;
    store.watch(["opened"], (state) => {
      if (state.opened < 0 && opened >= 0) this.reveal(opened, this.focusInside);
      else if (opened < 0) this.focusInside = this.scroller.contains(document.activeElement);
      opened = state.opened;
    });
  }

  fillBar() {
    this.count = element("p", { class: "gallery-count muted" });
    const sort = element("select", {
      id: "sort",
      change: () => store.set({ sort: sort.value }),
    });
    for (const [value, words] of Object.entries(SORTS)) {
      if (value !== "time" || data.columns.time) sort.append(new Option(words, value));
    }
    const size = element("input", {
      id: "size",
      type: "range",
      min: "32",
      max: "240",
      step: "4",
      input: () => store.set({ size: Number(size.value) }),
    });
    size.value = String(store.state.size);
    this.bar.append(
      this.count,
      element("label", { class: "field" }, element("span", { class: "only-wide" }, "Sort"), sort),
      element("label", { class: "field" }, element("span", { class: "only-wide" }, "Size"), size),
    );
    this.sort = sort;
    sort.setAttribute("aria-label", "Sort");
    size.setAttribute("aria-label", "Size of the pictures");
  }

  // --- what is where ----------------------------------------------------------------------------

  fill() {
    this.sections = gallerySections();
    const total = this.sections.reduce((sum, { images }) => sum + images.length, 0);
    const order = new Int32Array(total);
    this.place.clear();
    let at = 0;
    for (const section of this.sections) {
      section.images.forEach((i, position) => {
        this.place.set(i, [section, position]);
        order[at] = i;
        at += 1;
      });
    }
    if (!this.place.has(this.active)) this.active = total ? order[0] : -1;
    const clusters = this.sections.filter(({ cluster }) => cluster && cluster.label >= 0).length;
    const ranked = this.sections.some(({ cluster }) => cluster === null);
    this.count.textContent = ranked
      ? counted(total, "image")
      : `${counted(total, "image")} in ${counted(clusters, "cluster")}`;
    this.sort.parentElement.hidden = ranked; // the most similar come first
    this.empty.textContent = total ? "" : "No image is shown. Clear the search, or show hidden clusters.";
    this.empty.hidden = total > 0;
    this.lay();
    store.set({ order });
  }

  lay() {
    this.width = this.scroller.clientWidth;
    const width = this.width - 24;
    if (width <= 0) return;
    let { size } = store.state;
    let top;
    do {
      top = 0;
      for (const section of this.sections) {
        section.rows = layRows(section.images, width, size);
        section.top = top;
        section.height = HEAD + section.rows.height + AFTER;
        top += section.height;
      }
      size *= 0.8;
    } while (top > HIGHEST);
    const kept = this.inView();
    this.tops = this.sections.map((section) => section.top);
    this.canvas.style.height = `${top}px`;
    const focused = this.scroller.contains(document.activeElement);
    for (const node of this.nodes.values()) node.remove();
    this.nodes.clear();
    this.tiles.clear();
    const { matches } = store.state;
    if (matches !== this.matches) this.scroller.scrollTop = 0; // other images were searched for
    else if (kept !== null) this.scroller.scrollTop = this.topOf(kept.image) - kept.offset;
    this.matches = matches;
    this.render();
    if (focused) this.tiles.get(this.active)?.focus({ preventScroll: true });
  }

  /** Return the image at the top of the view and how far below it lies, to stay there. */
  inView() {
    for (const [image, node] of this.tiles) {
      const offset = node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
      if (offset > HEAD / 2 && this.place.has(image)) return { image, offset };
    }
    return null;
  }

  topOf(i) {
    const [section, position] = this.place.get(i);
    return section.top + HEAD + section.rows.tops[lastBelow(section.rows.starts, position)];
  }

  // --- what is in the page ----------------------------------------------------------------------

  render() {
    if (!this.tops) return;
    const from = this.scroller.scrollTop - MARGIN;
    const to = this.scroller.scrollTop + this.scroller.clientHeight + MARGIN;
    const sections = new Set();
    const images = new Set();
    for (let s = lastBelow(this.tops, from); s < this.sections.length; s += 1) {
      const section = this.sections[s];
      if (section.top > to) break;
      if (section.top + section.height < from) continue;
      sections.add(section.id);
      this.renderSection(section, from, to, images);
    }
    const focused = this.tiles.get(this.active);
    if (focused && focused === document.activeElement) {
      images.add(this.active);
      sections.add(this.place.get(this.active)[0].id);
    }
    for (const [i, node] of this.tiles) {
      if (images.has(i)) continue;
      node.remove();
      this.tiles.delete(i);
    }
    for (const [id, node] of this.nodes) {
      if (sections.has(id)) continue;
      node.remove();
      this.nodes.delete(id);
    }
    if (!this.tiles.has(this.active) && this.tiles.size) {
      const [first] = [...this.tiles.keys()].sort((a, b) => this.topOf(a) - this.topOf(b));
      first !== undefined && this.tiles.get(first).setAttribute("tabindex", "0");
    }
  }

  renderSection(section, from, to, images) {
    let node = this.nodes.get(section.id);
    if (!node) {
      node = sectionNode(section);
      node.style.top = `${section.top}px`;
      node.style.height = `${section.height - AFTER}px`;
      this.canvas.append(node);
      this.nodes.set(section.id, node);
    }
    const box = node.lastElementChild;
    const { rows } = section;
    const inside = section.top + HEAD;
    let after = box.firstElementChild; // tiles follow one another in the page as on the screen
    for (let r = lastBelow(rows.tops, from - inside); r < rows.tops.length; r += 1) {
      if (rows.tops[r] > to - inside) break;
      if (rows.tops[r] + rows.heights[r] < from - inside) continue;
      for (let at = rows.starts[r]; at < rows.starts[r + 1]; at += 1) {
        const i = section.images[at];
        images.add(i);
        while (after !== null && Number(after.dataset.at) < at) after = after.nextElementSibling;
        if (this.tiles.has(i)) continue;
        const tile = this.tile(section, at, rows.wide[at], rows.heights[r]);
        tile.style.left = `${rows.left[at]}px`;
        tile.style.top = `${rows.tops[r]}px`;
        box.insertBefore(tile, after);
        this.tiles.set(i, tile);
      }
    }
  }

  tile(section, at, width, height) {
    const i = section.images[at];
    const selected = store.state.selected.has(i);
    const hit = section.query ? describeHit(section.query, i) : null;
    const tile = element(
      "div",
      {
        role: "option",
        class: "tile",
        "aria-label": hit === null ? describeImage(i) : `${describeImage(i)}, ${hit}`,
        "aria-selected": String(selected),
        "aria-setsize": section.images.length,
        "aria-posinset": at + 1,
        tabindex: i === this.active ? "0" : "-1",
        title: data.names[i],
        "data-image": i,
        "data-at": at,
      },
      picture(i, width, height),
      element("span", { class: "tick", "aria-hidden": "true" }, icon("check")),
    );
    if (hit !== null) tile.append(element("span", { class: "tile-note", "aria-hidden": "true" }, hit));
    else if (isUnique(i)) tile.append(element("span", { class: "mark", title: "Unique image: nearest to the centre" }, icon("star")));
    else if (hasNearCopy(i)) tile.append(element("span", { class: "mark", title: "Has near copies" }, icon("copies")));
    if (!data.sprites.n) tile.append(element("span", { class: "tile-name" }, data.names[i]));
    tile.style.width = `${width}px`;
    tile.style.height = `${height}px`;
    return tile;
  }

  mark() {
    const { selected } = store.state;
    for (const [i, node] of this.tiles) node.setAttribute("aria-selected", String(selected.has(i)));
    this.canvas.classList.toggle("selecting", selected.size > 0);
  }

  // --- going to an image ------------------------------------------------------------------------

  showSection(label) {
    const section = this.sections.find(({ cluster }) => cluster && cluster.label === label);
    if (!section || !this.tops) return;
    this.scroller.scrollTop = section.top;
    this.render();
  }

  /** Scroll to an image, so that it is seen whole; give it the focus where that is wanted. */
  reveal(i, focus) {
    if (!this.place.has(i) || !this.tops) return;
    const [section, position] = this.place.get(i);
    const row = lastBelow(section.rows.starts, position);
    const top = section.top + HEAD + section.rows.tops[row];
    const bottom = top + section.rows.heights[row];
    const { scrollTop, clientHeight } = this.scroller;
    if (top - HEAD - GAP < scrollTop) this.scroller.scrollTop = top - HEAD - GAP;
    else if (bottom + GAP > scrollTop + clientHeight) {
      this.scroller.scrollTop = Math.min(bottom + GAP - clientHeight, top - HEAD - GAP);
    }
    this.tiles.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = i;
    this.render();
    const tile = this.tiles.get(i);
    tile?.setAttribute("tabindex", "0");
    if (focus) tile?.focus({ preventScroll: true });
  }

  // --- mouse and keys ---------------------------------------------------------------------------

  imageAt(event) {
    const tile = event.target.closest(".tile");
    return tile ? Number(tile.dataset.image) : -1;
  }

  hover(event) {
    store.set({ hovered: event.pointerType === "mouse" ? this.imageAt(event) : -1 });
  }

  clicked(event) {
    const i = this.imageAt(event);
    if (i < 0) return;
    const ranged = event.shiftKey && this.place.has(this.anchor);
    if (ranged) selectImages(this.between(this.anchor, i));
    else if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) toggleSelected(i);
    this.reveal(i, true);
    if (ranged || event.shiftKey || event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
      if (!ranged) this.anchor = i;
      if (!ranged && event.shiftKey) selectImages([i]);
      return;
    }
    this.anchor = i;
    store.set({ opened: i });
  }

  between(a, b) {
    const { order } = store.state;
    const [from, to] = [order.indexOf(a), order.indexOf(b)].sort((x, y) => x - y);
    return order.subarray(from, to + 1);
  }

  pressed(event) {
    const i = this.imageAt(event);
    if (i < 0) return;
    const [section, position] = this.place.get(i);
    if (event.key === " ") {
      toggleSelected(i);
      this.anchor = i;
    } else if (event.key === "Enter") {
      store.set({ opened: i });
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      selectImages(section.images);
    } else {
      const to = this.next(event.key, section, position);
      if (to === null) return;
      if (event.shiftKey) {
        if (!this.place.has(this.anchor)) this.anchor = i;
        selectImages(this.between(this.anchor, to));
      } else this.anchor = to;
      this.reveal(to, true);
    }
    event.preventDefault();
  }

  /** Return the image that a key leads to; null for other keys. */
  next(key, section, position) {
    const { order } = store.state;
    const at = order.indexOf(section.images[position]);
    const end = (n) => order[Math.min(order.length - 1, Math.max(0, n))];
    if (key === "ArrowRight") return end(at + 1);
    if (key === "ArrowLeft") return end(at - 1);
    if (key === "Home") return section.images[0];
    if (key === "End") return section.images.at(-1);
    const rows = { ArrowDown: 1, ArrowUp: -1 }[key];
    const pages = { PageDown: 1, PageUp: -1 }[key];
    if (!rows && !pages) return null;
    const steps = pages ? Math.max(1, Math.floor(this.scroller.clientHeight / (store.state.size + GAP)) - 1) : 1;
    let found = [section, position];
    for (let step = 0; step < steps; step += 1) found = this.rowFrom(...found, rows ?? pages);
    return found[0].images[found[1]];
  }

  /** Return section and position of the nearest picture in the row below or above. */
  rowFrom(section, position, direction) {
    const middle = section.rows.left[position] + section.rows.wide[position] / 2;
    let row = lastBelow(section.rows.starts.slice(0, -1), position) + direction;
    let other = section;
    if (row < 0 || row >= other.rows.tops.length) {
      other = this.sections[this.sections.indexOf(section) + direction];
      if (!other) return [section, position];
      row = direction > 0 ? 0 : other.rows.tops.length - 1;
    }
    const { starts, left, wide } = other.rows;
    let best = starts[row];
    for (let at = best; at < starts[row + 1]; at += 1) {
      const away = (p) => Math.abs(left[p] + wide[p] / 2 - middle);
      if (away(at) < away(best)) best = at;
    }
    return [other, best];
  }
}

/** Return the element of a section: its header, and the box of its pictures. */
function sectionNode({ id, cluster, query, title, images }) {
  const words = cluster ? describeCluster(cluster, images) : counted(images.length, "image");
  const head = element("div", { class: "cluster-head" });
  if (cluster) head.append(meanPicture(cluster, images));
  else if (query && query.picture) head.append(webpPicture(query.picture, `Query: ${query.name}`));
  head.append(
    element(
      "div",
      { class: "cluster-title" },
      element("h2", { id: `${id}-title`, title }, ...(cluster ? [swatch(cluster)] : []), title),
      element("p", { class: "muted", title: words }, words),
    ),
    element(
      "div",
      { class: "cluster-actions" },
      element(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": `Select all of ${title}`,
          click: () => selectImages(images),
        },
        "Select",
      ),
      cluster
        ? iconButton("more", `More for ${title}`, (event) => clusterMenu(event.currentTarget, cluster), {
            "aria-haspopup": "menu",
            "aria-expanded": "false",
          })
        : iconButton("close", "Back to all images", () => store.set({ like: -1, found: -1 })),
    ),
  );
  return element(
    "section",
    { class: "cluster", "aria-labelledby": `${id}-title`, "data-section": id },
    head,
    element("div", { class: "tiles", role: "listbox", "aria-multiselectable": "true", "aria-labelledby": `${id}-title` }),
  );
}

/** Return what is known of a cluster in words. */
function describeCluster(cluster, images) {
  const all = counted(cluster.count, "image");
  const words = [images.length < cluster.count ? `${formatCount(images.length)} of ${all}` : all];
  if (cluster.changed) return [...words, "corrected"].join(" · ");
  const { spread, confidence, mergeWith, split } = cluster;
  if (Number.isFinite(spread)) words.push(`spread ${formatNumber(spread)}`);
  if (Number.isFinite(confidence)) words.push(`confidence ${formatNumber(confidence)}`);
  const near = mergeWith === null || mergeWith === undefined ? undefined : clusterOf(mergeWith);
  if (near) words.push(`could be one with ${near.name}`);
  if (split) words.push("could be split");
  return words.join(" · ");
}

/** Return the mean image of a cluster, else one of its images, else its colour. */
function meanPicture(cluster, images) {
  if (cluster.mean) return webpPicture(cluster.mean, `Mean image of ${cluster.name}`);
  const shown = data.sprites.n ? picture(images[0], 44, 44) : element("span");
  if (!data.sprites.n) shown.style.background = cluster.color;
  shown.classList.add("cluster-picture");
  return shown;
}

function webpPicture(picture64, alt) {
  return element("img", { class: "cluster-picture", alt, src: `data:image/webp;base64,${picture64}` });
}

function isUnique(i) {
  const cluster = clusterOf(store.state.labels[i]);
  return cluster !== undefined && cluster.unique === i;
}

function hasNearCopy(i) {
  const { copies } = data.columns;
  return copies !== undefined && copies[i] >= 0;
}

/** Return how near a hit of a query is, in words. */
function describeHit({ images, distance, probability }, i) {
  const at = images.indexOf(i);
  const words = [formatNumber(distance[at])];
  const p = probability[at];
  if (Number.isFinite(p)) words.push(`p ${p > 0 && p < 0.01 ? p.toExponential(0) : Number(p.toPrecision(2))}`);
  return words.join(" · ");
}

/** Return an image in words. */
function describeImage(i) {
  const words = [data.names[i], clusterOf(store.state.labels[i]).name];
  if (isUnique(i)) words.push("unique image");
  if (hasNearCopy(i)) words.push("has near copies");
  if (Number.isFinite(distanceOf(i))) words.push(`distance ${formatNumber(distanceOf(i))}`);
  return words.join(", ");
}

function startGallery() {
  new Gallery(document.getElementById("gallery"));
}
