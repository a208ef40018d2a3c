"""
Inception, PCA, t-SNE, k-means, elbow
=====================================

What many notebooks do in ten lines: features of Inception v3 (2,048 numbers), 50 principal
components of them, a t-SNE map, k-means on the map for every k, the knee of the curve, and a folder
of links per cluster. The weights (104 MB) are downloaded once. Needs
``pip install "clustimage[cnn]"``.
"""

# %%
# The ten lines. Instead of ``photos`` and ``folder`` give the paths of folders of your own.
import tempfile

import matplotlib.pyplot as plt

from clustimage import Clustimage, import_example

photos, folder = import_example("photos"), tempfile.TemporaryDirectory()
settings = {"model": "inception_v3", "n_components": 50}
cl = Clustimage(method="cnn", params_cnn=settings, embedding="tsne", verbose="warning")
cl.fit_transform(
    photos, cluster="kmeans", evaluate="elbow", min_clust=1, max_clust=101, cluster_space="low"
)
cl.clusteval.plot()
links = cl.to_dirs(folder.name + "/groups")

# %%
# What came out: features, the knee of the curve, links.
print(f"{cl.results['feat'].shape} features, {cl.results['labels'].max() + 1} clusters")
print(links["status"].value_counts())
folder.cleanup()

# %%
# The map that was clustered.
cl.scatter(zoom=None)

plt.show()
