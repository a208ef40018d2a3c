from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from clustimage import InvalidParameterError  # noqa: E402
from clustimage.distributed._run_settings import (  # noqa: E402
    ReadSettings,
    check_engine_params,
    in_sample,
    sample_rate,
)


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, 1999, 2001, 10**9])
def test_the_sample_is_between_half_of_its_size_and_all_of_it(n):
    rate = sample_rate(n, 1000)
    assert n / rate <= 1000
    assert rate == 1 or n / rate > 500


def test_a_tenth_more_images_mostly_keep_their_rate():
    sizes = range(1000, 100_000, 1000)
    kept = [sample_rate(n, 1000) == sample_rate(n + n // 10, 1000) for n in sizes]
    assert np.mean(kept) > 0.8


def test_the_sample_is_random_and_that_of_a_smaller_rate_holds_it():
    rows = np.arange(200_000, dtype=np.uint64)
    for seed in (0, 1):
        some, fewer = in_sample(rows, 8, seed), in_sample(rows, 16, seed)
        assert abs(some.mean() - 1 / 8) < 0.003
        assert some[fewer].all()
        assert abs(some[::2].mean() - some[1::2].mean()) < 0.005
    assert (in_sample(rows, 8, 0) != in_sample(rows, 8, 1)).any()
    assert in_sample(rows, 1, 0).all()


def settings(**changes):
    given = {
        "method": "phash",
        "params": {"params_hash": {"hash_size": 8}, "params_hog": {"orientations": 8}},
        "dim": (32, 32),
        "grayscale": False,
        "max_pixels": 10**6,
        "describes": True,
        "rate": 1,
        "seed": 0,
    }
    return ReadSettings(**{**given, **changes})


def test_a_part_is_made_again_only_where_it_would_differ():
    own = settings().key
    assert settings(params={"params_hash": {"hash_size": 16}}).key != own
    assert settings(dim=(16, 16)).key != own
    assert settings(rate=2).key != own
    other = {"params_hash": {"hash_size": 8}, "params_hog": {"orientations": 9}}
    assert settings(params=other).key == own


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"sample_size": 10}, "sample_size"),
        ({"partition_size": 0}, "partition_size"),
        ({"resources": "GPU"}, "resources"),
        ({"partitions": 3}, "partitions"),
    ],
)
def test_settings_are_checked(params, name):
    with pytest.raises(InvalidParameterError, match=name):
        check_engine_params(params)
