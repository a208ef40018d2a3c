"""The map of places as a file: what stands in it, how large it is, and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import json
import logging
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import clustimage.plotting.geomap._geomap as module
from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._model.plots import PlotMethods
from clustimage.images import ImageStatus
from clustimage.plotting._colors import palette
from clustimage.plotting.geomap._geomap import plot_map

PLACES = np.array([[43.5, 11.9], [43.5, 11.9], [-33.9, 18.4], [np.nan, np.nan], [64.1, -21.9]])
LABELS = np.array([0, 0, 1, 1, -1])
DAY = 86400.0
NASTY = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    '"];alert(1);//',
    "{{script}} & \u2028 {{data}}",
    "broken \udcff name \U0001f600",
]


class Page(HTMLParser):
    """The elements of a page, and the texts of its scripts, styles and title."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.text = Path(path).read_text("utf-8")
        self._inside = ""
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag in ("script", "style", "title"):
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style", "title"):
            self.texts[self._inside][-1] += data

    @property
    def data(self) -> dict:
        return json.loads(self.texts["script"][1])

    @property
    def policy(self) -> str:
        found = [a for tag, a in self.tags if a.get("http-equiv") == "Content-Security-Policy"]
        return found[0]["content"]


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """Files without a path of their own go where pytest cleans up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def pictures(n: int, shape: tuple[int, ...] = (32, 32, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


# ---- what stands in the page


def test_a_page_has_each_photo_with_its_place_cluster_and_name():
    data = Page(plot_map(PLACES, LABELS, filenames=list("abcde"))).data
    assert data["name"] == ["a", "b", "c", "e"]
    assert data["label"] == [0, 0, 1, -1]
    assert data["lat"] == [43.5, 43.5, -33.9, 64.1]
    assert data["lon"] == [11.9, 11.9, 18.4, -21.9]
    assert data["where"][2:] == ["33.90000° S, 18.40000° E", "64.10000° N, 21.90000° W"]
    assert data["notes"] == ["Not on the map: 1 photo without a location."]


def test_clusters_have_the_colours_of_the_other_plots_and_those_of_none_come_last():
    data = Page(plot_map(np.ones((5, 2)), [1, 0, -2, -1, 1])).data
    assert [
        (cluster["label"], cluster["name"], cluster["count"], cluster["hollow"])
        for cluster in data["clusters"]
    ] == [
        (0, "cluster 0", 1, False),
        (1, "cluster 1", 2, False),
        (-1, "in no cluster", 1, True),
        (-2, "no data", 1, True),
    ]
    assert [cluster["color"] for cluster in data["clusters"][:2]] == list(palette(2))


def test_without_labels_all_photos_have_one_colour():
    data = Page(plot_map([[1, 2], [3, 4]])).data
    assert [(cluster["name"], cluster["count"]) for cluster in data["clusters"]] == [
        ("all photos", 2)
    ]
    assert data["label"] == [0, 0]


def test_names_cannot_become_markup(tmp_path):
    path = plot_map(
        np.ones((5, 2)),
        filenames=NASTY,
        pathnames=[f"/photos/{name}/1.jpg" for name in NASTY],
        title=NASTY[0],
        tiles="https://maps.example/{z}/{x}/{y}.png",
        attribution=NASTY[0],
    )
    page = Page(path)
    plain = Page(plot_map(np.ones((5, 2))))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.data["name"] == NASTY
    assert page.texts["title"] == [NASTY[0]]
    assert page.data["tiles"]["attribution"] == (
        "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    )
    for inner in page.texts["script"][:2]:
        assert not set("<>&") & set(inner)


def test_only_the_scripts_and_styles_of_the_page_may_run():
    page = Page(plot_map(PLACES))
    script, style = page.texts["script"][2], page.texts["style"][0]
    assert page.policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{digest(script)}'",
        f"style-src 'sha256-{digest(style)}'",
        "img-src data: https://tile.openstreetmap.org",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert len(page.texts["script"]) == 3
    assert "unsafe" not in page.policy
    # It stands before all that it is for.
    assert [tag for tag, _ in page.tags].index("style") > next(
        i for i, (_, a) in enumerate(page.tags) if "http-equiv" in a
    )


def test_a_page_loads_nothing_from_elsewhere():
    page = Page(plot_map(PLACES, tiles=None))
    assert "img-src data:; " in page.policy
    assert page.data["tiles"] is None
    wanted = ("src", "href", "action")
    sources = {name: a[name] for _, a in page.tags for name in wanted if name in a}
    assert sources == {"href": "data:,"}
    handlers = [name for _, a in page.tags for name in a if name.startswith("on")]
    assert handlers == []
    style, script = page.texts["style"][0], page.texts["script"][2]
    assert re.findall(r"url\((?!#)[^)]*\)|@import", style) == []
    assert "sourceMappingURL" not in script
    assert re.findall(r"\bfetch\(|XMLHttpRequest|\beval\(|new Function", script) == []


def test_a_page_says_its_language_title_and_size_of_view():
    page = Page(plot_map(PLACES, title="May & June"))
    assert ("html", {"lang": "en"}) in page.tags
    assert page.texts["title"] == ["May & June"]
    names = {a["name"]: a["content"] for tag, a in page.tags if tag == "meta" and "name" in a}
    assert names["viewport"] == "width=device-width, initial-scale=1"
    assert names["referrer"] == "strict-origin-when-cross-origin"
    assert names["color-scheme"] == "light dark"


def test_the_licences_of_what_is_inside_stand_in_the_page():
    text = Path(plot_map(PLACES)).read_text("utf-8")
    comment = text[text.index("<!--") + 4 : text.index("-->")]
    for words in (
        "Volodymyr Agafonkin",
        "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS",
        "David Leaver",
        "Michael Bostock",
        "Natural Earth",
    ):
        assert words in comment
    assert "--" not in comment


# ---- pictures


def test_pictures_are_jpeg_of_the_right_photo_in_the_shape_of_the_original():
    images = np.zeros((3, 40, 40, 3), dtype=np.uint8)
    images[..., 0] = np.array([50, 120, 250])[:, None, None]
    places = [[1, 1], [np.nan, 1], [2, 2]]
    sizes = [[4000, 3000], [10, 10], [3000, 6000]]
    data = Page(plot_map(places, pixels=images, sizes=sizes)).data
    red = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))).mean(axis=(0, 1))[0]
        for text in data["picture"]
    ]
    assert red == pytest.approx([50, 250], abs=3)
    assert data["size"] == [[240, 180], [120, 240]]
    assert data["tiny"] is True


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3)])
def test_gray_and_coloured_pictures_keep_their_size(shape):
    data = Page(plot_map([[1, 2]], pixels=pictures(1, shape))).data
    picture = Image.open(io.BytesIO(base64.b64decode(data["picture"][0])))
    assert (picture.format, picture.size) == ("JPEG", (30, 20))
    assert picture.mode == ("RGB" if shape[-1] == 3 else "L")
    assert data["size"] == [[240, 160]]


def test_pictures_shrink_until_the_page_has_the_size_that_was_asked_for():
    places, images = np.ones((60, 2)), pictures(60, (128, 128, 3))
    large = plot_map(places, pixels=images)
    small = plot_map(places, pixels=images, max_memory=1.4e6)
    assert Path(large).stat().st_size > 1.6e6
    assert 1.2e6 < Path(small).stat().st_size <= 1.4e6
    sides = [
        Image.open(io.BytesIO(base64.b64decode(Page(path).data["picture"][0]))).width
        for path in (large, small)
    ]
    assert sides[0] == 128
    assert 48 <= sides[1] < 128


def test_a_page_that_cannot_be_small_enough_is_not_written(tmp_path):
    path = tmp_path / "map.html"
    said = r"smallest pictures of {} photos .*'max_memory'.*'max_images'"
    for most, n in ((None, 60), (50, 50)):
        with pytest.raises(MemoryLimitError, match=said.format(n)):
            plot_map(
                np.ones((60, 2)),
                pixels=pictures(60, (64, 64)),
                max_memory=1.05e6,
                save_path=path,
                max_images=most,
            )
    with pytest.raises(MemoryLimitError, match=r"map of 1 photo takes .* 10\.0 kB"):
        plot_map([[1, 2]], max_memory=1e4, save_path=path)
    assert list(tmp_path.iterdir()) == []


def test_where_not_all_pictures_fit_each_region_has_some_and_a_note_says_so(tmp_path, caplog):
    places = np.r_[np.full((57, 2), 10.0), [[60, 10], [-40, 100], [0, -90]]]
    bare = Path(plot_map(places)).stat().st_size
    with caplog.at_level(logging.INFO, logger="clustimage"):
        path = plot_map(
            places,
            pixels=pictures(60, (64, 64)),
            sizes=np.full((60, 2), 9),
            max_memory=bare + 25_000,
            save_path=tmp_path / "map.html",
        )
    assert bare + 15_000 < Path(path).stat().st_size <= bare + 25_000
    data = Page(path).data
    there = [row for row, text in enumerate(data["picture"]) if text]
    assert 5 < len(there) < 30 and {0, 57, 58, 59} <= set(there)
    assert len(data["name"]) == len(data["size"]) == len(data["picture"]) == 60
    assert data["notes"] == [f"With a picture: {len(there)} of 60 photos, evenly over the map."]
    assert (
        f"Drawing {len(there)} of 60 pictures: evenly over the map. A larger 'max_memory'"
        in caplog.text
    )


def test_the_pictures_of_some_photos_are_those_of_these_photos(tmp_path):
    shades = np.arange(9, dtype=np.uint8) * 25
    places = np.column_stack([np.zeros(9), np.arange(9)])
    places[4] = np.nan
    path = plot_map(
        places,
        pixels=np.broadcast_to(shades[:, None, None], (9, 64, 64)),
        max_images=3,
        save_path=tmp_path / "map.html",
    )
    data = Page(path).data
    seen = {
        data["name"][row]: int(np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))[5, 5])
        for row, text in enumerate(data["picture"])
        if text
    }
    assert len(seen) == 3 and "photo 0" in seen
    assert all(abs(shade - shades[int(name[6:])]) <= 2 for name, shade in seen.items())
    assert data["notes"][1] == "With a picture: 3 of 8 photos, evenly over the map."


# ---- time


def test_lines_join_the_photos_of_a_day_in_order_of_time():
    moments = [DAY + 50, DAY + 10, 3 * DAY, DAY - 1, np.nan, 0]
    data = Page(plot_map(np.ones((6, 2)), timestamps=moments, lines="day")).data
    assert [(day["name"], day["rows"], day["count"]) for day in data["days"]] == [
        ("1970-01-01", [5, 3], 2),
        ("1970-01-02", [1, 0], 2),
    ]
    first, second = data["days"]
    assert first["color"] != second["color"]
    assert (first["dash"], second["dash"]) == ("", "9 6")
    assert data["order"] == [5, 3, 1, 0, 2, 4]
    assert data["when"][:2] + data["when"][4:5] == [
        "1970-01-02 00:00:50",
        "1970-01-02 00:00:10",
        "",
    ]
    assert data["notes"] == ["On no line: 1 photo without a date."]


def test_lines_leave_out_photos_without_a_place():
    places = [[1, 1], [np.nan, np.nan], [2, 2]]
    data = Page(plot_map(places, timestamps=[0, 1, 2], lines="day")).data
    assert [day["rows"] for day in data["days"]] == [[0, 1]]
    assert data["when"] == ["1970-01-01 00:00:00", "1970-01-01 00:00:02"]


def test_without_lines_dates_are_told_and_nothing_is_joined():
    data = Page(plot_map([[1, 1], [2, 2]], timestamps=[0.9, -1])).data
    assert data["when"] == ["1970-01-01 00:00:00", "1969-12-31 23:59:59"]
    assert (data["days"], data["dated"], data["notes"]) == ([], 2, [])


def test_lines_without_any_date_are_refused():
    with pytest.raises(InvalidDataError, match=r"None of the 2 photos on the map has a date"):
        plot_map([[1, 1], [2, 2]], timestamps=[np.nan, np.inf], lines="day")
    with pytest.raises(InvalidDataError, match="has a date"):
        plot_map([[1, 1]], lines="day")


# ---- places


def test_places_on_both_sides_of_the_date_line_are_neighbours():
    data = Page(plot_map([[-17, 178], [-16, -179.5]])).data
    assert (data["lon"], data["west"]) == ([178, 180.5], 0)
    assert data["where"][1] == "16.00000° S, 179.50000° W"
    data = Page(plot_map([[-17, 100], [-16, -50]])).data
    assert (data["lon"], data["west"]) == ([100, -50], -180)


def test_no_place_at_all_is_refused_with_the_reason(tmp_path):
    with pytest.raises(InvalidDataError, match=r"None of the 3 photos has a location.*EXIF"):
        plot_map(np.full((3, 2), np.nan), save_path=tmp_path / "map.html")
    with pytest.raises(InvalidDataError, match="no photo"):
        plot_map(np.empty((0, 2)))
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_no_degrees_are_refused():
    with pytest.raises(InvalidDataError, match=r"Row 1 of 'locations' has \[91\.0, 0\.0\]"):
        plot_map([[0, 0], [91, 0]])
    with pytest.raises(InvalidDataError, match="from -180 to 180"):
        plot_map([[0, 180.5]])
    for wrong in ([1, 2], [[1, 2, 3]], "somewhere", None):
        with pytest.raises(InvalidDataError, match=r"must be an array \(n, 2\)"):
            plot_map(wrong)


@pytest.mark.parametrize(
    "name", ["labels", "filenames", "pathnames", "timestamps", "pixels", "sizes"]
)
def test_arrays_of_another_length_are_refused(name):
    values = {
        "labels": [0],
        "filenames": ["a"],
        "pathnames": ["a"],
        "timestamps": [0],
        "pixels": pictures(1),
        "sizes": [[1, 1]],
    }
    given = {"pixels": pictures(2)} | {name: values[name]}
    with pytest.raises(InvalidDataError, match=rf"'{name}' must have a row for each of the 2"):
        plot_map([[1, 1], [2, 2]], **given)


def test_values_of_another_kind_are_refused():
    with pytest.raises(InvalidParameterError, match="'lines' must be one of None, 'day'"):
        plot_map(PLACES, lines="week")
    with pytest.raises(InvalidParameterError, match="'title' must be text"):
        plot_map(PLACES, title=3)
    with pytest.raises(InvalidDataError, match="'timestamps' must be an array of float64"):
        plot_map(PLACES, timestamps=["yesterday"] * 5)
    with pytest.raises(InvalidDataError, match=r"'pixels' must be images.*\(5, 9\)"):
        plot_map(PLACES, pixels=np.zeros((5, 9), dtype=np.uint8))


@pytest.mark.parametrize(
    "tiles",
    [
        "openstreetmaps",
        "https://maps.example/tiles",
        "ftp://maps.example/{z}/{x}/{y}",
        "https://{s}.maps.example/{z}/{x}/{y}",
        "https://maps.example; script-src */{z}/{x}/{y}",
        "https://me@maps.example/{z}/{x}/{y}",
        "https:///{z}/{x}/{y}",
        "https://[/{z}/{x}/{y}",
        3,
    ],
)
def test_tiles_that_are_no_address_are_refused(tiles):
    with pytest.raises(InvalidParameterError, match="'tiles' must be 'openstreetmap', None, or"):
        plot_map(PLACES, tiles=tiles)


def test_tiles_of_another_server_are_the_only_other_source():
    url = "http://localhost:8080/{z}/{x}/{y}{r}.png?key=1"
    page = Page(plot_map(PLACES, tiles=url, attribution="A & B"))
    assert "img-src data: http://localhost:8080; " in page.policy
    assert page.data["tiles"] == {"url": url, "attribution": "A &amp; B", "asks_for_page": False}


# ---- names and the file


def test_the_page_does_not_tell_where_on_the_disk_photos_are():
    paths = ["/home/me/secret/photos/1.jpg", "/home/me/secret/photos/may/trip/1.jpg"]
    page = Page(plot_map([[1, 1], [2, 2]], pathnames=paths))
    assert page.data["name"] == ["1.jpg", "1.jpg"]
    assert page.data["folder"] == ["", "may/trip"]
    assert "secret" not in page.text


def test_names_that_are_no_paths_have_no_folder():
    data = Page(plot_map([[1, 1], [2, 2]], pathnames=["image_0", "/photos/1.jpg"])).data
    assert data["folder"] == ["", ""]
    assert Page(plot_map([[1, 1]])).data["name"] == ["photo 0"]


def test_the_file_is_where_it_was_asked_for_and_not_replaced_unasked(tmp_path):
    path = tmp_path / "trip.html"
    assert plot_map(PLACES, title="one", save_path=path) == str(path)
    with pytest.raises(InvalidParameterError, match=r"trip\.html exists already.*overwrite=True"):
        plot_map(PLACES, title="two", save_path=path)
    assert Page(str(path)).texts["title"] == ["one"]
    plot_map(PLACES, title="two", save_path=path, overwrite=True)
    assert Page(str(path)).texts["title"] == ["two"]
    with pytest.raises(InvalidParameterError, match="folder that exists"):
        plot_map(PLACES, save_path=tmp_path / "no" / "map.html")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["trip.html"]


def test_without_a_path_each_page_has_a_folder_of_its_own():
    first, second = plot_map(PLACES), plot_map(PLACES)
    assert Path(first).name == Path(second).name == "map.html"
    assert first != second
    assert Path(first).is_absolute()


def test_five_thousand_photos_stay_within_the_limit(tmp_path):
    rng = np.random.default_rng(0)
    some = pictures(50, (16, 16, 3)).repeat(4, axis=1).repeat(4, axis=2)
    path = plot_map(
        rng.uniform(-60, 70, (5000, 2)),
        rng.integers(-1, 40, 5000),
        pixels=np.tile(some, (100, 1, 1, 1)),
        timestamps=rng.uniform(0, 100 * DAY, 5000),
        lines="day",
        save_path=tmp_path / "map.html",
    )
    assert Path(path).stat().st_size <= 20e6
    data = Page(path).data
    assert len(data["picture"]) == len(data["lat"]) == 5000
    assert sum(day["count"] for day in data["days"]) == 5000


# ---- files of others


def test_the_files_of_others_are_those_of_the_versions_that_are_named():
    assets = Path(module.__file__).parent / "assets"
    rows = re.findall(r"`(vendor/\S+)` \| `([0-9a-f]{64})`", (assets / "README.md").read_text())
    found = {
        path.relative_to(assets).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in assets.glob("vendor/**/*")
        if path.is_file()
    }
    assert found == dict(rows)
    assert len(found) == 8


# ---- the method


@pytest.fixture
def traveller(build):
    """A model of four photos, three of them with a place."""

    model = build([0, 0, 1, -1])
    model.results["pathnames"] = np.array([f"/photos/{i}/a.png" for i in range(4)], dtype=object)
    sizes = [(40, 20), (30, 60), (20, 20), (None, None)]
    model._state.images.status[:] = [
        ImageStatus(f"/photos/{i}/a.png", "ok", width=width, height=height)
        for i, (width, height) in enumerate(sizes)
    ]
    model._state.images.status.insert(1, ImageStatus("/photos/none.png", "skipped", "broken"))
    model._state.metadata = {
        "latitude": np.array([43.5, np.nan, 43.6, 43.5]),
        "longitude": np.array([11.9, np.nan, 11.8, 11.9]),
        "timestamp": np.array([10.0, 20.0, np.nan, 5.0]),
        "offset": ["", "", "", ""],
    }
    return model


def test_the_method_maps_what_the_model_knows(traveller, tmp_path):
    path = traveller.plot_map(tmp_path / "map.html", lines="day")
    data = Page(path).data
    assert data["name"] == ["image_0000.png", "image_0002.png", "image_0003.png"]
    assert data["folder"] == ["0", "2", "3"]
    assert data["label"] == [0, 1, -1]
    assert data["size"] == [[240, 120], [240, 240], [240, 240]]
    assert [day["rows"] for day in data["days"]] == [[2, 0]]
    assert data["notes"] == [
        "Not on the map: 1 photo without a location.",
        "On no line: 1 photo without a date.",
    ]
    with pytest.raises(InvalidParameterError, match="exists already"):
        traveller.plot_map(tmp_path / "map.html")


def test_the_method_needs_no_labels(traveller, tmp_path):
    traveller.results["labels"] = None
    data = Page(traveller.plot_map(tmp_path / "map.html")).data
    assert [cluster["name"] for cluster in data["clusters"]] == ["all photos"]


def test_the_map_in_the_folder_of_the_model_replaces_the_earlier_one(traveller, tmp_path):
    traveller.set_params(dirpath=tmp_path / "work" / "here")
    first = traveller.plot_map(title="one")
    assert first == str(tmp_path / "work" / "here" / "map.html")
    assert traveller.plot_map(title="two") == first
    assert Page(first).texts["title"] == ["two"]


def test_the_method_explains_itself():
    text = inspect.getdoc(PlotMethods.plot_map)
    for section in ("Parameters\n", "Returns\n", "Raises\n", "Examples\n"):
        assert section in text
    for parameter in list(inspect.signature(PlotMethods.plot_map).parameters)[1:]:
        assert f"{parameter} : " in text


@pytest.mark.parametrize("path", [3, True])
def test_a_path_that_is_none_is_refused_by_its_name(path):
    with pytest.raises(InvalidParameterError, match=rf"'save_path' must be a path. Got {path}\."):
        plot_map(np.array([[1.0, 2.0]]), None, save_path=path)


def test_a_limit_below_the_empty_page_says_what_the_page_takes(tmp_path):
    with pytest.raises(MemoryLimitError, match=r"The map of 1 photo takes .* kB, more than"):
        plot_map(
            np.array([[1.0, 2.0]]),
            None,
            pixels=np.zeros((1, 8, 8, 3), np.uint8),
            max_memory=1000,
            save_path=tmp_path / "map.html",
        )
    assert list(tmp_path.iterdir()) == []
