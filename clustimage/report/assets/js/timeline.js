// The time line: how many images of which cluster there are when; a part of it can be chosen.

const BAR = 6; // width of a bar, in pixels
const HIGH = 56; // height of the time line, in pixels

class Timeline {
  constructor(root, times) {
    this.times = times;
    this.from = Infinity;
    this.to = -Infinity;
    for (const time of times) {
      if (time < this.from) this.from = time;
      if (time > this.to) this.to = time;
    }
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.start = this.slider("From", 0);
    this.end = this.slider("To", 1000);
    this.first = element("span", {}, formatTime(this.from).slice(0, 10));
    this.last = element("span", {}, formatTime(this.to).slice(0, 10));
    this.box = element("div", { class: "timeline-box" }, this.canvas, this.start, this.end);
    root.append(this.box, element("p", { class: "timeline-ends muted" }, this.first, this.last));
    root.hidden = false;
    new ResizeObserver(() => this.draw()).observe(this.box);
    store.watch(["labels", "clusters", "hidden", "matches", "theme"], () => this.draw());
    store.watch(["period"], ({ period }) => this.show(period));
  }

  slider(words, value) {
    const slider = element("input", {
      type: "range",
      min: "0",
      max: "1000",
      "aria-label": `${words}, time of the images`,
      input: () => this.choose(slider),
    });
    slider.value = String(value);
    return slider;
  }

  timeAt(slider) {
    return this.from + (Number(slider.value) / 1000) * (this.to - this.from);
  }

  choose(moved) {
    if (Number(this.start.value) > Number(this.end.value)) {
      if (moved === this.start) this.start.value = this.end.value;
      else this.end.value = this.start.value;
    }
    const all = this.start.value === "0" && this.end.value === "1000";
    store.set({ period: all ? null : [this.timeAt(this.start), this.timeAt(this.end)] });
  }

  show(period) {
    if (period === null) {
      this.start.value = "0";
      this.end.value = "1000";
    }
    const [from, to] = period ?? [this.from, this.to];
    this.start.setAttribute("aria-valuetext", formatTime(from));
    this.end.setAttribute("aria-valuetext", formatTime(to));
  }

  draw() {
    const width = this.box.clientWidth;
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = HIGH * ratio;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const bars = Math.max(1, Math.floor(width / BAR));
    const { labels, clusters } = store.state;
    const row = new Map(clusters.map(({ label }, at) => [label, at]));
    const counts = new Float64Array(bars * clusters.length);
    const totals = new Float64Array(bars);
    for (let i = 0; i < data.n; i += 1) {
      const time = this.times[i];
      if (!Number.isFinite(time) || !isShown(i)) continue;
      const bar = Math.min(bars - 1, Math.floor(((time - this.from) / (this.to - this.from)) * bars));
      counts[bar * clusters.length + row.get(labels[i])] += 1;
      totals[bar] += 1;
    }
    const most = Math.max(1, totals.reduce((a, b) => Math.max(a, b), 0));
    for (let bar = 0; bar < bars; bar += 1) {
      let bottom = HIGH;
      // The height of a bar is the root of its count, so that single images are seen beside many.
      const scale = totals[bar] ? ((HIGH - 4) * Math.sqrt(totals[bar] / most)) / totals[bar] : 0;
      for (let at = 0; at < clusters.length; at += 1) {
        const high = counts[bar * clusters.length + at] * scale;
        if (!high) continue;
        context.fillStyle = clusters[at].color;
        context.fillRect((bar * width) / bars, bottom - high, width / bars - 1, high);
        bottom -= high;
      }
    }
  }
}

function startTimeline() {
  const { time } = data.columns;
  const known = new Set(time.filter((value) => Number.isFinite(value)));
  if (known.size > 1) new Timeline(document.getElementById("timeline"), time);
}
