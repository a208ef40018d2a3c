// Every view is started once, when the page is there.

// For tests, and for a notebook that the page is in.
window.clustimage = { data, store };

// A browser asks the server of a page without an icon for one.
document.head.append(element("link", { rel: "icon", href: "data:," }));

startOverview();
startLayout();
startSearch();
startSelection();
startCorrections();
if (data.columns.time) startTimeline();
if (hasMap()) startMap();
startGallery();
startDetail();
startEmbed();
document.documentElement.dataset.ready = "true";
