"""
Over weeks: corrections and new photos
======================================

Photos come week by week. A person corrects and names the clusters of the first week; each later
week is an update, and corrections, names and numbers stay.
"""

# %%
# 300 photos of 12 scenes, which come in four parts. Instead of ``weeks`` there is one folder of
# your own, into which photos are copied now and then.
import shutil
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from clustimage import Clustimage, import_example

photos = np.array(sorted(Path(import_example("photos")).rglob("*.jpg")))
weeks = np.array_split(np.random.default_rng(0).permutation(photos), 4)
work = tempfile.TemporaryDirectory()
album = Path(work.name) / "album"
album.mkdir()


def arrive(week):
    for photo in week:
        shutil.copy2(photo, album)


# %%
# The first week.
arrive(weeks[0])
cl = Clustimage(method="pca", embedding="pca", verbose="warning")
cl.fit_transform(album)
cl.plot_unique(img_mean=False)

# %%
# Names, by what most photos of a cluster show. Here the file names tell it; a person looks at the
# figure, or at the page of ``cl.report("page.html")`` and its ``corrections.json``.
shown = np.array([name.rpartition("_")[0] for name in cl.results["filenames"]])
names = {}
for label in cl.results_unique["labels"].tolist():
    scenes, counts = np.unique(shown[cl.labels_ == label], return_counts=True)
    names.setdefault(str(scenes[counts.argmax()]), label)
cl.rename({label: name for name, label in names.items()})

# %%
# Corrections: photos that lie with those of another scene are moved to their own.
for scene, label in names.items():
    elsewhere = (shown == scene) & (cl.labels_ != label)
    if elsewhere.any():
        cl.move(elsewhere, to=scene)
        print(f"{elsewhere.sum()} photos moved to {scene}")
print(cl.cluster_table()[["label", "name", "size"]].to_string(index=False))

# %%
# Three more weeks. The table says what has happened to each photo.
for number, week in enumerate(weeks[1:], start=2):
    arrive(week)
    table = cl.update(album)
    print(f"week {number}: {table['status'].value_counts().to_dict()}, {len(cl.names)} names")

# %%
# The names and numbers are those of the first week.
assert all(cl.names.get(label) == name for name, label in names.items())
cl.scatter()

# %%
# Another clusterer: the corrections hold for it as well.
cl.cluster(cluster="kmeans")
print(f"k-means: {len(cl.results_unique['labels'])} clusters, {len(cl.names)} of them with names")

plt.show()
work.cleanup()
