// Where the pictures of a section lie: rows as wide as the gallery, each picture in its proportions.

const GAP = 6;
const NARROWEST = 0.5; // width over height of the box of a picture
const WIDEST = 2.4;
const HIGHEST = 15e6; // pixels that a browser lets an element be high, with room to spare

/** Return the boxes of pictures in rows: left and width of each, top and height of each row. */
function layRows(images, width, height) {
  const n = images.length;
  const left = new Float32Array(n);
  const wide = new Float32Array(n);
  const starts = [0];
  const tops = [];
  const heights = [];
  let top = 0;
  let from = 0;
  let sum = 0;
  function endRow(to, high) {
    let x = 0;
    for (let at = from; at < to; at += 1) {
      left[at] = x;
      wide[at] = boxRatio(images[at]) * high;
      x += wide[at] + GAP;
    }
    tops.push(top);
    heights.push(high);
    starts.push(to);
    top += high + GAP;
    from = to;
    sum = 0;
  }
  for (let at = 0; at < n; at += 1) {
    const ratio = boxRatio(images[at]);
    const gaps = (at - from) * GAP;
    const [without, with_] = [(width - gaps + GAP) / sum, (width - gaps) / (sum + ratio)];
    // A row ends where its height is nearest to the one asked for.
    if (at > from && with_ < height && without / height < height / with_) {
      endRow(at, without);
      sum = ratio;
    } else {
      sum += ratio;
      if (with_ < height) endRow(at + 1, with_);
    }
  }
  if (from < n) endRow(n, Math.min(height, (width - (n - from - 1) * GAP) / sum));
  return { left, wide, starts, tops, heights, height: Math.max(0, top - GAP) };
}

function boxRatio(i) {
  return Math.min(WIDEST, Math.max(NARROWEST, ratioOf(i)));
}

/** Return the last of ascending numbers that is not above a value; 0 where all are. */
function lastBelow(numbers, value) {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
