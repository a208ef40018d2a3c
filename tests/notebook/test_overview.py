"""A model in a notebook: its state, pictures of its clusters, and what to run next."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clustimage import Clustimage


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


def words(cl):
    """Return what one reads on the page, without its table of results."""
    page = re.sub("<details.*", "", cl._repr_html_())
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page))


def test_every_state_says_what_is_there_and_what_comes_next(digits):
    cl = quiet()
    assert "Nothing is computed yet." in words(cl) and "Next: fit_transform(" in words(cl)
    cl.import_data(digits[0][:40])
    assert "40 images" in words(cl)
    assert "Next: extract_feat(), then embedding(), then cluster()." in words(cl)
    assert cl._repr_html_().count("<img") == 16
    cl.extract_feat()
    assert "features each" in words(cl) and "Next: embedding(), then cluster()." in words(cl)
    cl.embedding()
    cl.cluster(n_clusters=3)
    assert "a map, 3 clusters" in words(cl) and "to_frame(thumbnails=True)" in words(cl)
    assert cl._repr_html_().count("<img") == sum(min(8, n) for n in np.bincount(cl.labels_))
    assert repr(cl) == "Clustimage(method='pca', embedding='pca', verbose='error')"


def test_how_sure_it_is_stands_there_once_it_is_known(digits):
    cl = quiet().fit(digits[0][:60], n_clusters=3)
    why = cl.verdict.why
    assert why[:30] in words(cl)


def test_without_pictures_it_says_so(digits):
    cl = quiet(method="precomputed").fit(features=digits[0][:40], n_clusters=12)
    assert "Features without images: there are no pictures to show." in words(cl)
    assert "and 2 smaller clusters: to_frame() lists them" in words(cl)
    assert "<img" not in cl._repr_html_()


def test_images_in_no_cluster_come_last(digits):
    cl = quiet().fit(digits[0][:60], n_clusters=20, min_size=4)
    outside = int((cl.labels_ == -1).sum())
    assert re.search(rf"unclustered {outside}\b", words(cl))


@pytest.mark.parametrize("n_clusters", [2, 60])
def test_the_page_stays_small_whatever_is_in_it(n_clusters):
    noise = np.random.default_rng(0).integers(0, 256, (120, 96, 96, 3), dtype=np.uint8)
    cl = quiet(dim=(96, 96)).fit(noise, n_clusters=n_clusters)
    assert len(cl._repr_html_()) < 800_000
    assert cl._repr_html_().count("<img") <= 80


def test_skipped_inputs_are_counted(tmp_path):
    from PIL import Image

    for i in range(4):
        Image.new("L", (9, 6), 50 * i).save(tmp_path / f"{i}.png")
    (tmp_path / "x.png").write_bytes(b"")
    cl = quiet(dim=(8, 8))
    cl.import_data(tmp_path)
    assert "1 input was skipped: see import_status." in words(cl)
    assert 'width="84" height="56"' in cl._repr_html_()  # as wide as the files are


def test_tools_of_scikit_learn_show_a_model_among_others(digits):
    from sklearn.pipeline import make_pipeline

    assert "Clustimage" in make_pipeline(quiet())._repr_html_()
    assert not hasattr(quiet(), "_repr_mimebundle_")
