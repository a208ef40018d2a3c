"""Small files that are or say they are large: the memory of a process that reads them."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from pathlib import Path

import pytest
from _large_pictures import LARGE_PICTURES
from _processes import Child

from clustimage import Clustimage, ClustimageError

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells the peak in this way"
)
ALL = len(LARGE_PICTURES)


def peak(folder: Path, n_jobs: int) -> float:
    """Return the peak memory of this process in MB, after it has read a folder."""
    with suppress(ClustimageError):  # none of them can be read
        Clustimage(verbose="silent", max_memory="500MB", n_jobs=n_jobs).import_data(folder)
    # Unlike that of getrusage it does not begin with that of the process that started this one.
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) * 1024 / 1e6


@pytest.mark.parametrize("n_files", [8, pytest.param(ALL, marks=pytest.mark.torture)])
def test_memory_stays_within_what_is_allowed(tmp_path, count_row, n_files):
    for name in random.Random(0).sample(sorted(LARGE_PICTURES), n_files):
        (tmp_path / name).write_bytes(LARGE_PICTURES[name]())
    peaks = [Child(peak, tmp_path, n_jobs, method="spawn").answer() for n_jobs in (1, 4)]
    count_row(
        'small files that are or say they are large, one of each kind, `max_memory="500MB"`',
        n_files,
        f"peak of the process with one and with four threads: {peaks[0]:,.0f} MB "
        f"and {peaks[1]:,.0f} MB",
    )
    assert max(peaks) < 800  # 500 MB and what is loaded
