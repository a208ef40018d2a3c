"""How much memory may be taken, and what is said where it is not enough."""

from __future__ import annotations

import pytest

from clustimage import InvalidParameterError, MemoryLimitError
from clustimage._core import memory
from clustimage._core.memory import Budget, check_max_memory, make_budget


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (1, 1),
        (3e9, 3_000_000_000),
        ("2GB", 2_000_000_000),
        (" 500 mb ", 500_000_000),
        ("1.5GiB", 1_610_612_736),
        ("1,000 kB", 1_000_000),
        ("12345", 12345),
    ],
)
def test_sizes_are_read_as_people_write_them(given, expected):
    assert check_max_memory(given) == expected


@pytest.mark.parametrize(
    "given", ["", "much", "2 gigs", "-2GB", 0, -5, True, 2.5, "0.1", [2], "1e9"]
)
def test_what_is_no_size_is_named(given):
    with pytest.raises(
        InvalidParameterError, match="'max_memory' must be a number of bytes"
    ) as said:
        check_max_memory(given)
    assert repr(given) in str(said.value)


def test_without_a_limit_it_is_half_of_what_is_free(monkeypatch):
    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: 9_000)
    assert make_budget() == Budget(4_500)


def test_where_the_system_does_not_say_it_is_4_gb(monkeypatch):
    monkeypatch.setattr(memory, "_of_system", lambda: None)
    monkeypatch.setattr(memory, "_of_container", lambda: None)
    assert make_budget() == Budget(4_000_000_000)


def test_what_is_held_is_not_left():
    budget = Budget(100).holding(30).holding(20)
    assert budget.left == 50
    assert budget.allows(50)
    assert not budget.allows(51)
    assert budget.holding(80).left == 0


def test_the_error_names_the_least_budget_that_works():
    budget = Budget(10_000_000, held=4_000_000)
    with pytest.raises(MemoryLimitError) as said:
        budget.check(6_000_001, what="PCA of 9 images", instead="Use a smaller 'dim'.")
    assert str(said.value) == (
        "PCA of 9 images takes about 6.0 MB of memory, more than is allowed "
        "(max_memory='10.0 MB', of which 4.0 MB are in use). Give max_memory='11 MB' or more. "
        "Use a smaller 'dim'."
    )
    Budget(check_max_memory("11 MB"), held=4_000_000).check(6_000_001, what="PCA of 9 images")


def test_where_so_much_memory_would_hold_the_pixels_they_are_counted_too():
    small = Budget(1_000_000, in_file=3_000_000)
    assert "Give max_memory='2 MB'" in small.problem(2_000_000, what="Work")
    assert "Give max_memory='9 MB'" in small.problem(6_000_000, what="Work")
