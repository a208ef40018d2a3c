/* The page of plot_map: points, legend and lines from the data in the page. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const MAX_ZOOM = 19;
  const MOST_SLICES = 60;
  const LAND_TO_ZOOM = 9;
  const OTHER = "#9e9e9e";

  const data = JSON.parse(document.getElementById("data").textContent);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const n = data.name.length;
  const clusters = new Map(data.clusters.map((cluster) => [cluster.label, cluster]));

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function draw(tag, attributes, parent) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (parent) parent.append(element);
    return element;
  }

  function count(number, noun) {
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  }

  function dot(cluster, side) {
    const svg = draw("svg", { width: side, height: side, viewBox: "-8 -8 16 16", "aria-hidden": "true" });
    const circle = draw("circle", { r: 6.5 }, svg);
    if (cluster.hollow) {
      svg.setAttribute("color", cluster.color);
      circle.setAttribute("class", "hollow");
    } else {
      circle.setAttribute("fill", cluster.color);
    }
    return svg;
  }

  function swatchOf(cluster) {
    const box = make("span", "swatch");
    box.append(dot(cluster, 16));
    return box;
  }

  /* ---- the map ---- */

  const map = L.map("map", {
    zoomControl: false,
    minZoom: 1,
    maxZoom: MAX_ZOOM,
    worldCopyJump: false,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
  });
  L.control.zoom({ position: "topleft" }).addTo(map);
  L.control.scale({ position: "bottomleft", imperial: false }).addTo(map);
  map.attributionControl.setPrefix('<a href="https://leafletjs.com" rel="noopener">Leaflet</a>');
  map.attributionControl.addAttribution("Land: Natural Earth");
  [["land", 150], ["grid", 160], ["words", 170], ["lines", 390]].forEach(([name, above]) => {
    map.createPane(name).style.zIndex = above;
    if (name !== "lines") map.getPane(name).style.pointerEvents = "none";
  });

  const everywhere = L.latLngBounds(data.lat.map((lat, row) => [lat, data.lon[row]]));

  /* What is shown lies beside the panel, on a phone below it. */
  function beside() {
    const wide = matchMedia("(min-width: 641px)").matches;
    return { paddingTopLeft: [40, wide ? 40 : 90], paddingBottomRight: [wide ? 300 : 40, 50] };
  }

  function fitAll() {
    map.fitBounds(everywhere, { ...beside(), maxZoom: 15, animate: false });
  }

  const { zoomToBounds } = L.MarkerCluster.prototype;
  L.MarkerCluster.include({
    zoomToBounds(options) {
      return zoomToBounds.call(this, options || beside());
    },
  });

  /* ---- land, borders and names of countries ---- */

  const names = [];
  for (const { rings, name, middle } of worldLand(JSON.parse(document.getElementById("world").textContent), data.west)) {
    L.polygon(rings, { pane: "land", className: "country", weight: 0.8, fillOpacity: 1, interactive: false }).addTo(map);
    if (name !== null) names.push({ text: name, at: middle, bounds: L.latLngBounds(rings[0]) });
  }

  /* ---- the net of meridians and parallels, and all words on the ground ---- */

  const STEPS = [90, 60, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
  const ground = L.layerGroup().addTo(map);

  function words(text, at, className, size, anchor) {
    const html = make("span", "", text);
    html.setAttribute("aria-hidden", "true");
    const icon = L.divIcon({ className: `words ${className}`, html, iconSize: size, iconAnchor: anchor });
    L.marker(at, { icon, pane: "words", interactive: false, keyboard: false }).addTo(ground);
  }

  function degrees(value, step, letters) {
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const turned = ((((value + 180) % 360) + 360) % 360) - 180;
    const shown = letters === "EW" && Math.abs(value) > 180 ? turned : value;
    const letter = Math.abs(shown) < step / 2 ? "" : ` ${letters[shown > 0 ? 0 : 1]}`;
    return `${Math.abs(shown).toFixed(digits)}°${letter}`;
  }

  function redrawGround() {
    ground.clearLayers();
    const seen = map.getBounds();
    const size = map.getSize();
    const step = STEPS.filter((value) => (value / (seen.getEast() - seen.getWest())) * size.x >= 110).pop() || 90;
    const wide = seen.pad(0.3);
    const [south, north] = [Math.max(wide.getSouth(), -85), Math.min(wide.getNorth(), 85)];
    const [west, east] = [Math.max(wide.getWest(), data.west), Math.min(wide.getEast(), data.west + 360)];
    const lines = [];
    /* No words where the controls are. */
    for (let i = Math.ceil(west / step); i * step <= east; i += 1) {
      lines.push([[south, i * step], [north, i * step]]);
      const { x } = map.latLngToContainerPoint([0, i * step]);
      if (x < 120 || x > size.x - 230) continue;
      const at = map.containerPointToLatLng([x, size.y - 4]);
      words(degrees(i * step, step, "EW"), [at.lat, i * step], "", [70, 14], [-3, 14]);
    }
    for (let i = Math.ceil(south / step); i * step <= north; i += 1) {
      lines.push([[i * step, west], [i * step, east]]);
      const { y } = map.latLngToContainerPoint([i * step, 0]);
      if (y < 100 || y > size.y - 45) continue;
      const at = map.containerPointToLatLng([3, y]);
      words(degrees(i * step, step, "NS"), [i * step, at.lng], "", [70, 14], [0, 14]);
    }
    L.polyline(lines, { pane: "grid", className: "grid", weight: 1, interactive: false, smoothFactor: 0 }).addTo(ground);
    const near = map.getZoom() > LAND_TO_ZOOM;
    map.getContainer().classList.toggle("near", near);
    map.getPane("land").style.display = near ? "none" : "";
    for (const { text, at, bounds } of near ? [] : names) {
      const [left, right] = [map.project(bounds.getNorthWest()), map.project(bounds.getSouthEast())];
      const wanted = text.length * 8;
      if (right.x - left.x > wanted && right.y - left.y > 18 && seen.contains(at)) {
        words(text, at, "land", [wanted + 20, 16], [wanted / 2 + 10, 8]);
      }
    }
  }

  /* ---- street tiles, where a server may be asked and answers ---- */

  function note(text) {
    const item = make("li", "", text);
    document.getElementById("notes").append(item);
    return item;
  }

  function addStreets() {
    const streets = data.tiles;
    if (!streets) return;
    if (streets.asks_for_page && !/^https?:$/.test(location.protocol)) {
      note("Street tiles appear where this page comes from a web server.");
      return;
    }
    const probe = new Image();
    probe.referrerPolicy = "strict-origin-when-cross-origin";
    probe.onload = () => L.tileLayer(streets.url, {
      maxZoom: MAX_ZOOM,
      attribution: streets.attribution,
      referrerPolicy: "strict-origin-when-cross-origin",
    }).addTo(map);
    const ask = () => { probe.src = L.Util.template(streets.url, { x: 0, y: 0, z: 0, r: "" }); };
    if (navigator.onLine) ask();
    else window.addEventListener("online", ask, { once: true });
  }

  /* ---- photos ---- */

  const PointIcon = L.DivIcon.extend({
    createIcon() {
      const icon = make("div");
      icon.append(dot(this.options.cluster, 18));
      this._setIconStyles(icon, "icon");
      return icon;
    },
  });

  const icons = new Map(data.clusters.map((cluster) =>
    [cluster.label, new PointIcon({ cluster, className: "point", iconSize: [18, 18] })]));

  function bunchIcon(bunch) {
    const sizes = new Map();
    for (const marker of bunch.getAllChildMarkers()) {
      const label = data.label[marker.row];
      sizes.set(label, (sizes.get(label) || 0) + 1);
    }
    const total = bunch.getChildCount();
    const side = Math.round(30 + 7 * Math.log10(total));
    const slices = [...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const rest = slices.splice(MOST_SLICES).reduce((sum, slice) => sum + slice[1], 0);
    if (rest) slices.push([null, rest]);
    const html = draw("svg", { width: side, height: side, viewBox: "-20 -20 40 40", role: "presentation" });
    draw("circle", { r: 19, class: "plate" }, html);
    let start = 0;
    for (const [label, size] of slices) {
      const share = (100 * size) / total;
      draw("circle", {
        r: 16.5,
        fill: "none",
        stroke: label === null ? OTHER : clusters.get(label).color,
        "stroke-width": 5,
        pathLength: 100,
        "stroke-dasharray": `${share} ${100 - share}`,
        "stroke-dashoffset": -start,
        transform: "rotate(-90)",
      }, html);
      start += share;
    }
    draw("text", { "aria-hidden": "true" }, html).textContent =
      total < 10000 ? total : `${Math.round(total / 1000)}k`;
    const box = make("div");
    box.setAttribute("aria-label", count(total, "photo"));
    box.setAttribute("role", "img");
    box.append(html);
    return L.divIcon({ className: "bunch", html: box, iconSize: [side, side] });
  }

  const group = L.markerClusterGroup({
    maxClusterRadius: 40,
    animate: !calm,
    showCoverageOnHover: false,
    spiderfyDistanceMultiplier: 1.25,
    spiderLegPolylineOptions: { weight: 1.2, opacity: 0.6, className: "leg", interactive: false },
    iconCreateFunction: bunchIcon,
  });

  const markers = data.name.map((name, row) => {
    const marker = L.marker([data.lat[row], data.lon[row]], {
      icon: icons.get(data.label[row]),
      title: data.when[row] ? `${name}, ${data.when[row]}` : name,
      riseOnHover: true,
    });
    marker.row = row;
    return marker;
  });

  /* ---- the card of a photo ---- */

  const popup = L.popup({
    maxWidth: 280,
    minWidth: 200,
    offset: [0, -4],
    autoPanPaddingTopLeft: matchMedia("(min-width: 641px)").matches ? [60, 20] : [10, 90],
    autoPanPaddingBottomRight: matchMedia("(min-width: 641px)").matches ? [285, 40] : [10, 40],
  });
  let open = null;
  let wanted = null;
  let byKey = false;

  function go(step) {
    const shown = data.order.filter((row) => !hidden.has(data.label[row]));
    const next = shown[(shown.indexOf(open) + step + shown.length) % shown.length];
    wanted = next;
    reveal(next, 3);
  }

  /* Where a zoom comes first, the group closes again what it had spread; then once more. */
  function reveal(row, tries) {
    group.zoomToShowLayer(markers[row], () => setTimeout(() => {
      if (wanted !== row) return;
      if (markers[row]._icon || !tries) show(row);
      else reveal(row, tries - 1);
    }));
  }

  function card(row) {
    const cluster = clusters.get(data.label[row]);
    const box = make("article", "card");
    box.tabIndex = -1;
    box.setAttribute("aria-label", data.name[row]);
    if (data.picture && data.picture[row]) {
      const image = make("img", data.tiny ? "tiny" : "");
      [image.width, image.height] = data.size[row];
      image.alt = "";
      image.src = `data:image/jpeg;base64,${data.picture[row]}`;
      box.append(image);
    }
    box.append(make("h2", "", data.name[row]));
    if (data.folder[row]) box.append(make("div", "faint", data.folder[row]));
    if (data.dated) box.append(make("div", "", data.when[row] || "no date"));
    const of = make("div", "of");
    of.append(swatchOf(cluster), make("span", "", cluster.name));
    box.append(of, make("div", "faint", data.where[row]));
    const shown = data.order.filter((other) => !hidden.has(data.label[other]));
    if (shown.length > 1) {
      const nav = make("nav");
      const back = make("button", "earlier", data.dated ? "← earlier" : "← previous");
      const on = make("button", "later", data.dated ? "later →" : "next →");
      back.type = on.type = "button";
      /* The card goes away at once: the map must not take the click for one on itself. */
      for (const [button, step] of [[back, -1], [on, 1]]) {
        button.addEventListener("click", (event) => {
          event.stopPropagation();
          go(step);
        });
      }
      const place = `${shown.indexOf(row) + 1} / ${shown.length}`;
      nav.append(back, make("span", "faint", place), on);
      box.append(nav);
    }
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        wanted = null;
        map.closePopup(popup);
      }
      if (event.key === "ArrowLeft") go(-1);
      if (event.key === "ArrowRight") go(1);
      if (["Escape", "ArrowLeft", "ArrowRight"].includes(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    return box;
  }

  function show(row) {
    map.closePopup(popup);
    open = wanted = row;
    const box = card(row);
    popup.setLatLng(markers[row].getLatLng()).setContent(box).openOn(map);
    if (markers[row]._icon) markers[row]._icon.classList.add("open");
    box.focus({ preventScroll: true });
  }

  map.on("popupclose", () => {
    const icon = open === null ? null : markers[open]._icon;
    if (icon) icon.classList.remove("open");
    open = null;
    /* What had the focus in the card is gone with it. */
    if (document.activeElement !== document.body) return;
    (icon || map.getContainer()).focus({ preventScroll: true });
  });
  group.on("click", (event) => show(event.layer.row));
  group.on("unspiderfied", (event) => {
    if (open !== null && event.markers.includes(markers[open])) map.closePopup(popup);
  });
  group.on("spiderfied", (event) => {
    if (byKey && event.markers[0]._icon) event.markers[0]._icon.focus({ preventScroll: true });
  });

  /* Enter and space do what a click does, on points and on bunches of them. */
  map.getContainer().addEventListener("keydown", (event) => {
    byKey = true;
    const icon = event.target.closest(".point, .bunch");
    if (!icon || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    event.stopPropagation();
    icon.click();
  }, true);
  map.getContainer().addEventListener("pointerdown", () => { byKey = false; }, true);

  /* ---- the legend ---- */

  const hidden = new Set();

  function fill() {
    map.closePopup(popup);
    group.clearLayers();
    const shown = markers.filter((marker) => !hidden.has(data.label[marker.row]));
    group.addLayers(shown);
    document.getElementById("shown").textContent =
      shown.length === n ? count(n, "photo") : `${shown.length.toLocaleString("en")} of ${count(n, "photo")}`;
  }

  function list(id, entries, swatch, toggle, done) {
    const box = document.getElementById(id);
    const items = make("ul");
    const boxes = entries.map((entry, index) => {
      const item = make("li");
      const label = make("label");
      const check = make("input");
      check.type = "checkbox";
      check.checked = true;
      check.addEventListener("change", () => {
        toggle(entry, check.checked, index);
        done();
      });
      label.append(check, swatch(entry), make("span", "name", entry.name), make("span", "size", entry.count.toLocaleString("en")));
      item.append(label);
      items.append(item);
      return check;
    });
    if (entries.length > 1) {
      const every = make("span", "every");
      for (const [text, on] of [["all", true], ["none", false]]) {
        const button = make("button", "", text);
        button.type = "button";
        button.setAttribute("aria-label", `${text} ${id}`);
        button.addEventListener("click", () => {
          boxes.forEach((check, index) => {
            check.checked = on;
            toggle(entries[index], on, index);
          });
          done();
        });
        every.append(button, " ");
      }
      box.append(every);
    }
    box.append(items);
  }

  function legend() {
    const toggle = (cluster, on) => {
      if (on) hidden.delete(cluster.label);
      else hidden.add(cluster.label);
    };
    list("clusters", data.clusters, swatchOf, toggle, fill);
  }

  /* ---- lines, one per day ---- */

  function addDays() {
    if (!data.days.length) return;
    const lines = data.days.map((day) => {
      const points = day.rows.map((row) => [data.lat[row], data.lon[row]]);
      const style = { pane: "lines", lineCap: "round", lineJoin: "round" };
      const line = L.polyline(points, { ...style, weight: 3, color: day.color, dashArray: day.dash || null, className: "day" });
      line.bindTooltip(() => make("span", "", `${day.name}, ${count(day.count, "photo")}`), { sticky: true });
      const casing = L.polyline(points, { ...style, weight: 6, opacity: 0.8, interactive: false, className: "casing" });
      return L.layerGroup([casing, line]).addTo(map);
    });
    const swatch = (day) => {
      const svg = draw("svg", { width: 34, height: 8, viewBox: "0 0 34 8", "aria-hidden": "true" });
      draw("path", { d: "M1 4H33", stroke: day.color, "stroke-width": 3, "stroke-dasharray": day.dash || "none" }, svg);
      return svg;
    };
    const toggle = (day, on, index) => {
      if (on) lines[index].addTo(map);
      else lines[index].remove();
    };
    document.getElementById("days").hidden = false;
    list("days", data.days, swatch, toggle, () => {});
  }

  /* ---- go ---- */

  if (matchMedia("(max-width: 640px)").matches) document.querySelector("details").open = false;
  data.notes.forEach(note);
  fitAll();
  document.getElementById("fit").addEventListener("click", fitAll);
  map.on("moveend", redrawGround);
  redrawGround();
  addDays();
  group.addTo(map);
  legend();
  fill();
  addStreets();
})();
