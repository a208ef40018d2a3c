// The map: every image at its position, dots from afar and pictures from near.

function startMap() {
  const canvas = document.getElementById("map-canvas");
  const context = canvas.getContext("2d");
  const { x, y } = data.columns;
  function draw() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const scale = (Math.min(canvas.width, canvas.height) * 0.94) / 65535;
    const left = (canvas.width - 65535 * scale) / 2;
    const top = (canvas.height - 65535 * scale) / 2;
    const { labels, clusters } = store.state;
    const colors = new Map(clusters.map((cluster) => [cluster.label, cluster.color]));
    for (let i = 0; i < data.n; i += 1) {
      if (!isShown(i)) continue;
      context.fillStyle = colors.get(labels[i]);
      context.fillRect(left + x[i] * scale - 3, top + (65535 - y[i]) * scale - 3, 6, 6);
    }
  }
  new ResizeObserver(draw).observe(canvas);
  store.watch(["labels", "clusters", "hidden", "matches"], draw);
}
