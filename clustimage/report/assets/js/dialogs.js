// Small dialogs and menus: a name, a cluster to choose, a text to copy, actions of a button.

/** Open a dialog of its own; it is gone when it is closed. Return it. */
function openDialog(title, ...content) {
  const heading = element("h2", { id: "asked" }, title);
  const dialog = element("dialog", { class: "small-dialog", "aria-labelledby": "asked" });
  dialog.append(heading, ...content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Show a text, selected, to be copied by hand. */
function showText(text, words) {
  const area = element("textarea", { readonly: true, rows: "8", "aria-label": words });
  area.value = text;
  const dialog = openDialog(
    "Copy by hand",
    element("p", {}, words),
    area,
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", click: () => dialog.close() }, "Close"),
    ),
  );
  area.focus();
  area.select();
}

/** Ask for a name of a cluster; give it to `done`. */
function askName(title, name, button, done, except = null) {
  const problem = element("p", { id: "name-problem", class: "problem", role: "alert" });
  const input = element("input", {
    id: "asked-name",
    type: "text",
    autocomplete: "off",
    "aria-describedby": "name-problem",
  });
  input.value = name;
  const form = element(
    "form",
    {
      submit: (event) => {
        event.preventDefault();
        const given = input.value.trim();
        const wrong = nameProblem(given, except);
        problem.textContent = wrong ?? "";
        input.setAttribute("aria-invalid", String(wrong !== null));
        if (wrong !== null) return;
        dialog.close();
        done(given);
      },
    },
    element("label", { for: "asked-name" }, "Name"),
    input,
    problem,
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", click: () => dialog.close() }, "Cancel"),
      element("button", { type: "submit", class: "main" }, button),
    ),
  );
  const dialog = openDialog(title, form);
  input.focus();
  input.select();
}

/** Ask for one of the clusters; give its label to `done`. */
function chooseCluster(title, without, done, more = []) {
  const rows = store.state.clusters
    .filter((cluster) => cluster.label >= 0 && !without.has(cluster.label))
    .map((cluster) =>
      element(
        "button",
        {
          type: "button",
          class: "choice",
          click: () => {
            dialog.close();
            done(cluster.label);
          },
        },
        swatch(cluster),
        element("span", { class: "choice-name" }, cluster.name),
        element("span", { class: "muted" }, formatCount(cluster.count)),
      ),
    );
  const list = element("div", { class: "choices" }, ...rows);
  const filter = element("input", {
    type: "search",
    placeholder: "Find a cluster",
    "aria-label": "Find a cluster",
    input: () => {
      const words = filter.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words);
    },
  });
  const buttons = more.map(({ words, run }) =>
    element(
      "button",
      {
        type: "button",
        click: () => {
          dialog.close();
          run();
        },
      },
      words,
    ),
  );
  const dialog = openDialog(
    title,
    ...(rows.length > 8 ? [filter] : []),
    list,
    element(
      "div",
      { class: "buttons" },
      ...buttons,
      element("button", { type: "button", click: () => dialog.close() }, "Cancel"),
    ),
  );
}

/** Return a dot in the colour of a cluster. */
function swatch(cluster) {
  const dot = element("span", { class: "swatch", "aria-hidden": "true" });
  dot.style.background = cluster.color;
  return dot;
}

/** Open a menu below a button: pairs of words and what they do. */
function openMenu(button, items) {
  const rows = items.map(([words, run]) =>
    element(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        click: () => {
          close();
          run();
        },
      },
      words,
    ),
  );
  const menu = element("div", { role: "menu", class: "menu", "aria-label": button.title }, ...rows);
  const host = button.closest("dialog") ?? document.body;
  function close() {
    document.removeEventListener("pointerdown", outside, true);
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    button.focus({ preventScroll: true });
  }
  function outside(event) {
    if (!menu.contains(event.target)) close();
  }
  menu.addEventListener("keydown", (event) => {
    const at = rows.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key in steps) rows.at(steps[event.key] % rows.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  host.append(menu);
  const box = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.min(Math.max(8, box.right - width), window.innerWidth - width - 8);
  const below = box.bottom + 4 + height < window.innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  rows[0].focus();
}
