"""What a command prints goes to terminals, files and pipes of any encoding."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, DiskSpaceError
from clustimage._core.logs import shows_progress
from clustimage.cli import _info, main


@pytest.fixture
def odd_names(result, tmp_path):
    """Return a model of files that not every stream can name."""
    model = Clustimage.load(result / "model.clustimage")
    names = ["caf\udce9.png", "日本.png", "two\nlines.png", "a.png", "b.png", "c.png"]
    model.results["pathnames"][:] = [f"/photos/{name}" for name in names]
    model.results["filenames"][:] = names
    return model.save(tmp_path / "odd.clustimage")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("command", ["find", "unique", "info"])
def test_names_are_printed_in_any_encoding(
    command, encoding, odd_names, colours, tmp_path, monkeypatch
):
    query = tmp_path / "日\udce9.png"
    shutil.copy(colours / "0.png", query)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    words = {"find": ["find", str(query), "--model", odd_names, "--k", "6"]}
    assert main([*words.get(command, [command, odd_names]), "--verbose", "error"]) == 0
    stream.flush()
    lines = stream.buffer.getvalue().decode(encoding).splitlines()
    assert len(lines) == {"find": 8, "unique": 2, "info": 14}[command]
    if command == "find":
        assert any(line.endswith(r"two\nlines.png") for line in lines)
        assert any(line.endswith(r"caf\udce9.png") for line in lines)


def test_a_reader_that_stops_is_no_error(result, monkeypatch, capsys):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["info", str(result / "model.clustimage")]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_bars_are_for_terminals(terminal, result, monkeypatch):
    shown = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(_info, "run", lambda arguments: shown.append(shows_progress()))
    assert main(["info", str(result / "model.clustimage")]) == 0
    assert shown == [terminal] and shows_progress()


def test_a_stop_by_the_user_is_one_line(monkeypatch, capsys):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_info, "run", stop)
    assert main(["info", "model"]) == 130
    assert capsys.readouterr().err == "clustimage: stopped\n"


def test_five_are_found_or_as_many_as_there_are(result, colours, tmp_path, capsys):
    for number in (4, 6):
        rows = np.random.default_rng(0).integers(0, 256, (number, 8 * 8 * 3))
        model = Clustimage(embedding=None, dim=(8, 8), verbose="error")
        model.fit_transform(rows, n_clusters=2)
        path = model.save(tmp_path / f"{number}.clustimage")
        query = tmp_path / "query.png"
        Image.new("RGB", (8, 8)).save(query)
        assert main(["find", str(query), "--model", path, "--verbose", "error"]) == 0
        assert f"query.png: {min(number, 5)} images" in capsys.readouterr().out


def test_a_file_that_looks_like_an_option_is_explained(
    result, colours, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(colours / "0.png", "-rf.png")
    words = ["--model", str(result / "model.clustimage"), "--k", "1", "--verbose", "error"]
    with pytest.raises(SystemExit):
        main(["find", "-rf.png", *words])
    assert "of the file -rf.png give the path ./-rf.png" in capsys.readouterr().err
    assert main(["find", "./-rf.png", *words]) == 0
    assert "-rf.png: 1 image" in capsys.readouterr().out


def test_a_full_disk_is_said_with_the_figure_that_is_not_written(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    from clustimage.cli._output import save_figure

    def full(file, **options):
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    figure = plt.figure()
    monkeypatch.setattr(figure, "savefig", full)
    # The bytes that are free are those of this disk.
    words = r"No space left on device, nothing was written: .*map\.png takes more than the .*B that"
    with pytest.raises(DiskSpaceError, match=words):
        save_figure(figure, tmp_path / "map.png")
    plt.close(figure)
    assert list(tmp_path.iterdir()) == []
