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
document.documentElement.dataset.ready = "true";
