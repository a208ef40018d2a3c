// The gallery: a section for each cluster.

function startGallery() {
  const gallery = document.getElementById("gallery");
  for (const cluster of store.state.clusters) {
    const title = document.createElement("h2");
    title.textContent = `${cluster.name} (${cluster.count})`;
    gallery.append(title);
  }
}
