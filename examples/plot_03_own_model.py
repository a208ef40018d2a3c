"""
A model of your own
===================

Wherever a name is accepted, an object is accepted. Here: features, embedding and clusterer.
"""

# %%
# An extractor has ``fit`` and ``transform``. It gets the images as flat rows of bytes. This one
# counts colours, 4 shades of each channel; a neural network would look the same from outside.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import BisectingKMeans
from sklearn.decomposition import PCA

from clustimage import Clustimage, import_example


class ColourCounts:
    """Share of the pixels that have each of 64 colours."""

    def fit(self, rows):
        return self

    def transform(self, rows):
        pixels = rows.reshape(len(rows), -1, 3) // 64
        colour = pixels @ np.array([16, 4, 1])
        return np.stack([np.bincount(row, minlength=64) / len(row) for row in colour])


photos = import_example("photos")
cl = Clustimage(
    method=ColourCounts(),
    embedding=PCA(n_components=2),
    dim=(64, 64),
    verbose="warning",
)
cl.fit_transform(photos)
print(cl.results["feat"].shape, "clusters:", len(cl.results_unique["labels"]))
cl.scatter()

# %%
# The same features under other clusterers and evaluators. They need not agree: look at
# ``plot_unique()`` before you believe one of them.
choices = [
    {"evaluate": "silhouette"},
    {"evaluate": "calinski"},
    {"evaluate": "dbindex"},
    {"evaluate": "derivative"},
    {"cluster": "kmeans", "evaluate": "elbow"},
    {"cluster": "hdbscan", "min_clust": 2},
    {"cluster": BisectingKMeans(random_state=0)},
    {"metric": "cosine", "linkage": "average"},
]
for choice in choices:
    labels = cl.cluster(**choice)
    print(f"{labels.max() + 1:3d} clusters, {np.sum(labels < 0):3d} unclustered: {choice}")

cl.plot_unique()
cl.clusteval.plot()

# %%
# A model file keeps no objects: give the extractor again when the model is loaded.
path = cl.save(Path(tempfile.mkdtemp()) / "colours.clustimage")
again = Clustimage.load(path, method=ColourCounts())
found = again.find(cl.results["pathnames"][40], k=3, alpha=None)
print(found["bricks_15.jpg"]["y_filenames"].tolist())

plt.show()
