"""Gallery, details, search, selection and corrections of the page, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage

DAY = 86400.0
NASTY = "<img src=x onerror=alert(1)><script>.jpg"
NAMES = [NASTY, "=1+1.jpg", '@a "b", c.jpg', "räuber Ö.jpg", "𝒳" * 60 + ".jpg", "-x\u202e.jpg"]


def page_index(view, name: str) -> int:
    """Return the number of an image in the page: they come in the order of the map."""
    return view.page.evaluate("name => window.clustimage.data.names.indexOf(name)", name)


def names_of(view, images: list[int]) -> list[str]:
    return view.page.evaluate("all => all.map(i => window.clustimage.data.names[i])", images)


# --- gallery --------------------------------------------------------------------------------------


def test_a_section_per_cluster_with_the_unique_image_first(report_page, make_report):
    report = make_report(24, 3)
    report.clusters[1]["unique"] = 22  # not the nearest one: it is first all the same
    view = report_page(report)
    titles = view.page.locator(".cluster h2").all_text_contents()
    assert titles == ["cluster 0", "cluster 1", "cluster 2"]
    words = view.page.locator(".cluster-title p").all_text_contents()
    assert words[0] == "8 images · spread 0.246"
    order = names_of(view, view.state("[...state.order]"))
    assert order[:8] == [f"photo {i}.jpg" for i in range(0, 24, 3)]
    assert order[8:16] == [f"photo {i}.jpg" for i in (22, 1, 4, 7, 10, 13, 16, 19)]
    assert view.count(".tile .mark") == 3
    assert "unique image" in view.tile(page_index(view, "photo 22.jpg")).get_attribute("aria-label")


def test_the_gallery_is_sorted_as_asked(report_page, make_report):
    times = 1e9 + DAY * np.array([5, 2, np.nan, 1, 4, 3])
    names = [f"image {i}.png" for i in (10, 9, 1, 2, 33, 4)]
    view = report_page(
        make_report(6, 1, filenames=names, timestamps=times, pathnames=[f"/x/{n}" for n in names])
    )

    def order(sort: str) -> list[str]:
        view.page.select_option("#sort", sort)
        return [name[6:-4] for name in names_of(view, view.state("[...state.order]"))]

    assert order("name") == ["10", "1", "2", "4", "9", "33"]  # the unique image, then by number
    assert order("time") == ["10", "2", "9", "4", "33", "1"]
    assert order("untypical") == ["4", "33", "2", "1", "9", "10"]
    assert order("typical") == ["10", "9", "1", "2", "33", "4"]


def test_sixty_thousand_images_scroll_with_few_in_the_page(report_page, make_report):
    n = 60_000
    view = report_page(make_report(n, 30, pixels=None, side=1, neighbors=None))
    box = view.page.locator("#gallery-scroll")
    assert 0 < len(view.tiles()) < 400
    assert box.evaluate("box => box.scrollHeight") > 500_000
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    last = view.state("state.order.at(-1)")
    view.tile(last).wait_for()
    assert view.tile(last).get_attribute("aria-posinset") == "2000"
    assert 0 < len(view.tiles()) < 400
    assert view.page.locator(".cluster h2").last.text_content() == "cluster 29"
    view.set({"cluster": 17})
    view.page.locator("[data-section='cluster-17']").wait_for()
    head = view.page.locator("[data-section='cluster-17'] .cluster-head")
    assert head.bounding_box()["y"] == pytest.approx(box.bounding_box()["y"], abs=1)
    view.page.locator("#size").evaluate(
        "slider => { slider.value = 32; slider.dispatchEvent(new Event('input')); }"
    )
    assert 0 < len(view.tiles()) < 1500
    assert view.page.evaluate("performance.memory.usedJSHeapSize") < 300e6


def test_the_header_of_a_section_stays_in_view(report_page, make_report):
    view = report_page(make_report(300, 2))
    box = view.page.locator("#gallery-scroll")
    box.evaluate("box => { box.scrollTop = 400; }")
    head = view.page.locator(".cluster-head").first
    assert head.bounding_box()["y"] == pytest.approx(box.bounding_box()["y"], abs=1)


def test_hidden_clusters_are_not_in_the_gallery(report_page, make_report):
    view = report_page(make_report(24, 3))
    view.page.get_by_role("button", name="More for cluster 1").click()
    view.page.get_by_role("menuitem", name="Show only this cluster").click()
    assert view.page.locator(".cluster h2").all_text_contents() == ["cluster 1"]
    assert view.page.locator(".gallery-count").text_content() == "8 images in 1 cluster"
    view.page.get_by_role("button", name="More for cluster 1").click()
    view.page.get_by_role("menuitem", name="Show all clusters").click()
    assert view.count(".cluster") == 3


def test_pictures_are_drawn(report_page, make_report):
    view = report_page(make_report(24, 3))
    first = view.state("state.order[0]")
    view.page.wait_for_function(
        """image => {
            const canvas = document.querySelector(`.tile[data-image='${image}'] canvas`);
            const middle = canvas.getContext("2d").getImageData(
                canvas.width * 0.75, canvas.height * 0.75, 1, 1).data;
            return middle[3] === 255 && Math.abs(middle[0] - 40) < 12;
        }""",
        arg=first,
    )


# --- keys and selection ---------------------------------------------------------------------------


def test_the_gallery_works_by_keyboard(report_page, make_report):
    view = report_page(make_report(24, 3))
    order = view.state("[...state.order]")
    press = view.page.keyboard.press
    view.tile(order[0]).focus()

    def focused() -> int:
        return order.index(view.page.evaluate("Number(document.activeElement.dataset.image)"))

    press("ArrowRight")
    assert focused() == 1
    press(" ")
    press("Shift+ArrowRight")
    press("Shift+ArrowRight")
    assert view.state("[...state.selected]") == order[1:4]
    press("End")
    assert focused() == 7
    press("ArrowRight")
    assert focused() == 8  # in the next section
    press("ArrowUp")
    assert focused() < 8
    press("Home")
    press("Control+a")
    assert view.state("state.selected.size") == 8
    press("Enter")
    view.page.locator("#detail[open]").wait_for()
    press("ArrowRight")
    press("ArrowRight")
    press("Escape")
    view.wait("state.opened === -1")
    assert focused() == 2  # where the details were at last
    press("/")
    assert view.page.evaluate("document.activeElement.id") == "search"


def test_images_are_selected_by_mouse(report_page, make_report):
    view = report_page(make_report(24, 3))
    order = view.state("[...state.order]")
    view.tile(order[1]).click(modifiers=["Control"])
    view.tile(order[3]).click(modifiers=["Shift"])
    assert view.state("[...state.selected]") == order[1:4]
    view.tile(order[2]).hover()
    view.tile(order[2]).locator(".tick").click()
    assert view.state("[...state.selected]") == [order[1], order[3]]
    assert view.tile(order[1]).get_attribute("aria-selected") == "true"
    assert view.page.locator("#selected-count").text_content() == "2 images selected"
    view.page.get_by_role("button", name="Select all of cluster 2").click()
    assert view.page.locator("#selected-count").text_content() == "10 images selected"
    view.page.get_by_role("button", name="Clear").click()
    assert view.page.locator("#selection-bar").is_hidden()


def test_the_selection_is_downloaded_as_csv_and_json(report_page, make_report):
    metadata = {"Camera": ["=cmd()", None, 'a "b"', "x\ny", "c", "d"]}
    report = make_report(6, 1, filenames=NAMES, metadata=metadata)
    view = report_page(replace(report, pathnames=[f"x/{name}" for name in NAMES]))
    view.page.get_by_role("button", name="Select all of cluster 0").click()

    def save(kind: str) -> tuple[str, str]:
        view.page.get_by_role("button", name="Download", exact=True).click()
        return view.downloaded(view.page.get_by_role("menuitem", name=kind).click)

    name, text = save("CSV")
    assert (name, text[0]) == ("selection.csv", "\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["pathname"] for row in rows] == [f"x/{name}" for name in NAMES]
    assert [row["Camera"] for row in rows] == ["'=cmd()", "", 'a "b"', "x\ny", "c", "d"]
    assert rows[0]["label"] == "0"
    name, text = save("JSON")
    assert name == "selection.json"
    records = json.loads(text)
    assert [record["pathname"] for record in records] == [f"x/{name}" for name in NAMES]
    assert records[0]["Camera"] == "=cmd()"
    assert records[1]["Camera"] is None
    assert records[2]["distance"] == pytest.approx(2 / 6 + 0.1, rel=1e-5)


def test_paths_are_copied(report_page, make_report):
    view = report_page(make_report(6, 1), permissions=["clipboard-read", "clipboard-write"])
    view.page.get_by_role("button", name="Select all of cluster 0").click()
    view.page.get_by_role("button", name="Copy paths").click()
    view.page.get_by_text("Copied 6 paths.").wait_for()
    copied = view.page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n") == [f"photos/photo {i}.jpg" for i in range(6)]


def test_paths_are_shown_selected_where_the_browser_forbids_copying(report_page, make_report):
    view = report_page(
        make_report(6, 1),
        script="Object.defineProperty(navigator, 'clipboard', { value: undefined });",
    )
    view.tile(view.state("state.order[2]")).click()
    view.page.get_by_role("button", name="Copy path").click()
    area = view.page.locator("textarea")
    assert area.input_value() == "photos/photo 2.jpg"
    assert area.evaluate("area => area.selectionEnd - area.selectionStart") == 18


# --- search ---------------------------------------------------------------------------------------


def test_search_finds_by_name_path_cluster_and_metadata(report_page, make_report):
    report = make_report(6, 2, metadata={"Camera": ["Nikon", None, "Canon", 5, "Nikon", "x"]})
    paths = [f"/x/{part}/{i}.jpg" for i, part in enumerate(["a", "a", "Öl", "b", "b", "b"])]
    view = report_page(replace(report, pathnames=paths, filenames=[p[-5:] for p in paths]))

    def found(words: str) -> list[str]:
        view.page.locator("#search").fill(words)
        view.wait(f"state.query === {json.dumps(words)}")
        return sorted(name[0] for name in names_of(view, view.state("[...state.order]")))

    assert found("NIKON") == ["0", "4"]
    assert found("b cluster") == ["3", "4", "5"]
    assert found("/b/ 1") == ["3", "5"]  # of cluster 1
    assert found("öl") == ["2"]
    assert found("o\u0308l") == ["2"]  # the same letter in two parts
    assert view.page.locator("#found").text_content() == "1 of 6 images"
    view.page.get_by_role("button", name="Select all found").click()
    assert view.state("state.selected.size") == 1
    assert found("nothing like it") == []
    assert view.page.locator(".gallery-empty").is_visible()
    assert len(found("")) == 6
    assert view.page.locator("#found").text_content() == ""


# --- details --------------------------------------------------------------------------------------


def test_details_show_the_original_and_what_is_known(report_page, make_report, tmp_path):
    folder = tmp_path / "a b#c"
    folder.mkdir()
    names = [f"{i}%20ä?.png" for i in range(24)]
    for name in names[:12]:
        Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(folder / name)
    view = report_page(
        make_report(
            24,
            3,
            filenames=names,
            pathnames=[str(folder / name) for name in names],
            confidence=np.linspace(0, 1, 24),
            runner_up=(np.arange(24) + 1) % 3,
            metadata={"Camera": ["Nikon"] * 24},
        )
    )
    view.tile(page_index(view, names[3])).click()
    original = view.page.locator(".stage img.original")
    original.wait_for()
    assert original.evaluate("image => [image.naturalWidth, image.alt]") == [80, names[3]]
    assert view.page.locator("#detail-path").text_content() == str(folder / names[3])
    facts = view.page.locator(".facts").inner_text().split("\n")
    assert facts[facts.index("Distance to centre") + 1] == "0.142"
    assert facts[facts.index("Confidence") + 1] == "0.13, next is cluster 1"
    assert facts[facts.index("Size") + 1] == "400 × 300 pixels"
    assert facts[facts.index("Camera") + 1] == "Nikon"
    near = view.page.locator(".near-picture")
    assert [n.split(",")[0] for n in near.evaluate_all("all => all.map(n => n.ariaLabel)")] == [
        names[i] for i in (6, 9, 12, 15)
    ]
    near.nth(1).click()
    assert view.page.locator("#detail-name").text_content() == names[9]
    view.page.keyboard.press("ArrowLeft")
    assert view.page.locator("#detail-name").text_content() == names[6]
    view.page.get_by_role("button", name="Close").click()
    view.wait("state.opened === -1")


def test_an_image_whose_file_has_gone_is_shown_by_its_small_picture(report_page, make_report):
    gone = [f"/nowhere/photo {i}.jpg" for i in range(24)]
    view = report_page(make_report(24, 3, pathnames=gone))
    view.tile(view.state("state.order[0]")).click()
    view.page.get_by_text("Small picture: the browser cannot show the original").wait_for()
    assert view.count(".stage canvas") == 1
    assert view.count(".stage img") == 0
    # The browser itself writes down that a file is not there.
    assert view.errors == ["Failed to load resource: net::ERR_FILE_NOT_FOUND"]
    view.errors.clear()


def test_more_like_this_ranks_by_stored_neighbours(report_page, make_report):
    view = report_page(make_report(30, 3))
    start = page_index(view, "photo 3.jpg")
    near = [page_index(view, f"photo {i}.jpg") for i in (6, 9, 12, 15)]
    view.set({"like": start})
    assert view.page.locator(".cluster h2").text_content() == "More like photo 3.jpg"
    order = view.state("[...state.order]")
    assert order[:5] == [start, *near]
    # Then those that most of the neighbours lead to.
    assert names_of(view, order[5:]) == [f"photo {i}.jpg" for i in (18, 21, 24, 27)]
    assert view.state("state.matches.reduce((a, b) => a + b)") == 9
    view.page.get_by_role("button", name="Remove: Like photo 3.jpg").click()
    assert view.state("state.matches") is None


# --- corrections ----------------------------------------------------------------------------------


def select(view, *numbers: int) -> None:
    for number in numbers:
        view.tile(page_index(view, f"photo {number}.jpg")).click(modifiers=["Control"])


def correct_all(view) -> None:
    """Rename, split off, move, exclude, merge."""
    page = view.page
    page.get_by_role("button", name="More for cluster 0").click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_label("Name", exact=True).fill("beach")
    page.get_by_role("button", name="Rename", exact=True).click()
    select(view, 1, 4)
    page.get_by_role("button", name="New cluster…").click()
    page.get_by_label("Name", exact=True).fill("=boats")
    page.get_by_role("button", name="Make").click()
    select(view, 7, 2)
    page.get_by_role("button", name="Move to…").click()
    page.locator(".choice", has_text="=boats").click()
    select(view, 5)
    page.get_by_role("button", name="Exclude").click()
    page.get_by_role("button", name="More for cluster 2").click()
    page.get_by_role("menuitem", name="Merge with…").click()
    page.locator(".choice", has_text="beach").click()


EXPECTED = [
    {"do": "rename", "label": 0, "name": "beach"},
    {
        "do": "move",
        "images": ["photos/photo 1.jpg", "photos/photo 4.jpg"],
        "to": "new",
        "name": "=boats",
    },
    {"do": "move", "images": ["photos/photo 7.jpg", "photos/photo 2.jpg"], "to": "=boats"},
    {"do": "move", "images": ["photos/photo 5.jpg"], "to": -1},
    {"do": "merge", "labels": [2, 0]},
]


def labels_by_name(view) -> dict[str, int]:
    return view.page.evaluate(
        """() => {
            const { data, store } = window.clustimage;
            return Object.fromEntries(data.names.map((name, i) => [name, store.state.labels[i]]));
        }"""
    )


def test_corrections_are_shown_downloaded_and_kept(report_page, make_report, tmp_path):
    view = report_page(make_report(24, 3))
    correct_all(view)
    labels = labels_by_name(view)
    numbers = [labels[f"photo {i}.jpg"] for i in range(9)]
    assert numbers == [0, 3, 3, 0, 3, -1, 0, 3, 0]
    titles = view.page.locator(".cluster h2").all_text_contents()
    assert titles == ["beach", "cluster 1", "=boats", "not assigned"]
    badge = view.page.locator("#corrections")
    assert badge.inner_text() == "5 corrections, not yet downloaded"
    badge.click()
    assert view.page.locator(".actions li").all_text_contents()[-1] == "Merge cluster 2 and beach"
    assert (
        'cl.apply_corrections("corrections.json")' in view.page.locator("dialog").last.inner_text()
    )
    name, text = view.downloaded(
        view.page.get_by_role("button", name="Download corrections.json").click
    )
    assert name == "corrections.json"
    file = json.loads(text)
    assert file["format"] == "clustimage-corrections"
    assert file["version"] == 1
    assert file["actions"] == EXPECTED
    view.page.keyboard.press("Escape")
    assert badge.inner_text() == "5 corrections, downloaded"
    # The browser has kept them.
    view.page.reload()
    view.page.wait_for_selector("html[data-ready]")
    assert labels_by_name(view) == labels
    assert badge.inner_text() == "5 corrections, downloaded"


def test_the_title_counts_the_clusters_as_they_are_corrected(report_page, make_report):
    view = report_page(make_report(24, 3))
    view.page.get_by_role("button", name="Select all of cluster 1").click()
    view.page.get_by_role("button", name="Exclude").click()
    view.wait("state.corrections.length === 1")
    assert view.page.locator("h1").text_content() == "24 images in 2 clusters"
    view.page.keyboard.press("Control+z")
    view.wait("state.corrections.length === 0")
    assert view.page.locator("h1").text_content() == "24 images in 3 clusters"


def test_corrections_are_undone_and_done_again(report_page, make_report):
    view = report_page(make_report(24, 3))
    before = labels_by_name(view)
    correct_all(view)
    after = labels_by_name(view)
    view.page.locator("#corrections").click()
    for _ in range(5):
        view.page.get_by_role("button", name="Undo").click()
    assert labels_by_name(view) == before
    assert view.page.locator(".cluster h2").all_text_contents() == [
        f"cluster {i}" for i in range(3)
    ]
    assert view.page.get_by_role("button", name="Undo").is_disabled()
    for _ in range(5):
        view.page.get_by_role("button", name="Redo").click()
    assert labels_by_name(view) == after
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("Control+z")
    assert view.page.locator("#corrections").inner_text().startswith("4 corrections")


def test_a_file_of_corrections_is_read_back(report_page, make_report, tmp_path):
    path = tmp_path / "corrections.json"
    view = report_page(make_report(24, 3))
    view.page.locator("#corrections").click()

    def read(**changes) -> None:
        plain = {"format": "clustimage-corrections", "version": 1, "actions": EXPECTED, **changes}
        path.write_text(json.dumps(plain))
        with view.page.expect_file_chooser() as chooser:
            view.page.get_by_role("button", name="Read a file…").click()
        chooser.value.set_files(path)

    read(actions=[{"do": "split", "label": 1}])
    view.page.get_by_text("This page cannot carry out “split”").wait_for()
    read(actions=[{"do": "rename", "label": 9, "name": "x"}])
    view.page.get_by_text("The file names a cluster that is not here: 9.").wait_for()
    assert view.state("state.corrections.length") == 0
    read(names={"1": "sea"})
    view.wait("state.corrections.length === 6")
    names = view.state("state.clusters.map(({ name }) => name)")
    assert names == ["not assigned", "beach", "sea", "=boats"]


def test_python_reads_back_what_the_page_wrote(report_page, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(18):
        shade = [30, 120, 210][i % 3] + rng.integers(0, 20, (16, 16, 3))
        Image.fromarray(shade.astype(np.uint8)).save(photos / f"photo {i}.png")
    cl = Clustimage(method="color", embedding=None, verbose="error", n_jobs=1)
    cl.fit_transform(photos, n_clusters=3)
    cl.rename({1: "middle"})
    view = report_page(Path(cl.report(tmp_path / "page.html")))
    order = view.state("[...state.order]")
    for i in order[:2]:
        view.tile(i).click(modifiers=["Control"])
    view.page.get_by_role("button", name="New cluster…").click()
    view.page.get_by_label("Name", exact=True).fill("two")
    view.page.get_by_role("button", name="Make").click()
    view.tile(order[-1]).click(modifiers=["Control"])
    view.page.get_by_role("button", name="Exclude").click()
    view.page.get_by_role("button", name="More for cluster 0").click()
    view.page.get_by_role("menuitem", name="Merge with…").click()
    view.page.locator(".choice", has_text="middle").click()
    view.page.locator("#corrections").click()
    save = view.page.get_by_role("button", name="Download corrections.json")
    (tmp_path / "corrections.json").write_text(view.downloaded(save.click)[1], "utf-8")
    cl.apply_corrections(tmp_path / "corrections.json")
    rows = view.page.evaluate("[...window.clustimage.data.columns.row]")
    assert cl.results["labels"][rows].tolist() == view.state("[...state.labels]")
    shown = {c["label"]: c["name"] for c in view.state("state.clusters") if c["named"]}
    assert {label: name for label, name in shown.items() if label >= 0} == cl.names
    assert sorted(cl.names.values()) == ["middle", "two"]


def test_names_that_python_would_refuse_are_refused(report_page, make_report):
    view = report_page(make_report(24, 3))
    view.page.get_by_role("button", name="More for cluster 0").click()
    view.page.get_by_role("menuitem", name="Rename…").click()
    problem = view.page.locator("#name-problem")
    for name, words in {
        " ": "1 to 100",
        "x" * 101: "1 to 100",
        "new": "stands for a new cluster",
        "cluster 2": "already",
        "a\u202eb": "printable",
    }.items():
        view.page.get_by_label("Name", exact=True).fill(name)
        view.page.get_by_role("button", name="Rename", exact=True).click()
        assert words in problem.text_content()
    view.page.get_by_label("Name", exact=True).fill("new ones")
    view.page.keyboard.press("Enter")
    assert view.page.locator(".cluster h2").first.text_content() == "new ones"


def test_a_page_in_a_closed_frame_works_without_a_storage(report_page, make_report, tmp_path):
    from clustimage.report import write_page

    inner = tmp_path / "inner.html"
    write_page(make_report(24, 3), inner)
    outer = tmp_path / "outer.html"
    text = inner.read_text("utf-8").replace("&", "&amp;").replace('"', "&quot;")
    outer.write_text(
        f'<html data-ready><iframe sandbox="allow-scripts allow-downloads" srcdoc="{text}" '
        'style="width:1200px;height:700px"></iframe>',
        encoding="utf-8",
    )
    view = report_page(outer)
    frame = view.page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for(state="attached")
    frame.get_by_role("button", name="Select all of cluster 1").click()
    frame.get_by_role("button", name="Exclude").click()
    frame.locator("#corrections").click()
    frame.get_by_text("The browser does not keep them").wait_for()
    assert frame.locator(".cluster h2").all_text_contents() == [
        "cluster 0",
        "cluster 2",
        "not assigned",
    ]


# --- the page as a whole --------------------------------------------------------------------------


def test_hostile_names_are_shown_literally(report_page, make_report):
    report = make_report(6, 1, filenames=NAMES)
    report.clusters[0]["name"] = "</script><b>bold</b>"
    view = report_page(replace(report, pathnames=[f"x/{name}" for name in NAMES]))
    assert view.page.locator(".cluster h2").text_content() == "</script><b>bold</b>"
    assert sorted(
        view.page.locator(".tile").evaluate_all("all => all.map(t => t.title)")
    ) == sorted(NAMES)
    view.tile(page_index(view, NASTY)).click()
    assert view.page.locator("#detail-name").text_content() == NASTY
    assert view.count("img[src='x']") == 0


def test_files_with_long_and_odd_names_are_opened(report_page, tmp_path):
    folder = tmp_path / ("ü" * 100) / ("n" * 200)
    folder.mkdir(parents=True)
    names = [os.fsencode("ä" * 125 + f"{i}.jpg") for i in range(3)]
    names += [b"<b>&\"'%25#?.jpg", b"two\nlines.jpg", b"not \xff\xfe Unicode.jpg"]
    assert max(map(len, names)) == 255
    for i, name in enumerate(names):
        pixels = np.full((30, 40, 3), 40 * i, np.uint8)
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123
            Image.fromarray(pixels).save(file, "JPEG")
    cl = Clustimage(method=None, embedding="pca", dim=(8, 8), verbose="silent")
    cl.fit_transform(folder, n_clusters=2)
    cl.report(tmp_path / "page.html")
    view = report_page(tmp_path / "page.html")
    for i in range(len(names)):
        view.set({"opened": i})
        original = view.page.locator(".stage img.original >> nth=0")
        original.wait_for()
        assert original.evaluate("image => [image.naturalWidth, image.alt]") == [
            40,
            view.page.locator("#detail-name").text_content(),
        ]


def test_each_image_may_be_a_cluster_of_its_own(report_page, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (12, 16, 16, 3), dtype=np.uint8)
    cl = Clustimage(method="pca", embedding="pca", verbose="silent")
    cl.fit_transform(images, sim=1)
    cl.report(tmp_path / "page.html")
    view = report_page(tmp_path / "page.html", viewport={"width": 1280, "height": 4000})
    assert view.page.locator("h1").text_content() == "12 images in 12 clusters"
    assert view.count(".cluster") == view.count(".tile .mark") == 12
    assert view.count("canvas.cluster-picture") == 12  # the image itself, no mean
    view.tile(5).click()
    view.wait("state.opened === 5")
    assert view.count(".stage img") == 0  # of arrays there is no file to be missing


def test_times_are_a_line_of_which_a_part_is_chosen(report_page, make_report):
    times = 1e9 + DAY * np.arange(24)
    times[5] = np.nan
    view = report_page(make_report(24, 3, timestamps=times))
    assert view.page.locator("#timeline").is_visible()
    view.page.get_by_label("To, time").focus()
    for _ in range(5):
        view.page.keyboard.press("PageDown")
    view.wait("state.period !== null && state.order.length < 23")
    shown = names_of(view, view.state("[...state.order]"))
    latest = view.state("state.period[1]")
    kept = [i for i in range(24) if times[i] <= latest]
    assert sorted(shown) == sorted(f"photo {i}.jpg" for i in kept)
    view.page.get_by_role("button", name="Remove:").click()
    assert view.state("state.order.length") == 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(report_page, make_report, check_access, scheme):
    times = 1e9 + DAY * np.arange(24)
    view = report_page(make_report(24, 3, timestamps=times), color_scheme=scheme)
    correct_all(view)
    view.page.get_by_role("button", name="Select all of beach").click()
    view.page.locator("#search").fill("photo 1")
    view.wait("state.matches !== null")
    view.page.locator("#corrections").click()
    check_access(view.page)
    view.page.keyboard.press("Escape")
    view.page.get_by_role("button", name="More for beach").click()
    check_access(view.page)
    view.page.keyboard.press("Escape")
    view.tile(view.state("state.order[0]")).click()
    check_access(view.page)


def test_a_narrow_screen_shows_map_or_gallery(report_page, make_report, check_access):
    view = report_page(
        make_report(24, 3), viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True
    )
    assert view.page.locator("#map").is_visible()
    assert view.page.locator("#gallery").is_hidden()
    view.page.get_by_role("button", name="Gallery", exact=True).click()
    assert view.page.locator("#map").is_hidden()
    view.page.locator(".tile").first.wait_for()
    view.page.locator(".tile .tick").first.click()
    assert view.page.locator("#selection-bar").is_visible()
    assert view.page.evaluate("document.documentElement.scrollWidth") == 320
    view.page.locator(".tile").first.click(position={"x": 40, "y": 40})
    view.page.locator("#detail[open]").wait_for()
    assert view.page.evaluate("document.documentElement.scrollWidth") == 320
    check_access(view.page)


def test_the_switch_sets_the_colours_and_is_remembered(report_page, make_report):
    view = report_page(make_report(6, 1), color_scheme="light")

    def lightness() -> float:
        color = view.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return float(np.mean([int(part) for part in color[4:-1].split(",")]))

    assert lightness() > 240
    view.page.locator("#theme").click()
    assert view.state("state.theme") == "light"
    view.page.locator("#theme").click()
    assert (view.state("state.theme"), lightness() < 40) == ("dark", True)
    view.page.reload()
    view.page.wait_for_selector("html[data-ready]")
    assert lightness() < 40


def test_the_divider_moves_by_keys_and_mouse(report_page, make_report):
    view = report_page(make_report(24, 3))
    divider = view.page.locator("#divider")
    width = view.page.locator("#map").bounding_box()["width"]
    divider.focus()
    view.page.keyboard.press("ArrowLeft")
    assert view.page.locator("#map").bounding_box()["width"] < width - 20
    box = divider.bounding_box()
    view.page.mouse.move(box["x"] + 4, box["y"] + 200)
    view.page.mouse.down()
    view.page.mouse.move(400, box["y"] + 200, steps=3)
    view.page.mouse.up()
    assert view.page.locator("#map").bounding_box()["width"] == pytest.approx(400, abs=6)
    assert divider.get_attribute("aria-valuenow") == "31"


@pytest.mark.parametrize("n", [1, 2])
def test_one_image_or_none_with_pixels(report_page, make_report, n):
    view = report_page(
        make_report(
            n, 1, pixels=None, sizes=None, xycoord=None, neighbors=None, distance=np.full(n, np.nan)
        )
    )
    assert view.count(".tile") == n
    assert view.page.locator(".tile-name").all_text_contents() == [
        f"photo {i}.jpg" for i in range(n)
    ]
    assert view.page.locator("#map").is_hidden()


def test_all_in_no_cluster(report_page, make_report):
    nothing = [{"label": -1, "name": "not assigned", "color": "#888888", "count": 6, "unique": -1}]
    view = report_page(
        make_report(6, 1, labels=np.full(6, -1), clusters=nothing, distance=np.full(6, np.nan))
    )
    assert view.page.locator(".cluster h2").all_text_contents() == ["not assigned"]
    assert view.page.locator(".gallery-count").text_content() == "6 images in 0 clusters"
