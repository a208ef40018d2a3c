"""Images laid on a map."""

from __future__ import annotations

import numpy as np

from clustimage.plotting.scatter._thumbnails import paste, size_in_points

COLORS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)


def test_tiles_lie_at_their_centres_with_frames_and_later_ones_on_top():
    tiles = np.stack([np.full((10, 6, 3), 7), np.full((10, 6, 3), 9)]).astype(np.uint8)
    canvas = np.zeros((20, 30, 4), dtype=np.uint8)
    paste(canvas, tiles, np.array([[10, 10], [13, 10]]), COLORS)
    ys, xs = np.nonzero(canvas[..., 3])
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (5, 14, 7, 15)
    assert canvas[10, 7, :3].tolist() == [1, 2, 3] and canvas[10, 8, :3].tolist() == [7, 7, 7]
    assert canvas[10, 10, :3].tolist() == [4, 5, 6] and canvas[10, 12, :3].tolist() == [9, 9, 9]


def test_tiles_beyond_the_border_are_moved_inside():
    canvas = np.zeros((10, 12, 4), dtype=np.uint8)
    paste(canvas, np.full((1, 4, 4, 3), 9, np.uint8), np.array([[-50.0, 50.0]]), COLORS[:1])
    assert (canvas[6:, :4, 3] == 255).all() and (canvas[..., 3] > 0).sum() == 16


def test_a_canvas_smaller_than_a_tile_is_filled():
    canvas = np.zeros((4, 5, 4), dtype=np.uint8)
    paste(canvas, np.full((1, 9, 9, 3), 9, np.uint8), np.array([[2.0, 2.0]]), COLORS[:1])
    assert (canvas[..., 3] == 255).all()


def test_sizes_have_a_least_value():
    assert size_in_points((8, 8), 0.3, least=24) == (24, 24)
    assert size_in_points((128, 64), 0.5, least=24) == (64, 32)
