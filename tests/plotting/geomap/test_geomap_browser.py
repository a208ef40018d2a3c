"""The map of places in a real browser, without a network."""

from __future__ import annotations

import functools
import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustimage.plotting.geomap._geomap import plot_map

NASTY = "</script><img src=x onerror=alert(1)>.jpg"
POINT, BUNCH = ".leaflet-marker-pane .point", ".leaflet-marker-pane .bunch"
DAY = 86400.0
OPENSTREETMAP = "https://tile.openstreetmap.org"


@dataclass
class View:
    """A page, what it asked for, and what went wrong in it."""

    page: Any
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, address: str) -> View:
        self.page.goto(address)
        self.page.wait_for_function("document.getElementById('shown').textContent !== ''")
        return self

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def n_photos(self) -> int:
        """Return the number of photos on the map: points, and numbers in rings."""
        rings = self.page.locator(f"{BUNCH} text").all_text_contents()
        return self.count(POINT) + sum(map(int, rings))

    def wait_for_other_card(self, name: str) -> None:
        self.page.wait_for_function(
            """name => {
                const title = document.querySelector(".card h2");
                return title !== null && title.textContent !== name;
            }""",
            arg=name,
        )

    def card(self) -> dict[str, Any]:
        """Return what the open card says."""
        self.page.wait_for_selector(".card")
        return self.page.evaluate(
            """async () => {
                const card = document.querySelector(".card");
                const image = card.querySelector("img");
                if (image) await image.decode();
                return {
                    name: card.querySelector("h2").textContent,
                    text: card.innerText,
                    pixels: image && [image.naturalWidth, image.naturalHeight],
                    shown: image && [image.clientWidth, image.clientHeight],
                };
            }"""
        )


@pytest.fixture
def view(browser: Any) -> Iterator[Callable[..., View]]:
    """Open a page offline; at the end nothing may have gone wrong or been asked for."""
    views: list[View] = []

    def open_page(
        address: str | Path, *, offline: bool = True, tile: bytes | None = None, **settings: Any
    ) -> View:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **settings}
        )
        context.set_default_timeout(20_000)
        context.set_offline(offline)
        if tile is not None:
            context.route(
                f"{OPENSTREETMAP}/**",
                lambda route: route.fulfill(body=tile, content_type="image/png"),
            )
        view = View(context.new_page())
        views.append(view)
        view.page.on("request", lambda request: view.asked.append(request.url))
        view.page.on("pageerror", lambda error: view.errors.append(str(error)))
        view.page.on("dialog", lambda dialog: view.errors.append("a dialog was opened"))
        view.page.on(
            "console",
            lambda said: view.errors.append(said.text) if said.type in ("error", "warning") else 0,
        )
        return view.open(address.as_uri() if isinstance(address, Path) else address)

    yield open_page
    for view in views:
        assert view.errors == []
        elsewhere = [url for url in view.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert [url for url in elsewhere if "//localhost" not in url] == []
        view.page.context.close()


@pytest.fixture
def trip(tmp_path: Path) -> Path:
    """Nine photos of three clusters in two towns; four of them at one spot."""
    colors = np.arange(9, dtype=np.uint8)[:, None, None, None] * 25
    pixels = np.broadcast_to(colors, (9, 64, 64, 3)).copy()
    places = np.array([[43.77, 11.25]] * 4 + [[43.76, 11.27], [43.78, 11.24], [43.31, 11.33]] * 2)
    places[7:9] += 0.01
    path = plot_map(
        places[:9],
        [0, 0, 1, -1, 0, 1, 1, 1, 0],
        pixels=pixels,
        sizes=[[400, 300]] * 9,
        filenames=[*(f"IMG_{i}.jpg" for i in range(8)), NASTY],
        timestamps=DAY * np.array([0, 0.1, 0.2, 0.3, 1.1, 1.2, 1.3, 2.5, np.nan]),
        lines="day",
        save_path=tmp_path / "map.html",
    )
    return Path(path)


def test_all_photos_are_there_without_a_network(view, trip):
    seen = view(trip)
    assert seen.page.title() == "Where the photos were taken"
    assert seen.page.locator("#shown").text_content() == "9 photos"
    assert seen.n_photos() == 9
    assert seen.count("path.grid") == 1
    for _ in range(4):
        seen.page.locator(".leaflet-control-zoom-out").click()
    assert seen.n_photos() == 9
    assert seen.count("path.country") > 200
    assert "Italy" in seen.page.locator(".words").all_text_contents()
    assert seen.asked == [trip.as_uri()]


def test_a_click_shows_the_photo_with_its_name_date_and_cluster(view, tmp_path):
    pixels = np.full((1, 60, 80), 200, dtype=np.uint8)
    path = plot_map(
        [[-33.9, 18.4]],
        [3],
        pixels=pixels,
        sizes=[[300, 600]],
        filenames=[NASTY],
        timestamps=[DAY],
        save_path=tmp_path / "map.html",
    )
    seen = view(Path(path))
    seen.page.locator(POINT).click()
    card = seen.card()
    assert card["name"] == NASTY
    assert card["pixels"] == [80, 60]
    assert card["shown"] == [120, 240]
    for words in ("1970-01-02 00:00:00", "cluster 3", "33.90000° S, 18.40000° E"):
        assert words in card["text"]
    seen.page.locator(".leaflet-popup-close-button").click()
    assert seen.count(".card") == 0


def test_a_photo_without_a_picture_has_a_card_of_words(view, tmp_path):
    path = plot_map(
        [[43.77, 11.25], [-33.9, 18.4]],
        pixels=np.zeros((2, 16, 16), dtype=np.uint8),
        filenames=["with.png", "without.png"],
        max_images=1,
        save_path=tmp_path / "map.html",
    )
    seen = view(Path(path))
    assert "With a picture: 1 of 2 photos" in seen.page.locator("#notes").inner_text()
    cards = []
    for i in range(2):
        seen.page.locator(POINT).nth(i).click()
        cards.append(seen.card())
        seen.page.keyboard.press("Escape")
    pixels = {card["name"]: card["pixels"] for card in cards}
    assert pixels == {"with.png": [16, 16], "without.png": None}


def test_photos_at_one_spot_spread_so_that_each_can_be_reached(view, tmp_path):
    names = [f"photo_{i}.jpg" for i in range(30)]
    path = plot_map([[48.86, 2.29]] * 30, filenames=names, save_path=tmp_path / "map.html")
    seen = view(Path(path))
    assert (seen.count(POINT), seen.page.locator(BUNCH).text_content()) == (0, "30")
    seen.page.locator(BUNCH).click()
    points = seen.page.locator(POINT)
    assert points.count() == 30
    boxes = [point.bounding_box() for point in points.all()]
    middles = np.array([[box["x"], box["y"]] for box in boxes])
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    assert apart[~np.eye(30, dtype=bool)].min() > 14
    found = set()
    for point in points.all():
        point.click()
        found.add(seen.card()["name"])
        seen.page.keyboard.press("Escape")
    assert found == set(names)


def test_a_ring_opens_to_what_is_in_it(view, trip):
    seen = view(trip)
    for _ in range(4):
        if not seen.count(BUNCH):
            break
        seen.page.locator(BUNCH).first.click()
        seen.page.wait_for_timeout(100)
    assert seen.count(POINT) >= 2


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_card_leads_through_all_photos_in_order_of_time(view, trip, motion):
    seen = view(trip, reduced_motion=motion)
    names = []
    seen.page.locator(BUNCH).first.click()
    seen.page.wait_for_timeout(200)
    if not seen.count(POINT):
        seen.page.locator(BUNCH).first.click()
    seen.page.locator(POINT).first.click()
    for _ in range(9):
        name = seen.card()["name"]
        names.append(name)
        seen.page.locator(".later").click()
        seen.wait_for_other_card(name)
    assert seen.card()["name"] == names[0]
    in_order = [*(f"IMG_{i}.jpg" for i in range(8)), NASTY]
    start = in_order.index(names[0])
    assert names == in_order[start:] + in_order[:start]


def test_the_legend_shows_and_hides_clusters(view, trip):
    seen = view(trip)
    rows = seen.page.locator("#clusters li")
    assert [text.strip() for text in rows.all_inner_texts()] == [
        "cluster 0\n4",
        "cluster 1\n4",
        "in no cluster\n1",
    ]
    rows.nth(1).locator("input").uncheck()
    assert seen.n_photos() == 5
    assert seen.page.locator("#shown").text_content() == "5 of 9 photos"
    seen.page.get_by_role("button", name="none clusters").click()
    assert seen.n_photos() == 0
    assert rows.locator("input:checked").count() == 0
    rows.nth(2).locator("input").check()
    assert seen.n_photos() == 1
    assert seen.count(f"{POINT} .hollow") == 1
    seen.page.get_by_role("button", name="all clusters").click()
    assert seen.n_photos() == 9


def test_lines_of_a_day_can_be_hidden(view, trip):
    seen = view(trip)
    rows = seen.page.locator("#days li")
    assert [text.strip() for text in rows.all_inner_texts()] == ["1970-01-01\n4", "1970-01-02\n3"]
    assert seen.count("path.day") == 2
    dashes = [
        line.get_attribute("stroke-dasharray") for line in seen.page.locator("path.day").all()
    ]
    assert dashes == [None, "9 6"]
    rows.nth(0).locator("input").uncheck()
    assert seen.count("path.day") == 1
    seen.page.get_by_role("button", name="none days").click()
    assert seen.count("path.day") == seen.count("path.casing") == 0


def test_everything_works_by_keyboard(view, tmp_path):
    names = ["a.jpg", "b.jpg", "c.jpg"]
    places = [[48.86, 2.29]] * 2 + [[48.90, 2.40]]
    path = plot_map(places, filenames=names, save_path=tmp_path / "map.html")
    seen = view(Path(path))
    press, focused = seen.page.keyboard.press, "document.activeElement.className"

    def tab_to(selector: str) -> None:
        for _ in range(30):
            press("Tab")
            if seen.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"no Tab leads to {selector}")

    tab_to(".bunch")
    name = seen.page.evaluate(
        "document.activeElement.querySelector('[aria-label]').getAttribute('aria-label')"
    )
    assert name == "2 photos"
    press("Enter")
    seen.page.wait_for_selector(f"{POINT}:focus")
    press("Enter")
    assert seen.card()["name"] in ("a.jpg", "b.jpg")
    assert "card" in seen.page.evaluate(focused)
    first = seen.card()["name"]
    tab_to(".later")
    press("Enter")
    seen.wait_for_other_card(first)
    assert seen.card()["name"] in set(names) - {first}
    press("Escape")
    assert seen.count(".card") == 0
    assert "point" in seen.page.evaluate(focused)
    press(" ")
    assert seen.card()["name"] in names
    press("Escape")
    tab_to("#fit")
    tab_to("#clusters input")
    press(" ")
    assert seen.n_photos() == 0


def test_five_thousand_photos_open_move_and_stay_small(view, tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (100, 12, 12, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    places = rng.normal([45, 10], [3, 4], (5000, 2))
    places[:700] = [45.44, 12.33]
    path = plot_map(
        places,
        rng.integers(-1, 30, 5000),
        pixels=np.tile(pixels, (50, 1, 1, 1)),
        timestamps=rng.uniform(0, 30 * DAY, 5000),
        lines="day",
        save_path=tmp_path / "map.html",
    )
    seen = view(Path(path))
    assert seen.page.locator("#shown").text_content() == "5,000 photos"
    assert seen.n_photos() == 5000
    # What is drawn stays little however many photos there are.
    assert seen.count(f"{POINT}, {BUNCH}") < 900
    for _ in range(3):
        seen.page.locator(".leaflet-control-zoom-in").click()
        seen.page.wait_for_timeout(50)
    assert 0 < seen.count(f"{POINT}, {BUNCH}") < 900
    heap = seen.page.evaluate("performance.memory.usedJSHeapSize")
    assert heap < 250e6


def test_seven_hundred_photos_at_one_spot_spread(view, tmp_path):
    path = plot_map([[45.44, 12.33]] * 700, save_path=tmp_path / "map.html")
    seen = view(Path(path))
    seen.page.locator(BUNCH).click()
    assert seen.count(POINT) == 700


def test_the_page_fits_a_phone(view, trip):
    seen = view(trip, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.page.locator("#clusters").is_hidden()
    seen.page.locator("summary").click()
    assert seen.page.locator("#clusters").is_visible()
    assert seen.n_photos() == 9


def test_dark_and_light_have_their_own_colours(view, trip):
    def lightness(scheme: str) -> list[float]:
        seen = view(trip, color_scheme=scheme)
        colors = [
            seen.page.evaluate(
                "([s, name]) => getComputedStyle(document.querySelector(s))[name]", [where, name]
            )
            for where, name in (
                (".panel", "backgroundColor"),
                (".panel", "color"),
                ("#map", "backgroundColor"),
            )
        ]
        return [float(np.mean([int(part) for part in re.findall(r"\d+", c)[:3]])) for c in colors]

    paper, text, sea = lightness("light")
    assert min(paper, sea) > 240 > 60 > text
    paper, text, sea = lightness("dark")
    assert text > 200 > 60 > max(paper, sea)


def test_what_the_policy_forbids_does_not_run(view, trip):
    """The policy is in force: a script, a style and a picture put in by hand do nothing."""
    seen = view(trip)
    ran = seen.page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            document.body.append(script);
            const box = document.createElement("div");
            box.innerHTML = '<img src="x" onerror="window.ran = 2"><i style="color: red">a</i>';
            document.body.append(box);
            await new Promise((done) => setTimeout(done, 100));
            const color = getComputedStyle(box.querySelector("i")).color;
            return [window.ran, color === "rgb(255, 0, 0)"];
        }"""
    )
    assert ran == [None, False]
    assert len(seen.errors) >= 3
    assert all("Content Security Policy" in error for error in seen.errors)
    seen.errors.clear()


# ---- street tiles, from a server on this machine


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the folder and tiles of one colour; a list takes what was asked for, and from where."""
    from PIL import Image

    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/tiles/"):
                super().do_GET()
                return
            asked.append(f"{self.path} {self.headers.get('Referer')}")
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            Image.new("RGB", (256, 256), (10, 120, 30)).save(self.wfile, "PNG")

        def log_message(self, *args: Any) -> None:
            pass

    handler = functools.partial(Handler, directory=str(tmp_path))
    with ThreadingHTTPServer(("localhost", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{httpd.server_address[1]}", asked
        httpd.shutdown()
        thread.join()


def test_streets_appear_where_there_is_a_network(view, server, tmp_path):
    base, asked = server
    path = plot_map(
        [[43.77, 11.25]],
        tiles=f"{base}/tiles/{{z}}/{{x}}/{{y}}.png",
        attribution="Tiles <of> this machine",
        save_path=tmp_path / "map.html",
    )
    for address in (Path(path), f"{base}/map.html"):
        asked.clear()
        seen = view(address, offline=False)
        seen.page.wait_for_selector("img.leaflet-tile-loaded")
        assert asked[0].startswith("/tiles/0/0/0.png ")
        assert any(line.startswith("/tiles/15/") for line in asked)
        attribution = seen.page.locator(".leaflet-control-attribution").inner_text()
        assert "Tiles <of> this machine" in attribution
    # A server sees which site the page is of, as the rules of OpenStreetMap ask.
    assert {line.split()[1] for line in asked} == {f"{base}/map.html"}


def test_streets_that_cannot_be_reached_leave_the_plain_map(view, trip, server, tmp_path):
    base, asked = server
    path = plot_map(
        [[43.77, 11.25]],
        tiles=f"{base}/tiles/{{z}}/{{x}}/{{y}}.png",
        save_path=tmp_path / "offline.html",
    )
    seen = view(Path(path))
    assert asked == []
    assert seen.count("img.leaflet-tile") == 0
    assert seen.n_photos() == 1
    assert seen.errors in ([], ["Failed to load resource: net::ERR_INTERNET_DISCONNECTED"])
    seen.errors.clear()
    # A page that was opened as a file does not ask OpenStreetMap, which would refuse it.
    seen = view(trip, offline=False)
    assert seen.asked == [trip.as_uri()]
    assert "web server" in seen.page.locator("#notes").inner_text()


def test_a_page_from_a_server_asks_openstreetmap_and_names_it(view, trip, server):
    from PIL import Image

    tile = io.BytesIO()
    Image.new("RGB", (256, 256), (10, 120, 30)).save(tile, "PNG")
    seen = view(f"{server[0]}/{trip.name}", offline=False, tile=tile.getvalue())
    seen.page.wait_for_selector("img.leaflet-tile-loaded")
    tiles = [url for url in seen.asked if url.startswith(OPENSTREETMAP)]
    assert tiles[0] == f"{OPENSTREETMAP}/0/0/0.png"
    assert len(tiles) > 4
    attribution = seen.page.locator(".leaflet-control-attribution")
    assert "© OpenStreetMap contributors" in attribution.inner_text()
    policies = seen.page.locator("img.leaflet-tile").first.get_attribute("referrerpolicy")
    assert policies == "strict-origin-when-cross-origin"
    seen.asked.clear()
