// Every view is started once, when the page is there.

startOverview();
startLayout();
startSearch();
startSelection();
startCorrections();
if (data.columns.time) startTimeline();
if (data.columns.x) startMap();
startGallery();
startDetail();
startEmbed();
window.clustimage = { data, store }; // for tests and the widget of notebooks
document.documentElement.dataset.ready = "true";
