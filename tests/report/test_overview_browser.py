"""The top of the page, the page in a frame, and the widget of notebooks, in a real browser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clustimage.plotting._html import read_asset
from clustimage.report import _page, make_widget, page_text, write_page

VERDICT = {
    "k": 3,
    "k_range": [3, 4],
    "confidence": "medium",
    "why": "3 clusters, most of which are likely to be groups: <b>so</b>.",
    "score": 0.4,
    "n_judged": 24,
}
SCORES = {
    "evaluate": "silhouette",
    "higher_is_better": True,
    "varied": "cluster_threshold",
    "values": [2, 3, 4, 5],
    "clusters": [2, 3, 4, 5],
    "score": [0.1, 0.7, 0.3, None],
    "best": 1,
}


def changed(report, **parts):
    return replace(report, summary={**report.summary, **parts})


def test_the_top_says_what_was_read_and_how_sure_it_is(report_page, make_report, check_access):
    report = changed(
        make_report(24, 3),
        verdict=VERDICT,
        scores=SCORES,
        n_skipped=120,
        skipped=[{"pathname": f"/a/<b>{i}</b>.jpg", "reason": "no image"} for i in range(100)],
        n_unassigned=2,
        repeat={"python": "cl.fit_transform('a')", "command": "clustimage cluster a --out b"},
    )
    view = report_page(report)
    page = view.page
    assert page.locator("h1").text_content() == "24 images in 3 clusters"
    assert page.locator(".confidence").text_content() == "Likely groups"
    assert "2 not assigned to one" in page.locator("#overview").inner_text()
    page.get_by_text("How sure").click()
    assert page.get_by_text("likely to be groups: <b>so</b>.").is_visible()
    assert page.get_by_text("3 to 4 clusters in most subsamples").is_visible()
    curve = page.get_by_role("img", name="silhouette by number of clusters: best at 3, 0.7")
    assert curve.is_visible()
    assert curve.locator("text").all_text_contents()[:3] == ["3", "2", "4"]
    check_access(page)
    page.get_by_text("120 skipped").click()
    assert not curve.is_visible()  # one of them is open at a time
    rows = page.locator(".skipped li").all_text_contents()
    assert rows[0] == "/a/<b>0</b>.jpg – no image" and rows[-1] == "20 more" and len(rows) == 101
    page.get_by_text("Repeat", exact=True).click()
    assert page.locator("pre").all_text_contents() == [
        "cl.fit_transform('a')",
        "clustimage cluster a --out b",
    ]
    check_access(page)
    page.keyboard.press("Escape")
    assert not page.locator("pre").first.is_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_groups_is_said_plainly(report_page, make_report, check_access, scheme):
    view = report_page(
        changed(make_report(24, 3), verdict={**VERDICT, "confidence": "no groups"}),
        color_scheme=scheme,
    )
    assert view.page.locator(".confidence").text_content() == "No clear groups"
    assert view.page.get_by_text("skipped").count() == 0
    check_access(view.page)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"method": "color", "cluster": "kmeans"}, "Features by color, clusters by kmeans."),
        ({"method": "precomputed", "cluster": "dbscan"}, "Features as given, clusters by dbscan."),
        ({"method": None, "cluster": "dbscan"}, "Pixels as features, clusters by dbscan."),
        (
            {"method": "exif", "cluster": "dbscan", "metric": "latlon", "embedding": "pca"},
            "Clusters by location; map by pca.",
        ),
    ],
)
def test_the_top_says_how_the_clusters_were_made(report_page, make_report, settings, words):
    view = report_page(changed(make_report(6, 2), settings=settings))
    assert view.page.locator(".overview-line .muted").text_content() == words


def test_a_click_elsewhere_closes_what_is_open_at_the_top(report_page, make_report):
    view = report_page(make_report(6, 2))
    view.page.get_by_text("Repeat", exact=True).click()
    view.page.locator("pre").click()
    assert view.page.locator("pre").is_visible()
    view.page.locator("#toolbar").click(position={"x": 2, "y": 2})
    assert not view.page.locator("pre").is_visible()


def test_code_is_copied(report_page, make_report):
    view = report_page(make_report(6, 2), permissions=["clipboard-read", "clipboard-write"])
    view.page.get_by_text("Repeat", exact=True).click()
    view.page.get_by_role("button", name="Copy").click()
    view.page.wait_for_function("() => document.getElementById('announcer').textContent")
    assert view.page.evaluate("navigator.clipboard.readText()") == "cl.fit_transform('photos')"


def test_sheets_beside_the_page_are_shown(report_page, make_report, tmp_path, monkeypatch):
    monkeypatch.setattr(_page, "MAX_IMAGES_IN_PAGE", 20)
    write_page(make_report(30, 3), tmp_path / "a b#.html")
    view = report_page(tmp_path / "a b#.html")
    view.page.wait_for_selector(".tile")
    wanted = (tmp_path / "a b#_files" / "sheet-0.webp").as_uri()
    view.page.wait_for_function("() => document.querySelectorAll('.tile canvas').length > 0")
    assert wanted in view.asked


HARNESS = """
(esm) => {
  window.told = [];
  const values = { selection: [] };
  const listeners = {};
  const model = {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; window.told.push(value); },
    save_changes: () => {},
    on: (name, call) => { listeners[name] = call; },
    off: (name) => { delete listeners[name]; },
  };
  window.fromPython = (name, value) => { values[name] = value; listeners[`change:${name}`](); };
  window.listeners = listeners;
  const source = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  return import(source).then((module) => {
    window.start = (state) => {
      Object.assign(values, state);
      window.stop = module.default.render({ model, el: document.body });
    };
  });
}
"""


def test_the_widget_tells_the_selection_and_takes_it(browser, make_report):
    pytest.importorskip("anywidget", reason="anywidget is not installed (extra notebook)")
    report = make_report(24, 3)
    widget = make_widget(page_text(report), 500, "24 images")
    page = browser.new_page()
    page.set_default_timeout(20_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("about:blank")
    page.evaluate(HARNESS, read_asset("clustimage.report", "js/widget.js"))
    state = {name: getattr(widget, name) for name in ("page", "height", "title", "sandbox")}
    page.evaluate("state => window.start({ ...state, selection: [7, 2] })", state)
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_selector("html[data-ready]")
    frame.wait_for_function("() => window.clustimage.store.state.selected.size === 2")
    row = frame.evaluate("[...window.clustimage.data.columns.row]")
    chosen = frame.evaluate("[...window.clustimage.store.state.selected]")
    assert sorted(row[i] for i in chosen) == [2, 7]
    images = [row.index(5), row.index(23), row.index(0)]
    frame.evaluate("all => window.clustimage.store.set({ selected: new Set(all) })", images)
    page.wait_for_function("() => window.told.length && window.told.at(-1).length === 3")
    assert page.evaluate("window.told.at(-1)") == [0, 5, 23]
    page.evaluate("window.fromPython('selection', [9])")
    frame.wait_for_function("() => window.clustimage.store.state.selected.size === 1")
    assert frame.evaluate("window.origin") == "null"  # nothing of the notebook can be read
    page.evaluate("window.stop()")
    assert page.evaluate("Object.keys(window.listeners)") == []
    assert errors == []
    page.close()


def test_rows_that_are_not_there_select_nothing(browser, make_report):
    page = browser.new_page()
    page.set_content(f"<iframe sandbox='allow-scripts' srcdoc='{_escaped(make_report(5, 1))}'>")
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_selector("html[data-ready]")
    page.evaluate(
        "document.querySelector('iframe').contentWindow.postMessage("
        "{ clustimage: 'select', rows: [99, 1] }, '*')"
    )
    frame.wait_for_function("() => window.clustimage.store.state.selected.size === 1")
    assert np.isin(frame.evaluate("[...window.clustimage.store.state.selected]"), range(5)).all()
    page.close()


def _escaped(report):
    return page_text(report).replace("&", "&amp;").replace("'", "&#39;")
