"""Arrays in files: what of them is memory, and that giving pages back changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clustimage._paging import file_blocks, forget, held_bytes, mapped_file


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    """Twelve MiB in a file, as a plain array; each row holds its number."""
    array = np.memmap(tmp_path / "rows", dtype=np.uint8, mode="w+", shape=(48, 512, 512))
    array[:] = np.arange(48, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    return np.asarray(array)


def resident() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the system does not tell how much of a file is in memory")
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssFile"))
    return int(line.split()[1]) * 1024


def test_a_view_of_a_view_knows_its_file(mapped):
    assert type(mapped) is np.ndarray
    assert mapped_file(mapped.reshape(48, -1)[3:5]) is not None
    assert mapped_file(mapped.copy()) is None


def test_only_what_is_in_memory_is_held(mapped):
    assert held_bytes(mapped) == 0
    assert held_bytes(mapped[:2].copy()) == 2 * 512 * 512
    assert held_bytes(None) == 0


def test_blocks_cover_all_rows_once_and_in_order(mapped):
    found = [
        (block.start, block.stop, int(rows[0, 0, 0])) for block, rows in file_blocks(mapped, 20)
    ]
    assert found == [(0, 20, 0), (20, 40, 20), (40, 48, 40)]


def test_pages_that_were_used_are_no_memory_of_the_process_any_more(mapped):
    forget(mapped)
    before = resident()
    for _, rows in file_blocks(mapped, 4):
        assert int(rows.max()) < 48
    assert resident() - before < 2 * 2**20
    assert int(mapped.max()) == 47
    assert resident() - before > 10 * 2**20


def test_what_was_written_is_still_there_after_its_pages_were_given_back(mapped):
    mapped[5] = 200
    forget(mapped[5])
    forget(mapped)
    assert (mapped[5] == 200).all()
    assert (mapped[4] == 4).all()


def test_memory_that_is_no_file_or_no_piece_is_left_alone(mapped):
    rows = np.arange(10)
    forget(rows)
    forget(mapped[:, ::2])
    forget(mapped[:0])
    assert rows.tolist() == list(range(10))
