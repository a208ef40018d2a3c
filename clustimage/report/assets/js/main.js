// Every view is started once, when the page is there.

// For tests, and for a notebook that the page is in.
window.clustimage = { data, store };

// A server is not asked for an icon.
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
