// The top of the page: what was read, how many clusters there are, and how sure that is.

function startOverview() {
  const title = document.createElement("h1");
  title.textContent = data.summary.title;
  document.getElementById("overview").append(title);
}
