"""What extractors take: the plan is what happens, in memory and in files, with a budget."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.preprocessing import FunctionTransformer

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.file_arrays import forget, new_array
from clustimage._core.memory import Budget
from clustimage._decomposition import krylov, solver
from clustimage._decomposition.solver import choose_solver, expected_count
from clustimage.features import (
    EXTRACTORS,
    CustomExtractor,
    PCAExtractor,
    make_extractor,
    needs_gray,
)
from clustimage.features._stored import stored_rows
from clustimage.images import Images, describe_cache, load_images, open_cache

pytestmark = pytest.mark.usefixtures("short_learning")

NAMES = sorted(EXTRACTORS, key=str)
OF_PIXELS = [name for name in NAMES if not EXTRACTORS[name].needs_files and name != "cnn"]
SHAPE = (32, 24, 3)
SLOW = ("crop-resistant", "crop-resistant-hash", "gist", "fisher")


def shape_for(name) -> tuple[int, int, int]:
    return (32, 24, 1) if needs_gray(name) else SHAPE


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    """Six hundred made images, (600, 32, 24, 3), of soft gradients and some noise."""
    rng = np.random.default_rng(1)
    down, right = np.mgrid[0:32, 0:24, 0:3][:2] / 32
    steps = rng.uniform(-120, 120, (600, 2, 1, 1, 3))
    soft = 128 + steps[:, 0] * down + steps[:, 1] * np.sin(5 * right)
    return np.clip(soft + rng.normal(0, 8, (600, *SHAPE)), 0, 255).astype(np.uint8)


def as_images(pixels: np.ndarray) -> Images:
    nothing = np.full(len(pixels), "", dtype=object)
    return Images(nothing, nothing, nothing, pixels, [])


@pytest.fixture(params=OF_PIXELS, ids=str)
def name(request):
    return request.param


@pytest.fixture
def images(name, many) -> Images:
    """Images in memory, as the extractor wants them; few of what takes its time."""
    some = many[:: 20 if name in SLOW else 1]
    return as_images(np.ascontiguousarray(some[..., : shape_for(name)[2]]))


@pytest.fixture
def in_file(images, tmp_path) -> Images:
    """The same images in a file."""
    pixels = new_array(images.pixels.shape, np.uint8, folder=tmp_path, what="Images")
    pixels[:] = images.pixels
    forget(pixels)
    return replace(images, pixels=pixels)


# --- every extractor ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_every_extractor_has_a_plan(name):
    extractor = make_extractor(name, {})
    step, n_columns = extractor.plan(60_000, (128, 128, shape_for(name)[2]), Budget(8 * 10**9))
    assert step.stage == "extract_feat" and step.on_disk == 0
    assert f"{n_columns:,} columns" in step.what and step.why
    assert 4 * 60_000 * n_columns <= step.kept <= step.peak
    assert bool(step.problem) == (name is None)  # the pixels of so many as numbers are 12 GB
    assert vars(extractor) == vars(make_extractor(name, {}))  # it has learned nothing


def test_the_columns_are_those_that_come_out(name, images):
    extractor = make_extractor(name, {"params_pca": {"n_components": 7}})
    n_columns = extractor.plan(len(images), images.shape)[1]
    assert extractor.fit_images(images).shape == (len(images), n_columns)


def test_it_takes_no_more_than_planned(name, in_file):
    extractor = make_extractor(name, {"n_jobs": 2})
    planned = extractor.plan(len(in_file), in_file.shape)[0]
    extractor.fit_images(replace(in_file, pixels=in_file.pixels[:9]))  # tables are made once
    tracemalloc.start()
    try:
        feat = make_extractor(name, {"n_jobs": 2}).fit_images(in_file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert feat.nbytes <= peak < planned.peak + 1_500_000


def test_images_in_a_file_give_the_same_rows(name, images, in_file):
    a, b = make_extractor(name, {}), make_extractor(name, {})
    feat = a.fit_images(images)
    np.testing.assert_array_equal(b.fit_images(in_file, budget=Budget(10**12)), feat)
    np.testing.assert_array_equal(b.transform_images(in_file), feat)
    np.testing.assert_array_equal(a.transform_images(in_file), feat)


def test_a_budget_that_is_planned_for_is_enough(name, images):
    extractor = make_extractor(name, {"params_pca": {"n_components": 5}})
    budget = Budget(10**9 + extractor.plan(len(images), images.shape)[0].peak, held=10**9)
    assert extractor.plan(len(images), images.shape, budget)[0].problem == ""
    feat = extractor.fit_images(images, budget=budget)
    expected = make_extractor(name, {"params_pca": {"n_components": 5}}).fit_images(images)
    np.testing.assert_array_equal(feat, expected)


def test_a_budget_that_is_too_small_says_the_least_that_works(name, images):
    extractor = make_extractor(name, {"params_pca": {"n_components": 5}})
    budget = Budget(10_000_000, held=9_990_000)
    with pytest.raises(
        MemoryLimitError, match=r"0 images.* takes about .* Give max_memory="
    ) as told:
        extractor.fit_images(images, budget=budget)
    assert extractor.plan(len(images), images.shape, budget)[0].problem == str(told.value)
    least = int(str(told.value).split("Give max_memory='")[1].split(" MB")[0].replace(",", ""))
    enough = Budget(least * 10**6, held=9_990_000)
    assert len(extractor.fit_images(images, budget=enough)) == len(images)


def test_files_of_photos_are_planned_for_too(tmp_path):
    photo = Image.new("L", (8, 8))
    photo.getexif()[306] = "2015:06:01 08:00:00"
    extractor = make_extractor("exif", {})
    images = load_images([photo, photo])
    with pytest.raises(MemoryLimitError, match="metadata of 2 photos takes about"):
        extractor.fit_images(images, budget=Budget(10))
    assert extractor.fit_images(images, budget=Budget(10**6)).shape == (2, 6)


# --- the pixels themselves, and objects of the user's own -----------------------------------------


def test_pixels_as_features_say_what_to_do_instead():
    with pytest.raises(
        MemoryLimitError, match=r"method=None\) takes.*Use method='pca', or a smaller"
    ):
        make_extractor(None, {}).plan(60_000, (128, 128, 3), Budget(4 * 10**9))[0].check()


def test_a_custom_object_is_not_kept_from_its_work():
    model = FunctionTransformer(lambda rows: rows[:, :4])
    extractor = CustomExtractor(model)
    step, n_columns = extractor.plan(600, SHAPE, Budget(1))
    assert step.problem == "" and "not known and not counted" in step.why
    assert n_columns == 256 and "(taken for about 256)" in step.what
    assert extractor.fit_images(as_images(np.zeros((5, *SHAPE), np.uint8)), Budget(1)).shape == (
        5,
        4,
    )


def test_an_object_that_knows_its_columns_is_asked():
    from sklearn.decomposition import NMF

    assert CustomExtractor(NMF(6)).plan(600, SHAPE)[1] == 6


# --- the way that PCA takes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, d, wanted, solver, expected",
    [
        (2500, 49_152, 0.95, "auto", "gram"),
        (60_000, 2500, 0.95, "auto", "covariance"),
        (2501, 49_152, 0.95, "auto", "left"),
        (60_000, 49_152, 0.95, "auto", "right"),
        (60_000, 49_152, 50, "auto", "right"),
        (60_000, 49_152, 30_000, "auto", "covariance"),
        (6000, 49_152, 4000, "randomized", "gram"),
        (60_000, 49_152, 50, "full", "covariance"),
        (100, 300, 50, "randomized", "right"),
        (100, 900, 50, "randomized", "left"),
    ],
)
def test_the_way_depends_on_the_images_alone(n, d, wanted, solver, expected):
    road = choose_solver(n, d, wanted, solver=solver)
    assert (road.name, road.forced) == (expected, False)
    large = choose_solver(n, d, wanted, solver=solver, budget=Budget(10**13))
    assert large == road


def test_sixty_thousand_photos_take_a_few_hundred_megabytes_beside_their_features():
    road = choose_solver(60_000, 49_152, 217)
    assert road.peak < 0.6e9
    more = choose_solver(600_000, 49_152, 217)
    assert more.peak - road.peak == 4 * krylov.DIRECTIONS_PER_PASS * 540_000  # the random start


def test_less_memory_leads_to_random_directions_and_is_said_once(many, caplog, monkeypatch):
    for module in (solver, krylov):
        monkeypatch.setattr(module, "DIRECTIONS_PER_PASS", 8)
    images = as_images(many)
    road = choose_solver(600, 32 * 24 * 3, 0.5)
    tight = Budget(road.peak - 1)
    assert choose_solver(600, 32 * 24 * 3, 0.5, budget=tight).forced
    with caplog.at_level("INFO", logger="clustimage"):
        forced = PCAExtractor(0.5)
        feat = forced.fit_images(images, budget=tight)
    assert forced.solver_ == "randomized"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "exact PCA takes" in said[0] and "max_memory=" in said[0]
    plain = PCAExtractor(0.5)
    assert plain.fit_images(images).shape == feat.shape and plain.solver_ == "full"
    np.testing.assert_allclose(forced.explained_variance_, plain.explained_variance_, rtol=5e-3)


def test_what_a_tight_budget_led_to_is_kept_apart(many, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pixels in enumerate(many[:30]):
        Image.fromarray(pixels).save(folder / f"{number:02}.png")

    def fitted(budget: Budget | None) -> PCAExtractor:
        images = load_images(folder, dim=SHAPE[:2], cache=open_cache(tmp_path / "work"))
        extractor = PCAExtractor(0.5)
        extractor.fit_images(images, budget=budget)
        return extractor

    exact = choose_solver(30, 32 * 24 * 3, 0.5).peak
    budgets = [None, Budget(10 * exact), None, Budget(11 * exact)]
    assert {fitted(budget).solver_ for budget in budgets} == {"full"}
    texts = [text for text, _ in describe_cache(tmp_path / "work").fits]
    assert len(texts) == 1 and '"road": "gram"' in texts[0] and "budget" not in texts[0]


def test_growing_ends_where_the_budget_ends(monkeypatch):
    """Noise: nearly all directions are needed, of which few are allowed."""
    monkeypatch.setattr(solver, "MAX_EXACT_SIZE", 250)
    for module in (solver, krylov):
        monkeypatch.setattr(module, "DIRECTIONS_PER_PASS", 16)
    images = as_images(np.random.default_rng(0).integers(0, 256, (300, 16, 20, 1), dtype=np.uint8))
    least = max(choose_solver(300, 320, 0.9).least, solver.projected_bytes(300, 320, 1))
    n_bytes = least + 100_000
    with pytest.raises(
        MemoryLimitError, match=r"300 images, \d+\.\d% of whose variance is found, t.*smaller share"
    ):
        PCAExtractor(0.9).fit_images(images, budget=Budget(n_bytes))
    enough = PCAExtractor(0.9).fit_images(images, budget=Budget(10 * n_bytes))
    np.testing.assert_array_equal(enough, PCAExtractor(0.9).fit_images(images))


def test_a_plan_says_what_may_go_wrong_on_the_way():
    extractor = PCAExtractor(0.95)
    step = extractor.plan(60_000, (128, 128, 3), Budget(400_000_000))[0]
    assert step.problem == "" and "may end with an error" in step.why
    assert "error" not in extractor.plan(60_000, (128, 128, 3), Budget(10**9))[0].why


def test_more_components_give_more_columns_than_fewer():
    counts = [expected_count(share, 60_000, 49_152) for share in (0.5, 0.8, 0.9, 0.95, 0.99)]
    assert counts == sorted(counts) and 3 <= counts[0] <= 6 and 500 <= counts[3] <= 1000
    assert expected_count(0.95, 30, 49_152) <= 30
    with pytest.raises(InvalidParameterError, match="'n_components' must be at most 30"):
        PCAExtractor(31).plan(30, SHAPE)


# --- rows that are cached -------------------------------------------------------------------------


def test_cached_rows_come_a_few_at_a_time(many, tmp_path, monkeypatch):
    monkeypatch.setattr("clustimage.features._stored.ROWS_PER_QUERY", 7)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pixels in enumerate(many[:30]):
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    (folder / "29.png").write_bytes((folder / "02.png").read_bytes())
    paths: list[Path] = sorted(folder.iterdir())

    def rows(some: list[Path], asked: list[int]) -> np.ndarray:
        images = load_images(some, dim=SHAPE[:2], cache=open_cache(tmp_path / "work"))

        def compute(positions):
            asked.extend(positions.tolist())
            yield positions, images.flat[positions][:, :5]

        found = stored_rows(images, {"method": "five"}, compute)
        np.testing.assert_array_equal(found, images.flat[:, :5])
        return found

    asked: list[int] = []
    rows(paths[3:20], asked)
    assert asked == list(range(17))
    asked.clear()
    rows(paths, asked)
    assert asked == [0, 1, 2, *range(20, 29)]
    asked.clear()
    rows(paths, asked)
    assert asked == []
