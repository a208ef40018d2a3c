"""
Arrays: handwritten digits
==========================

Images need no files: 800 digits as one array, 200 more as new images. They get a label of the old
groups, and the digits most like them.
"""

# %%
# A row is a digit of 8 by 8 pixels; the shape is guessed.
import matplotlib.pyplot as plt
import numpy as np

from clustimage import Clustimage, import_example

X, y = import_example("mnist")
old, new = slice(0, 800), slice(800, 1000)

cl = Clustimage(method="pca", verbose="warning")
cl.fit_transform(X[old], n_clusters=12)
print(cl.shape_)

# %%
# Average image of each cluster. ``zoom`` is the width of a pixel in points: small images need more.
cl.plot_unique(cmap="binary")
cl.scatter(zoom=4, cmap="binary")

# %%
# The digit that stands for each cluster.
unique = cl.results_unique
print(dict(zip(unique["labels"].tolist(), y[unique["idx"]].tolist(), strict=True)))

# %%
# New digits get the label of the nearest cluster. Read each label as the digit that most of its
# members show:
meaning = [np.bincount(y[old][cl.labels_ == label]).argmax() for label in unique["labels"]]
guess = np.array(meaning)[cl.predict(X[new])]
print(f"{np.mean(guess == y[new]):.0%} of the new digits are read right")

# %%
# The most similar digits for three new ones: the ten nearest,
cl.find(X[800:803], k=10, alpha=None)
cl.plot_find(cmap="binary")

# %%
# or as many as are significantly near. The p-value comes from the distances between random pairs.
found = cl.find(X[800:803], alpha=0.01)
print({name: len(table) for name, table in found.items() if name != "feat"})
print(cl.distribution_.name, cl.distribution_.params)

plt.show()
