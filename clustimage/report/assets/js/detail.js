// The details of one image: the original where it can be found, what is known, what is like it.

class Detail {
  constructor(dialog) {
    this.dialog = dialog;
    this.name = element("h2", { id: "detail-name" });
    this.position = element("p", { class: "muted", id: "detail-position" });
    this.stage = element("div", { class: "stage" });
    this.side = element("div", { class: "side" });
    this.previous = iconButton("previous", "Previous image (left arrow)", () => this.step(-1));
    this.next = iconButton("next", "Next image (right arrow)", () => this.step(1));
    const close = iconButton("close", "Close (Escape)", () => dialog.close());
    dialog.append(
      element(
        "div",
        { class: "detail-head" },
        element("div", { class: "detail-title" }, this.name, this.position),
        this.previous,
        this.next,
        close,
      ),
      element("div", { class: "detail-body" }, this.stage, this.side),
    );
    dialog.addEventListener("close", () => store.set({ opened: -1 }));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1 };
      if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.step(steps[event.key]);
    });
    store.watch(["opened"], ({ opened }) => this.show(opened));
    store.watch(["selected", "labels", "clusters"], ({ opened }) => {
      if (opened >= 0 && dialog.open) this.fillSide(opened);
    });
  }

  step(by) {
    const { order, opened } = store.state;
    const at = order.indexOf(opened);
    const to = at < 0 ? 0 : at + by;
    if (to >= 0 && to < order.length) store.set({ opened: order[to] });
  }

  show(i) {
    if (i < 0) {
      if (this.dialog.open) this.dialog.close();
      this.stage.replaceChildren();
      return;
    }
    const { order } = store.state;
    const at = order.indexOf(i);
    this.name.textContent = data.names[i];
    this.position.textContent = at < 0 ? "" : `${formatCount(at + 1)} of ${formatCount(order.length)}`;
    this.previous.disabled = at === 0;
    this.next.disabled = at === order.length - 1;
    this.fillSide(i);
    if (!this.dialog.open) {
      this.dialog.showModal();
      (this.next.disabled ? this.dialog.querySelector("button:enabled") : this.next).focus();
    }
    this.side.scrollTop = 0;
    this.fillStage(i);
  }

  /** Show the small picture at once, and the original in its place when it is there. */
  fillStage(i) {
    const box = this.stage.getBoundingClientRect();
    const [width, height] = fitted(ratioOf(i), Math.max(1, box.width), Math.max(1, box.height));
    const small = picture(i, width, height);
    small.removeAttribute("aria-hidden");
    small.setAttribute("role", "img");
    small.setAttribute("aria-label", `Small picture of ${data.names[i]}`);
    const note = element("p", { class: "stage-note" });
    this.stage.replaceChildren(small, note);
    const address = addressOf(i);
    if (address === null) return;
    const original = element("img", { alt: data.names[i], class: "original" });
    original.addEventListener("load", () => {
      if (store.state.opened === i) this.stage.replaceChildren(original);
    });
    original.addEventListener("error", () => {
      note.textContent = "Small picture: the browser cannot show the original from here.";
    });
    original.src = address;
  }

  fillSide(i) {
    const focused = this.side.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const cluster = clusterOf(store.state.labels[i]);
    const path = element("code", { class: "path", id: "detail-path" }, pathOf(i));
    const selected = store.state.selected.has(i);
    const action = (key, words, click, attributes = {}) =>
      element("button", { type: "button", "data-key": key, click, ...attributes }, words);
    this.side.replaceChildren(
      element(
        "div",
        { class: "path-line" },
        path,
        action("copy", "Copy path", () => copyText(pathOf(i), "the path")),
      ),
      element(
        "div",
        { class: "buttons" },
        action(
          "cluster",
          "",
          () => {
            this.dialog.close();
            store.set({ cluster: null });
            store.set({ cluster: cluster.label, view: "gallery" });
          },
          { class: "cluster-link", title: "Show this cluster" },
        ),
        action("select", selected ? "Selected" : "Select", () => toggleSelected(i), {
          "aria-pressed": String(selected),
        }),
        data.neighborCount
          ? action("like", "More like this", () => {
              this.dialog.close();
              store.set({ like: i, found: -1, query: "", view: "gallery" });
            })
          : "",
      ),
      factList(i),
      this.strip("Near copies", groupedWith(i, data.columns.copies)),
      this.strip("Faces of the same photo", groupedWith(i, data.columns.photo)),
      this.strip("Most similar images", neighborsOf(i)),
    );
    this.side.querySelector(".cluster-link").append(swatch(cluster), cluster.name);
    if (focused) this.side.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  /** Return images under a title, to be opened. */
  strip(title, images) {
    if (!images.length) return "";
    return element(
      "div",
      { class: "near" },
      element("h3", {}, title),
      element(
        "div",
        { class: "near-pictures" },
        ...images.slice(0, 48).map((other) =>
          element(
            "button",
            {
              type: "button",
              class: "near-picture",
              title: data.names[other],
              "aria-label": describeImage(other),
              click: () => {
                store.set({ opened: other });
                this.next.focus();
              },
            },
            picture(other, 68, 68),
            swatch(clusterOf(store.state.labels[other])),
          ),
        ),
      ),
    );
  }
}

/** Return what is known of an image as a list of terms and values. */
function factList(i) {
  const { width, height, confidence, runnerUp, photo, face } = data.columns;
  const facts = [];
  if (isUnique(i)) facts.push(["In its cluster", "unique image, nearest to the centre"]);
  if (photo && photo[i] >= 0) {
    const { name, address } = data.photos[photo[i]];
    const link = address === null ? name : element("a", { href: address, target: "_blank", rel: "noopener" }, name);
    facts.push(["Photo", link], ["Face", `number ${face[i]} of its photo`]);
  }
  if (Number.isFinite(distanceOf(i))) facts.push(["Distance to centre", formatNumber(distanceOf(i))]);
  if (confidence && Number.isFinite(confidence[i])) {
    const other = runnerUp ? clusterOf(runnerUp[i]) : undefined;
    const next = other ? `, next is ${other.name}` : "";
    facts.push(["Confidence", `${formatNumber(confidence[i])}${next}`]);
  }
  if (width && width[i]) facts.push(["Size", `${width[i]} × ${height[i]} pixels`]);
  for (const [name, values] of Object.entries(data.metadata)) {
    if (values[i] !== null && values[i] !== "") facts.push([name, String(values[i])]);
  }
  const list = element("dl", { class: "facts" });
  for (const [term, value] of facts) list.append(element("dt", {}, term), element("dd", {}, value));
  return facts.length ? list : "";
}

function startDetail() {
  new Detail(document.getElementById("detail"));
}
