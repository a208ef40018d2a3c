/* The land of the earth, out of world-atlas: for the page of plot_map and for that of a report. */
const worldLand = (() => {
  "use strict";

  /* A shore that crosses the 180th meridian goes on beyond it, but one around the pole. */
  function joined(points) {
    let shift = 0;
    const whole = points.map(([lat, lon], i) => {
      const step = i ? lon - points[i - 1][1] : 0;
      if (Math.abs(step) > 180) shift -= 360 * Math.sign(step);
      return [lat, lon + shift];
    });
    return shift ? points : whole;
  }

  function decode(world) {
    const [kx, ky] = world.transform.scale;
    const [dx, dy] = world.transform.translate;
    const arcs = world.arcs.map((arc) => {
      let x = 0;
      let y = 0;
      return arc.map((step) => {
        x += step[0];
        y += step[1];
        return [y * ky + dy, x * kx + dx];
      });
    });
    const ring = (indices) => {
      const points = [];
      for (const index of indices) {
        const arc = index < 0 ? arcs[~index].slice().reverse() : arcs[index];
        points.push(...(points.length ? arc.slice(1) : arc));
      }
      return joined(points);
    };
    return world.objects.countries.geometries
      .filter((shape) => shape.arcs)
      .map((shape) => {
        const parts = shape.type === "Polygon" ? [shape.arcs] : shape.arcs;
        const rings = parts.map((part) => part.map(ring));
        const largest = Math.max(...rings.map((part) => middle(part[0]).area));
        return { name: shape.properties.name, rings, largest };
      });
  }

  /* What of a ring lies on one side of a meridian: sign 1 is east of it, -1 is west. */
  function clipped(ring, meridian, sign) {
    const inside = ([, lon]) => sign * (lon - meridian) >= 0;
    if (ring.every(inside)) return ring;
    const kept = [];
    ring.forEach((point, i) => {
      const before = ring[(i || ring.length) - 1];
      if (inside(point) !== inside(before)) {
        const share = (meridian - before[1]) / (point[1] - before[1]);
        kept.push([before[0] + share * (point[0] - before[0]), meridian]);
      }
      if (inside(point)) kept.push(point);
    });
    return kept;
  }

  function middle(ring) {
    let area = 0;
    let lat = 0;
    let lon = 0;
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const cross = ring[i][1] * ring[i + 1][0] - ring[i + 1][1] * ring[i][0];
      area += cross;
      lon += (ring[i][1] + ring[i + 1][1]) * cross;
      lat += (ring[i][0] + ring[i + 1][0]) * cross;
    }
    return { lat: lat / (3 * area), lon: lon / (3 * area), area: Math.abs(area) / 2 };
  }

  function extent(ring) {
    let west = Infinity;
    let east = -Infinity;
    for (const [, lon] of ring) {
      if (lon < west) west = lon;
      if (lon > east) east = lon;
    }
    return [west, east];
  }

  /**
   * Return the pieces of land between a meridian and itself, once around the earth: `rings` of
   * [latitude, longitude], and in the largest piece of a country its `name` and its `middle`.
   */
  return (world, west) => {
    const pieces = [];
    for (const country of decode(world)) {
      for (const part of country.rings) {
        const size = middle(part[0]);
        const [first, last] = extent(part[0]);
        for (const shift of [-360, 0, 360]) {
          if (last + shift <= west || first + shift >= west + 360) continue;
          const rings = part
            .map((ring) => clipped(ring.map(([lat, lon]) => [lat, lon + shift]), west, 1))
            .map((ring) => clipped(ring, west + 360, -1));
          const at = [size.lat, size.lon + shift];
          const named = size.area >= country.largest && at[1] >= west && at[1] <= west + 360;
          pieces.push({ rings, name: named ? country.name : null, middle: named ? at : null });
        }
      }
    }
    return pieces;
  };
})();
