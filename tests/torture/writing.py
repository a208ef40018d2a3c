"""Write everything that a model writes, on a disk that may be full: ``writing.py PHOTOS FOLDER``.

Prints, as JSON, what was written, what was refused with which error, and the sizes of the files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from _photos import sizes_below

from clustimage import Clustimage
from clustimage.cli._output import save_figure
from clustimage.export import write_csv


def main(photos: str, place: Path) -> None:
    cl = Clustimage(verbose="silent", embedding="pca", dim=(32, 32), dirpath=place / "cache")
    cl.fit_transform(photos, n_clusters=6)
    outcomes = {}

    def copy_photos() -> None:
        made = cl.to_dirs(place / "folders", action="copy")
        for _, row in made[made["status"] != "done"].iterrows():
            raise OSError(f"{row['reason']}: {row['pathname']}")

    for name, write in {
        "report": lambda: cl.report(place / "report.html"),
        "model": lambda: cl.save(place / "model"),
        "table": lambda: write_csv(cl.to_frame(), place / "table.csv"),
        "figure": lambda: save_figure(cl.scatter()[0], place / "figure.png"),
        "folders": copy_photos,
    }.items():
        try:
            write()
            outcomes[name] = ""
        except OSError as error:
            outcomes[name] = str(error) or repr(error)
    print(json.dumps({"outcomes": outcomes, "sizes": sizes_below(place)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
