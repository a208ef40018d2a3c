"""A part of what ``make torture`` tries."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reliability.py"


def outcome(part: str, count: int) -> str:
    words = [sys.executable, str(SCRIPT), "--only", part, "--count", str(count), "--print"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{part}: {count}: "), done.stderr
    return done.stdout.partition(": ")[2]


def test_changed_files_are_read_or_skipped_with_a_reason():
    found = re.search(
        r"([\d,]+) read, ([\d,]+) skipped .* (\d+) crashes, (\d+)", outcome("files", 240)
    )
    read, skipped, crashes, without = map(int, found.groups())
    assert (read + skipped, crashes, without) == (240, 0, 0)
    assert read > 20 and skipped > 20


def test_changed_models_are_refused_or_work():
    found = re.search(r"(\d+) refused .*?(\d+) work, (\d+) other errors", outcome("models", 200))
    refused, work, others = map(int, found.groups())
    assert (refused + work, others) == (200, 0)
    assert refused > 50 and work > 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak in this way")
def test_small_files_of_large_pictures_stay_within_the_memory():
    peaks = re.findall(r"([\d,]+) MB", outcome("bombs", 8))
    assert len(peaks) == 2
    assert max(int(peak.replace(",", "")) for peak in peaks) < 800  # 500 MB and what is loaded


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_photos_among_links_in_a_circle_devices_and_vanishing_files_are_read():
    words = "all photos read 1 times, 0 failed, 0 files skipped without a reason"
    assert words in outcome("odd-folders", 1)
