"""
Groups in a folder of photos
============================

The whole chain on 300 photos of 12 scenes: read them, find the groups, the photo that stands for
each group, and the photos most like a given one.
"""

# %%
# One call reads, describes, embeds and clusters. Instead of ``photos`` give the path of a
# folder of your own.
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, import_example

photos = import_example("photos")
cl = Clustimage(method="pca", verbose="warning")
results = cl.fit_transform(photos)

n_images, n_clusters = len(results["labels"]), len(cl.results_unique["labels"])
print(f"{n_images} photos, {results['feat'].shape[1]} features each, {n_clusters} clusters")

# %%
# The folders are the scenes; the model has not seen them. An adjusted Rand index of 1 is full
# agreement, 0 is chance.
scenes = [Path(path).parent.name for path in results["pathnames"]]
print(f"adjusted Rand index {adjusted_rand_score(scenes, results['labels']):.2f}")

# %%
# The map: a dot is a photo, a picture the average of a cluster.
cl.scatter()

# %%
# The photo that stands for each cluster.
cl.plot_unique(img_mean=False)

# %%
# All photos of the two largest clusters.
cl.plot(labels=[0, 1])

# %%
# Why this number of clusters: the mean silhouette of each.
cl.clusteval.plot()

# %%
# The tree that was cut.
cl.dendrogram()

# %%
# The five photos most like the first one, which is the nearest to itself.
found = cl.find(results["pathnames"][0], k=5, alpha=None)
print(found["astronaut_00.jpg"][["y_filenames", "distance", "y_proba"]])
cl.plot_find()

# %%
# Another grouping is quick: nothing is read again.
cl.cluster(n_clusters=6)
print(cl.to_frame()["label"].value_counts())

plt.show()
