// The sheets of small pictures: inside the page, or of many images in a folder beside it.

/** Return a promise of a sheet, ready to be drawn. */
function readSheet(number) {
  const { folder } = data.sprites;
  if (folder === null) {
    const text = document.getElementById(`sheet-${number}`).textContent;
    return createImageBitmap(new Blob([fromBase64(text)], { type: "image/webp" }));
  }
  const picture = new Image();
  picture.src = `${encodeURIComponent(folder)}/sheet-${number}.webp`;
  return picture.decode().then(() => createImageBitmap(picture));
}
