// The frame of the page: its colours, the divider between map and gallery, tabs on narrow screens.

const THEMES = ["system", "light", "dark"];

function startLayout() {
  startTheme();
  if (hasMap()) {
    startDivider();
    startTabs();
  } else {
    document.getElementById("map").hidden = true;
    document.getElementById("divider").hidden = true;
    store.set({ view: "gallery" });
  }
  const views = document.getElementById("views");
  store.watch(["view"], ({ view }) => {
    views.dataset.view = view;
  });
}

function startTheme() {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = THEMES.includes(recall("theme")) ? recall("theme") : "system";
  const button = iconButton("system", "", () => {
    chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
    keep("theme", chosen === "system" ? null : chosen);
    show();
  });
  button.id = "theme";
  function show() {
    if (chosen === "system") delete root.dataset.theme;
    else root.dataset.theme = chosen;
    button.replaceChildren(icon(chosen));
    button.title = `Colours: ${chosen === "system" ? "as the system" : chosen}`;
    button.setAttribute("aria-label", button.title);
    store.set({ theme: chosen === "system" ? (system.matches ? "dark" : "light") : chosen });
  }
  system.addEventListener("change", show);
  document.getElementById("toolbar").append(button);
  show();
}

function startDivider() {
  const views = document.getElementById("views");
  const divider = document.getElementById("divider");
  let share = 55;
  function set(percent) {
    share = Math.min(80, Math.max(20, percent));
    views.style.setProperty("--map-share", `${share}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(share)));
  }
  divider.setAttribute("aria-valuemin", "20");
  divider.setAttribute("aria-valuemax", "80");
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = views.getBoundingClientRect();
    set(((event.clientX - box.left) / box.width) * 100);
  });
  divider.addEventListener("dblclick", () => set(55));
  divider.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: share - 4, ArrowRight: share + 4, Home: 20, End: 80 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    set(steps[event.key]);
  });
  set(share);
}

function startTabs() {
  const tabs = ["map", "gallery"].map((view) =>
    element(
      "button",
      { type: "button", class: "tab", click: () => store.set({ view }) },
      view === "map" ? "Map" : "Gallery",
    ),
  );
  const group = element("div", { class: "tabs", role: "group", "aria-label": "View" }, ...tabs);
  document.querySelector("#toolbar").prepend(group);
  store.watch(["view"], ({ view }) => {
    tabs[0].setAttribute("aria-pressed", String(view === "map"));
    tabs[1].setAttribute("aria-pressed", String(view === "gallery"));
  });
}
