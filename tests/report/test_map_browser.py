"""The map of a report in a real browser: what is drawn, and what mouse and keys do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

DAY = 86400.0
TOWNS = np.array([[43.77, 11.25], [48.86, 2.35], [52.52, 13.40]])


class MapPage:
    """The map of an open page."""

    def __init__(self, view: Any) -> None:
        self.view, self.page = view, view.page
        self.wait_still()

    def wait_still(self) -> None:
        """Wait until all that was asked for is drawn."""
        self.page.wait_for_selector("#map-canvas[data-state='still']")

    def of(self, name: str) -> str:
        """Return what the canvas says of what it shows: count, detail, scale."""
        self.wait_still()
        return self.page.locator("#map-canvas").get_attribute(f"data-{name}")

    def scale(self) -> float:
        return float(self.of("scale"))

    def wait_scale(self, compare: str) -> None:
        """Wait until the zoom compares so with a number, such as ``> 2``."""
        self.page.wait_for_function(
            f"() => Number(document.getElementById('map-canvas').dataset.scale) {compare}"
        )

    def at(self, image: int) -> tuple[float, float]:
        """Return where an image is in the window."""
        place = self.page.evaluate("i => window.clustimage.map.positionOf(i)", image)
        assert place is not None
        return tuple(place)

    def lonely(self) -> int:
        """Return an image whose middle no other picture covers."""
        places = self.page.evaluate(
            "Array.from({length: clustimage.data.n}, (_, i) => clustimage.map.positionOf(i))"
        )
        apart = np.linalg.norm(np.array(places)[:, None] - np.array(places)[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        return int(apart.min(axis=1).argmax())

    def box(self) -> tuple[float, float, float, float]:
        box = self.page.locator("#map-canvas").bounding_box()
        return box["x"], box["y"], box["width"], box["height"]

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place)
        self.page.mouse.up()

    def around(self, label: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the positions of a cluster, with a margin."""
        images = np.flatnonzero(np.array(self.view.state("[...state.labels]")) == label)
        places = np.array([self.at(int(i)) for i in images])
        return (*(places.min(axis=0) - 3), *(places.max(axis=0) + 3))


@pytest.fixture
def map_page(report_page, make_report) -> Callable[..., MapPage]:
    def open_map(report: Any = None, **settings: Any) -> MapPage:
        return MapPage(report_page(make_report() if report is None else report, **settings))

    return open_map


def test_hover_shows_what_an_image_is(map_page):
    seen = map_page()
    image = seen.lonely()
    seen.page.mouse.move(*seen.at(image))
    tip = seen.page.locator(".map-tip")
    tip.wait_for(state="visible")
    label = seen.view.state(f"state.labels[{image}]")
    assert tip.locator("strong").text_content().startswith("photo ")
    assert f"cluster {label}" in tip.text_content()
    assert "from the centre" in tip.text_content()
    assert tip.locator("canvas").count() == 1
    assert seen.view.state("state.hovered") == image
    seen.page.mouse.move(5, 5)
    tip.wait_for(state="hidden")
    assert seen.view.state("state.hovered") == -1


def test_zoom_goes_towards_the_mouse_and_back(map_page):
    seen = map_page()
    image = seen.lonely()
    x, y = seen.at(image)
    seen.page.mouse.move(x, y)
    seen.page.mouse.wheel(0, -240)
    seen.wait_scale("> 1.5")
    assert np.allclose(seen.at(image), (x, y), atol=1.5)
    seen.page.get_by_role("button", name="Show all").first.click()
    seen.wait_scale("== 1")
    left, top, width, height = seen.box()
    inside = [seen.at(i) for i in range(24)]
    assert all(left < x < left + width and top < y < top + height for x, y in inside)


def test_drag_moves_the_map_and_double_click_zooms(map_page):
    seen = map_page()
    left, top, _, _ = seen.box()
    x, y = seen.at(0)
    seen.drag((left + 20, top + 20), (left + 50, top + 30), (left + 80, top + 60))
    seen.wait_still()
    assert np.allclose(seen.at(0), (x + 60, y + 40), atol=1.5)
    assert seen.view.state("state.selected.size") == 0
    seen.page.mouse.dblclick(left + 8, top + 8)
    seen.wait_scale("> 1.9")


def test_pinch_zooms(map_page):
    seen = map_page(has_touch=True)
    left, top, width, height = seen.box()
    x, y = left + width / 2, top + height / 2
    touch = seen.page.context.new_cdp_session(seen.page)

    def fingers(kind: str, *apart: float) -> None:
        points = [{"x": x + side * d, "y": y, "id": side} for d in apart for side in (-1, 1)]
        points = [{**point, "id": i} for i, point in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 40)
    fingers("touchMove", 80)
    fingers("touchMove", 120)
    fingers("touchEnd")
    seen.wait_scale("> 2")


def test_click_chooses_the_cluster_and_a_second_one_opens_the_image(map_page):
    seen = map_page()
    image = seen.lonely()
    label = seen.view.state(f"state.labels[{image}]")
    seen.page.mouse.click(*seen.at(image))
    seen.view.wait(f"state.cluster === {label}")
    assert seen.view.state("state.opened") == -1
    seen.page.mouse.click(*seen.at(image))
    seen.view.wait(f"state.opened === {image}")
    seen.page.keyboard.press("Escape")
    seen.view.wait("state.opened === -1")
    assert seen.page.evaluate("document.activeElement.id") == "map-canvas"
    left, top, _, _ = seen.box()
    seen.page.mouse.click(left + 8, top + 8)
    seen.view.wait("state.cluster === null")


def test_lasso_selects_and_alt_takes_away(map_page):
    seen = map_page()
    seen.page.get_by_role("button", name="Select by a lasso").click()
    left, top, right, bottom = seen.around(1)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 5)]
    seen.drag(*corners)
    seen.view.wait("state.selected.size > 0")
    labels = np.array(seen.view.state("[...state.labels]"))
    selected = seen.view.state("[...state.selected]")
    assert set(np.flatnonzero(labels == 1).tolist()) <= set(selected)
    assert len(selected) < 24
    seen.page.keyboard.down("Alt")
    seen.drag(*corners)
    seen.page.keyboard.up("Alt")
    seen.view.wait("state.selected.size === 0")


def test_shift_drag_selects_a_box_and_adds_to_it(map_page):
    seen = map_page()
    labels = np.array(seen.view.state("[...state.labels]"))
    seen.page.keyboard.down("Shift")
    for label in (0, 2):
        left, top, right, bottom = seen.around(label)
        seen.drag((left, top), ((left + right) / 2, top + 9), (right, bottom))
    seen.page.keyboard.up("Shift")
    seen.view.wait("state.selected.size >= 16")
    assert set(np.flatnonzero(labels != 1).tolist()) <= set(seen.view.state("[...state.selected]"))
    assert seen.scale() == 1
    seen.page.get_by_role("button", name="Zoom to the selection or the cluster").click()
    seen.wait_still()
    seen.page.locator("#map-canvas").press("Escape")
    seen.view.wait("state.selected.size === 0")


def test_the_legend_hides_isolates_and_highlights(map_page):
    seen = map_page()
    row = seen.page.locator("[data-label='1']")
    row.locator(".map-shows").click()
    seen.view.wait("state.hidden.has(1)")
    assert seen.of("count") == "16"
    assert row.locator(".map-shows").get_attribute("aria-pressed") == "false"
    assert seen.view.state("state.highlighted") == 1
    row.locator(".map-only").click()
    seen.view.wait("state.hidden.size === 2 && !state.hidden.has(1)")
    assert seen.of("count") == "8"
    seen.page.locator(".map-every").click()
    seen.view.wait("state.hidden.size === 0")
    assert seen.of("count") == "24"


def test_everything_works_by_keyboard(map_page):
    seen = map_page()
    canvas, press = seen.page.locator("#map-canvas"), seen.page.keyboard.press
    for _ in range(60):
        press("Tab")
        if seen.page.evaluate("document.activeElement.id") == "map-canvas":
            break
    assert canvas.get_attribute("role") == "application"
    assert "24 images" in canvas.get_attribute("aria-label")
    press("+")
    seen.wait_scale("> 1.5")
    press("-")
    seen.wait_scale("< 1.01")
    x, y = seen.at(0)
    press("ArrowRight")
    seen.wait_still()
    assert np.allclose(seen.at(0), (x - 90, y), atol=1.5)
    press("0")
    seen.wait_still()
    assert np.allclose(seen.at(0), (x, y), atol=1.5)
    before = seen.view.state("state.hovered")
    press("Shift+ArrowLeft")
    seen.view.wait(f"state.hovered >= 0 && state.hovered !== {before}")
    image = seen.view.state("state.hovered")
    spoken = seen.page.locator(".map-live").text_content()
    assert spoken.startswith(seen.page.evaluate("i => clustimage.data.names[i]", image))
    press(" ")
    seen.view.wait(f"state.selected.has({image})")
    press("c")
    seen.view.wait(f"state.cluster === state.labels[{image}]")
    press("Enter")
    seen.view.wait(f"state.opened === {image}")
    press("Escape")
    seen.view.wait("state.opened === -1 && state.selected.size === 1")
    press("Escape")
    press("Escape")
    seen.view.wait("state.selected.size === 0 && state.cluster === null")


def test_many_images_are_dots_from_afar_and_pictures_from_near(map_page, make_report):
    seen = map_page(make_report(n=6000, n_clusters=4, side=16))
    assert (seen.of("detail"), seen.of("count")) == ("dots", "6000")
    left, top, right, bottom = seen.around(2)
    seen.page.mouse.move((left + right) / 2, (top + bottom) / 2)
    for _ in range(3):
        seen.page.mouse.wheel(0, -240)
    seen.wait_scale("> 3")
    assert seen.of("detail") == "pictures"
    assert 0 < int(seen.of("count")) < 3200


def test_a_sheet_that_cannot_be_read_leaves_dots(map_page, make_report, tmp_path):
    from clustimage.report import write_page

    path = tmp_path / "page.html"
    write_page(make_report(), path, n_jobs=1)
    start, end = '<script type="text/plain" id="sheet-0">', "</script>"
    before, _, after = path.read_text("utf-8").partition(start)
    path.write_text(before + start + "AAAA" + end + after.partition(end)[2], "utf-8")
    seen = map_page(path)
    assert seen.of("count") == "24"
    image = seen.lonely()
    seen.page.mouse.move(*seen.at(image))
    seen.view.wait(f"state.hovered === {image}")


def test_places_and_times_are_layouts_of_the_same_map(map_page, make_report):
    labels = np.arange(24) % 3
    places = TOWNS[labels] + np.random.default_rng(1).normal(0, 0.01, (24, 2))
    places[3] = np.nan
    report = make_report(locations=places, timestamps=DAY * np.arange(24.0))
    seen = map_page(report)
    seen.page.get_by_role("button", name="Places").click()
    seen.view.wait("state.layout === 'places'")
    assert seen.of("count") == "23"
    towns = [np.mean(np.reshape(seen.around(label), (2, 2)), axis=0) for label in (1, 2)]
    assert towns[0][0] < towns[1][0]  # Paris lies west of Berlin,
    assert towns[0][1] > towns[1][1]  # and south of it
    seen.page.get_by_role("button", name="Time", exact=True).click()
    seen.view.wait("state.layout === 'time'")
    assert seen.of("count") == "24"
    rows = seen.page.evaluate("Array.from(clustimage.data.columns.row)")
    across = [seen.at(i)[0] for i in np.argsort(rows).tolist()]
    assert np.all(np.diff(across) > 0)
    seen.page.get_by_label("Colour by").select_option("time")
    seen.page.locator(".map-scale").wait_for(state="visible")
    assert "1970-01-0" in seen.page.locator(".map-scale").text_content()


@pytest.mark.parametrize("metric, layout", [("latlon", "places"), ("datetime", "time")])
def test_clusters_by_place_or_date_are_first_seen_there(map_page, make_report, metric, layout):
    report = make_report(locations=TOWNS[np.arange(24) % 3], timestamps=DAY * np.arange(24.0))
    report = replace(report, summary={**report.summary, "settings": {"metric": metric}})
    assert map_page(report).view.state("state.layout") == layout
    report = replace(report, locations=None, timestamps=None)
    assert map_page(report).view.state("state.layout") == "map"


def test_the_map_shows_what_was_searched_for_where_it_was_out_of_view(map_page):
    seen = map_page()
    image = seen.lonely()
    seen.page.mouse.move(*seen.at(image))
    for _ in range(8):
        seen.page.mouse.wheel(0, -240)
    seen.wait_scale("> 20")
    scale = seen.scale()
    other = next(i for i in range(24) if i != image)
    seen.view.set({"query": seen.page.evaluate("i => clustimage.data.names[i]", other)})
    seen.wait_scale(f"!= {scale}")
    left, top, width, height = seen.box()
    x, y = seen.at(other)
    assert left < x < left + width and top < y < top + height


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_images_have_a_map(map_page, make_report, n):
    seen = map_page(make_report(n=n, n_clusters=n, xycoord=np.zeros((n, 2))))
    assert (seen.of("count"), seen.of("detail")) == (str(n), "pictures")
    left, top, width, height = seen.box()
    assert np.allclose(seen.at(0), (left + width / 2, top + height / 2), atol=60)


def test_the_map_has_no_serious_problem_of_access(map_page, check_access):
    for scheme in ("light", "dark"):
        seen = map_page(color_scheme=scheme)
        check_access(seen.page)
