"""
What a photo shows
==================

A network that was trained on a million photos tells what is in a picture, whatever its light and
its frame. Its activations are the features; the clusters then follow the content. The weights
(14 MB) are downloaded once. Needs ``pip install "clustimage[cnn]"``.
"""

# %%
# Instead of ``photos`` give the path of a folder of your own.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, import_example

photos = import_example("photos")
cl = Clustimage(method="cnn", params_cnn={"model": "mobilenet_v2"}, verbose="warning")
results = cl.fit_transform(photos)

scenes = [Path(path).parent.name for path in results["pathnames"]]
n_clusters = len(cl.results_unique["labels"])
print(f"{n_clusters} clusters of {len(set(scenes))} scenes")
print(f"adjusted Rand index {adjusted_rand_score(scenes, results['labels']):.2f}")

# %%
# All clusters at a glance: a column each, the largest first.
cl.plot(layout="columns", max_rows=8)

# %%
# No number of clusters in mind? Say how alike the photos of a cluster are, from 0 (all together)
# to 1 (each on its own). What is in no cluster of at least two becomes -1.
cl.cluster(sim=0.6, min_size=2)
print(cl.cluster_sizes())

# %%
# Time counts for a quarter: photos of one scene that lie years apart are parted. Here the times
# are made up, one day per scene; photos of a camera bring their own (``timestamps="auto"``).
days = [86_400.0 * sorted(set(scenes)).index(scene) for scene in scenes]
cl.cluster(sim=0.6, time_weight=0.25, timestamps=days)
print(f"{results['labels'].max() + 1} clusters")

# %%
# The result as folders of links; ``dry_run=True`` shows the same table and makes nothing.
with tempfile.TemporaryDirectory() as folder:
    done = cl.to_dirs(Path(folder, "groups"), layout="size")
print(done["status"].value_counts())

plt.show()
