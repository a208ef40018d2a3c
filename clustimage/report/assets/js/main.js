// Every view is started once, when the page is there.

startOverview();
if (data.columns.x) startMap();
startGallery();
startEmbed();
document.documentElement.dataset.ready = "true";
