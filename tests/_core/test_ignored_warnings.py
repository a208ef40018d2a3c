"""Warnings are ignored while something runs, and the filters are as before when it is done."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage._core.ignored_warnings import ignored_warnings


def test_of_two_threads_that_overlap_each_takes_back_its_own_filter():
    before = list(warnings.filters)
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second() -> None:
        with ignored_warnings(DeprecationWarning):
            second_is_in.set()
            assert first_is_out.wait(20)

    thread = threading.Thread(target=second)
    with ignored_warnings(UserWarning):
        thread.start()
        assert second_is_in.wait(20)
    first_is_out.set()
    thread.join()
    assert warnings.filters == before


def test_only_the_category_and_the_module_are_ignored():
    with ignored_warnings(DeprecationWarning), pytest.warns(UserWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        warnings.warn("seen", UserWarning, stacklevel=1)
    with ignored_warnings(module="other"), pytest.warns(UserWarning):
        warnings.warn("seen", UserWarning, stacklevel=1)


def test_models_in_several_threads_leave_no_filter_behind():
    before = list(warnings.filters)
    images = np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)

    def run() -> None:
        cl = Clustimage(method="fisher", embedding=None, dim=(32, 32), verbose="silent")
        cl.fit_transform(images, n_clusters=3)
        assert cl.verdict.why

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
