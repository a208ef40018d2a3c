"""The class `Clustimage`, and the public functions: it requires, computes, stores and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger, set_logger
from clustimage._core.parameters import shown
from clustimage._core.public import public
from clustimage._distances.metrics import check_rows
from clustimage._model.base import with_params_cluster
from clustimage._model.clustering import ClusterMethods, run_cluster
from clustimage._model.corrections import CorrectionMethods
from clustimage._model.distributed import (
    EngineMethods,
    assign_to_clusters,
    check_distributable,
    engine_of,
    read_with_engine,
)
from clustimage._model.duplicates import DuplicateMethods
from clustimage._model.estimator import EstimatorMethods
from clustimage._model.export import ExportMethods
from clustimage._model.faces import FaceMethods
from clustimage._model.given_inputs import name_features, named_inputs
from clustimage._model.metadata import MetadataMethods
from clustimage._model.planning import PlanMethods
from clustimage._model.plots import PlotMethods
from clustimage._model.questions import QuestionMethods
from clustimage._model.removal import RemovalMethods
from clustimage._model.report import ReportMethods
from clustimage._model.row_order import embed_in_order
from clustimage._model.search import SearchMethods
from clustimage._model.settings import Settings
from clustimage._model.state import State
from clustimage._model.update import UpdateMethods
from clustimage.cluster import ClusterRequest
from clustimage.datasets import import_example, unzip, wget
from clustimage.embedding import make_embedder
from clustimage.features import (
    FeatureExtractor,
    PrecomputedExtractor,
    extract_hog,
    is_matrix,
    make_extractor,
    read_features,
)
from clustimage.images import (
    DEFAULT_EXTENSIONS,
    MAX_PIXELS,
    array_names,
    check_timestamps,
    imread,
    imresize,
    imscale,
    listdir,
    load_images,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from typing_extensions import Self

__all__ = [
    "Clustimage",
    "import_example",
    "imread",
    "imresize",
    "imscale",
    "listdir",
    "set_logger",
    "unzip",
    "wget",
]

logger = get_logger(__name__)


@public
class Clustimage(
    EstimatorMethods,
    PlotMethods,
    ReportMethods,
    ClusterMethods,
    FaceMethods,
    MetadataMethods,
    QuestionMethods,
    PlanMethods,
    ExportMethods,
    SearchMethods,
    DuplicateMethods,
    RemovalMethods,
    CorrectionMethods,
    UpdateMethods,
    EngineMethods,
):
    """Find the groups, the unique images and the most similar ones in a set of images.

    Parameters
    ----------
    method : str, object or None, default="pca"
        How an image becomes a row of features: ``"pca"``, ``"hog"``, ``"pca-hog"``,
        ``"color"``, ``"gist"``, ``"fisher"``, ``"ahash"``, ``"phash"``, ``"dhash"``,
        ``"whash-haar"``, ``"whash-db4"``, ``"colorhash"``, ``"crop-resistant"``; ``"cnn"``, the
        activations of a pretrained network; several of these joined by ``"+"``, such as
        ``"color+gist"``; ``"auto"``, ``"cnn"`` where it needs no download, else
        ``"color+gist"``; ``"exif"``, when and where it was taken; ``"precomputed"``, features
        that were computed elsewhere; None for the pixels themselves; or an object with ``fit``
        and ``transform`` that takes flat images, one per row.
    embedding : {"tsne", "umap", "pca"}, object or None, default="tsne"
        How the rows become a map in two dimensions; None takes the first two features.
    grayscale : bool, default=False
        Work on one channel instead of red, green and blue.
    dim : tuple of int, default=(128, 128)
        Height and width in pixels that every image is resized to.
    dim_face : tuple of int, default=(64, 64)
        Height and width of the crops of faces.
    dirpath : str or path, optional
        Folder for files that the model writes; by default a folder of its own below
        the system's temporary one. With a folder given, downloads stay there, and so
        do small images and features (in ``cache.sqlite``), by the content of the files
        and the settings that made them: the next run reads new and changed files only.
    ext : sequence of str, optional
        Extensions, in any case, of the files taken from a folder; by default all
        formats that can be read.
    params_pca : dict, default={"n_components": 0.95}
        A number of components, or the share of variance that they keep. As in every
        dict of settings, what is left out keeps its default.
    params_hog : dict, default={"orientations": 8, "pixels_per_cell": (8, 8), \
"cells_per_block": (1, 1)}
        As in `skimage.feature.hog`.
    params_hash : dict, default={"hash_size": 8, "binbits": 3, "max_segments": 4}
        Edge of the hash in bits; bits per bin of ``"colorhash"``; regions that
        ``"crop-resistant"`` keeps.
    params_cnn : dict, default={"model": "mobilenet_v2", "layer": None, \
"weights": "IMAGENET1K_V1", "batch_size": 32, "device": "auto", "precision": "float32", \
"n_components": None, "normalize": True}
        A classification model of torchvision, by name, ``"efficientnet_lite0"``,
        ``"timm/NAME"``, ``"open_clip/NAME"``, several of them with ``"+"`` between them, or
        a ``torch.nn.Module``; the layer whose output is taken, by name or index (None: the
        input of the classifier, the pooled output); the name of published weights, a file
        with a state dict, or None for random ones; photos per forward pass; ``"auto"``,
        ``"cpu"``, ``"cuda"``, ``"mps"``; ``"float32"``, ``"bfloat16"``, or ``"auto"`` for
        the faster one; PCA on the activations, as `n_components` in `params_pca`; rows of
        length 1.
    params_exif : dict, default={"timeframe": 5, "radius_meters": 1000, "min_samples": 2}
        Hours and metres up to which photos belong together, and how many photos make a
        group, for ``method="exif"``.
    params_cluster : dict, default={"cluster": "agglomerative", "evaluate": "silhouette", \
"min_clust": 3, "max_clust": 25, "n_clusters": None, …}
        All arguments of `cluster`: what it, `fit_transform` and `plan` take where they are
        called without.
    params_faces : dict, default={"detector": "haar", "model": None, "scale_factor": 1.1, \
"min_neighbors": 10, "min_size": 0.03, "min_score": 0.8, "max_side": 1280, "margin": 0.0, \
"align": True}
        How `extract_faces` looks for faces and cuts them out; see its page.
    random_state : int, RandomState, Generator or None, default=0
        Seed of everything that draws random numbers: the same seed, the same answer. A
        `numpy.random.RandomState` or ``Generator`` draws the seed of the model once, when the
        model is made.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.
    verbose : str or int, optional
        How much this model says, in the words of `clustimage.set_logger`. By default what
        that function was given last, which is ``"info"`` where it was not called.
    max_memory : int or str, optional
        Memory that images, features and work may take together, beside Python and its
        libraries: a number of bytes, ``"2GB"``, ``"500 MiB"``. Small images beyond half of
        it live in a file below `dirpath`; every step works in blocks, or by a method that
        needs less (see `plan`). By default half of what is free when images are read. A file
        that takes more than what is left of it while it is decoded is skipped.
    max_pixels : int, default=250,000,000
        Pixels above which a file is skipped, counted as it is decoded: a JPEG that is reduced
        meanwhile may have many more.
    params_find : dict, default={"null": "empirical", "pairs": "all"}
        Where the p-values of `find` come from: ``null`` is ``"empirical"``, the observed
        distribution of the distances of random pairs, ``"best"``, the one that fits best out
        of ``"norm"``, ``"expon"``, ``"uniform"``, ``"gamma"`` and ``"t"``, or one of these;
        ``pairs`` is ``"all"``, or ``"between"`` for pairs of different clusters alone.
    engine : {"local"}, str, distributed.Client or None, optional
        Where `fit_transform` reads, describes and labels images: None in this process;
        ``"local"`` in a process of Dask for each of `n_jobs`; the address of a Dask scheduler, or
        a client, on its workers. `dirpath` may then be the URL of an object store. See
        `dataset_`.
    params_engine : dict, default={"sample_size": 20_000, "partition_size": 2_000, \
"resources": None}
        With an engine: images up to which all are clustered together, beyond which a sample is
        and all others join its clusters; images that a task reads; what a worker must have, such
        as ``{"GPU": 1}``.

    Attributes
    ----------
    results : dict
        ``img`` ``(n, height*width*channels)`` uint8, ``feat`` ``(n, d)`` float32,
        ``xycoord`` ``(n, 2)`` float32, ``pathnames``, ``filenames``, ``labels`` and
        ``url`` ``(n,)``, and ``predict``, the last answer of `find`. What is not
        computed yet is None.
    results_unique : dict
        What `unique` returned last.
    results_faces : dict
        What `extract_faces` returned last.
    import_status : pandas.DataFrame
        A row for every input: whether it was read, and if not, why. Then a row for each file
        in a folder whose format is known and not read (camera raw, video), and for each
        folder that clustimage wrote.
    clusteval : clusteval.clusteval
        The evaluation of the number of clusters, with its plots.
    pca : pca.pca
        The principal components, with their plots, after ``method="pca"``.
    dataset_ : str
        Path or URL of the table of all images, a Parquet data set, after a run with an engine.
    distribution_ : NullDistribution
        The distribution of distances that the p-values of `find` come from.

    Raises
    ------
    InvalidParameterError
        If the name or the value of a parameter is not allowed.

    Examples
    --------
    >>> from clustimage import Clustimage, import_example
    >>> X, y = import_example("mnist")
    >>> cl = Clustimage(method="pca", embedding="pca", verbose="warning")
    >>> results = cl.fit_transform(X[:200])
    >>> results["feat"].shape[0], results["xycoord"].shape
    (200, (200, 2))
    """

    def __init__(
        self,
        method: Any = "pca",
        embedding: Any = "tsne",
        grayscale: bool = False,
        dim: tuple[int, int] = (128, 128),
        dim_face: tuple[int, int] = (64, 64),
        dirpath: str | PathLike[str] | None = None,
        ext: Sequence[str] = DEFAULT_EXTENSIONS,
        params_pca: dict[str, Any] | None = None,
        params_hog: dict[str, Any] | None = None,
        params_hash: dict[str, Any] | None = None,
        params_cnn: dict[str, Any] | None = None,
        params_exif: dict[str, Any] | None = None,
        params_cluster: dict[str, Any] | None = None,
        params_faces: dict[str, Any] | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = 0,
        n_jobs: int = -1,
        verbose: str | int | None = None,
        max_memory: int | str | None = None,
        max_pixels: int = MAX_PIXELS,
        params_find: dict[str, Any] | None = None,
        engine: Any = None,
        params_engine: dict[str, Any] | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in self._param_names()}
        self._settings = Settings.resolve(given)
        self._state = State()

    # --- the chain ------------------------------------------------------------------------------

    @with_params_cluster
    def fit_transform(
        self,
        X: Any = None,
        y: Any = None,
        *,
        features: Any = None,
        normalize: bool = False,
        cluster: Any = "agglomerative",
        evaluate: str = "silhouette",
        metric: str = "euclidean",
        linkage: str | None = None,
        min_clust: int = 3,
        max_clust: int | None = None,
        cluster_space: str | None = None,
        n_clusters: int | None = None,
        min_size: int = 1,
        sim: float | None = None,
        time_weight: float = 0.0,
        timestamps: Any = "auto",
        place_weight: float = 0.0,
        cannot_link: Any = None,
        micro_clusters: int | None = None,
        level: int | str | None = None,
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
    ) -> dict[str, Any]:
        """Run the whole chain: import, features, map, clusters and unique images.

        Parameters
        ----------
        X : str, path, list, array or DataFrame, optional
            Images in any form that `import_data` takes. May be left out with `features`:
            plots then draw dots. With ``method="precomputed"`` a matrix is the features.
        y : None
            Ignored; there so that the object fits into scikit-learn's tools.
        features, normalize
            As for `extract_feat`: features that were computed elsewhere. With an engine they
            are read from Parquet files: a folder, a prefix of an object store, or paths.
        cluster, evaluate, metric, linkage, min_clust, max_clust, cluster_space, \
n_clusters, min_size, sim, time_weight, timestamps, \
place_weight, cannot_link, micro_clusters, level
            As for `cluster`; what is left out is as `params_cluster` says.
        black_list, recursive
            As for `import_data`.

        Returns
        -------
        dict
            `results`, described with the class.

        Raises
        ------
        ImageReadError
            If there is no image at all.
        InvalidParameterError
            If a value is not allowed; the arguments of `cluster` are checked before
            any work is done.
        MemoryLimitError
            If a step takes more than `max_memory`. Where the features would, that is found
            before images are read, unless there is a `dirpath`, in which they may be known.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> int(cl.fit_transform(X[:100], n_clusters=10)["labels"].max())
        9
        """
        request = ClusterRequest(
            cluster=cluster,
            evaluate=evaluate,
            metric=metric,
            linkage=linkage,
            min_clust=min_clust,
            max_clust=max_clust,
            n_clusters=n_clusters,
            min_size=min_size,
            sim=sim,
            time_weight=time_weight,
            place_weight=place_weight,
            cannot_link=cannot_link,
            micro_clusters=micro_clusters,
            cluster_space=cluster_space,
            level=level,
        )
        request.check_method(self._settings.method)
        check_timestamps(timestamps)
        self._new_budget()
        if features is None and self._settings.method == "precomputed" and is_matrix(X):
            features, X = X, None
        if self._settings.engine is not None:
            extractor = make_extractor(self._settings.method, self._settings.params)
            check_distributable(request, extractor if features is None else PrecomputedExtractor())
            with engine_of(self) as engine:
                request = read_with_engine(
                    self,
                    engine,
                    X,
                    features,
                    request,
                    normalize=normalize,
                    black_list=black_list,
                    recursive=recursive,
                )
                self.embedding()
                run_cluster(self, request, timestamps)
                assign_to_clusters(self, engine)
            return self.results
        if features is None:
            extractor = make_extractor(self._settings.method, self._settings.params)
            extractor.prepare(self._cache())
            self._check_before(extractor, request, X, black_list, recursive)
            self._import(X, black_list, recursive)
            self._extract(extractor)
        else:
            rows = read_features(features)
            request.check_n_images(len(rows))
            if X is not None:
                self._check_rows(rows, X, black_list, recursive)
                self._import(X, black_list, recursive)
            self._take(rows, normalize, with_images=X is not None)
            name_features(self._state, features)
        self.embedding()
        run_cluster(self, request, timestamps)
        return self.results

    def fit(self, X: Any = None, y: Any = None, **options: Any) -> Self:
        """Run the whole chain and return the object itself.

        Parameters
        ----------
        X : str, path, list, array or DataFrame, optional
            As for `fit_transform`.
        y : None
            Ignored; there so that the object fits into scikit-learn's tools.
        **options
            As for `fit_transform`.

        Returns
        -------
        self

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> len(cl.fit(X[:100]).labels_)
        100
        """
        self.fit_transform(X, **options)
        return self

    def fit_predict(self, X: Any = None, y: Any = None, **options: Any) -> np.ndarray:
        """Run the whole chain and return the labels.

        Parameters
        ----------
        X, y, **options
            As for `fit`.

        Returns
        -------
        ndarray of shape (n,), int
            A label per image, as in ``results["labels"]``.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.fit_predict(X[:100]).shape
        (100,)
        """
        return self.fit(X, **options).labels_

    def import_data(
        self, Xraw: Any, *, black_list: Sequence[str] | None = None, recursive: bool = True
    ) -> dict[str, Any]:
        """Read images: orientation, colour, gray, scale and size.

        Parameters
        ----------
        Xraw : str, path, list, array or DataFrame
            A folder, or one of an object store such as ``"s3://bucket/photos"``; a file;
            a list of files and URLs; a DataFrame with a column of them, or of flattened
            images whose index holds names; flattened images ``(n, m)``; images
            ``(n, h, w)`` or ``(n, h, w, c)``; a list of arrays or PIL images of any sizes.
        black_list : list of str, optional
            Names of folders and files to leave out, with ``*`` and ``?`` as in a shell; see
            `listdir`. What clustimage wrote into folders is left out by itself.
        recursive : bool, default=True
            Go into the folders of a folder.

        Returns
        -------
        dict
            `results` with ``img``, ``pathnames``, ``filenames`` and ``url``. What was
            skipped, and why, is in `import_status`.

        Raises
        ------
        ImageReadError
            If there is no image at all, or the path does not exist.
        InvalidDataError
            If an array has no known shape, or NaN, missing or masked values in it, or a
            DataFrame several columns that may be the paths.

        Examples
        --------
        >>> import numpy as np
        >>> cl = Clustimage(dim=(16, 16), verbose="warning")
        >>> cl.import_data(np.full((3, 40, 30, 3), 7, dtype=np.uint8))["img"].shape
        (3, 768)
        """
        self._new_budget()
        return self._import(Xraw, black_list, recursive)

    def _import(
        self, Xraw: Any, black_list: Sequence[str] | None, recursive: bool
    ) -> dict[str, Any]:
        settings = self._settings
        images = load_images(
            Xraw,
            dim=settings.dim,
            grayscale=settings.grayscale,
            ext=settings.ext,
            recursive=recursive,
            black_list=black_list,
            n_jobs=settings.n_jobs,
            download_dir=settings.dirpath,
            cache=self._cache(),
            budget=self._chain_budget(),
            max_pixels=settings.max_pixels,
        )
        logger.info("Images: %s, of %d x %d pixels.", f"{len(images):,}", *images.shape[:2])
        self._state.images = images
        self._state.store(
            inputs=named_inputs(Xraw, black_list, recursive),
            img=images.flat,
            pathnames=images.pathnames,
            filenames=images.filenames,
            url=images.url,
        )
        return self.results

    def extract_feat(
        self, Xraw: Any = None, *, features: Any = None, normalize: bool = False
    ) -> np.ndarray:
        """Turn the images into rows of features with the `method` of the model, or take them.

        Parameters
        ----------
        Xraw : dict, optional
            What `import_data` returned; by default `results`. Anything else is given
            to `import_data` first.
        features : array-like of shape (n, d), DataFrame, tensor or path, optional
            Features that were computed elsewhere, for example by DINOv2 or CLIP, to be taken
            in place of those of `method`: a row for each input in the order in which the
            inputs were given, those that could not be read included. A path is that of a
            ``.npy`` file. Without images, the rows are all there is.
        normalize : bool, default=False
            Scale each row of `features` to length 1: Euclidean distances then order as cosine
            distances do.

        Returns
        -------
        ndarray of shape (n, d), float32
            A row per image; also in ``results["feat"]``.

        Raises
        ------
        StepOrderError
            If there are no images yet.
        InvalidDataError
            If `features` are no finite matrix with a row for each input.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.extract_feat(cl.import_data(X[:50])).dtype
        dtype('float32')
        >>> cl.extract_feat(features=X[:50] / 16).shape
        (50, 64)
        """
        if Xraw is not None and Xraw is not self.results:
            self.import_data(Xraw)
        if features is not None:
            with_images = self._state.images is not None
            rows = self._take(read_features(features), normalize, with_images=with_images)
            name_features(self._state, features)
            return rows
        self._state.require("img")
        return self._extract(make_extractor(self._settings.method, self._settings.params))

    def _take(self, rows: np.ndarray, normalize: bool, *, with_images: bool) -> np.ndarray:
        """Take features as they are; without images, under names of their own."""
        extractor, state = PrecomputedExtractor(normalize=normalize), self._state
        if with_images:
            inputs = [row for row in state.images_read().status if row.is_input]
            read = np.array([row.status == "ok" for row in inputs])
            rows = read_features(rows, n_rows=len(read))[read]
        else:
            names = np.array(array_names(len(rows)), dtype=object)
            state.images = None
            state.store(
                inputs=None,
                img=None,
                pathnames=names,
                filenames=names,
                url=np.full(len(names), None),
            )
        feat: np.ndarray = extractor.fit_transform(rows)
        logger.info("Features: %s rows of %d columns, as given.", f"{len(feat):,}", feat.shape[1])
        state.store(feat=feat, extractor=extractor)
        return feat

    def _extract(self, extractor: FeatureExtractor) -> np.ndarray:
        images, budget = self._state.images_read(), self._budget_for("feat", "xycoord")
        feat = extractor.fit_images(images, budget=budget)
        method = shown(self._settings.method)
        logger.info("Features per image: %d, by the method %s.", feat.shape[1], method)
        self._state.store(feat=feat, extractor=extractor)
        return feat

    def embedding(self, feat: Any = None) -> np.ndarray:
        """Embed the features on a map of two dimensions.

        Parameters
        ----------
        feat : ndarray of shape (n, d), optional
            By default ``results["feat"]``.

        Returns
        -------
        ndarray of shape (n, 2), float32
            A point per image; also in ``results["xycoord"]``.

        Raises
        ------
        StepOrderError
            If there are no features yet.
        InvalidDataError
            If `feat` is no finite matrix with a row for each image.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.embedding(cl.extract_feat(cl.import_data(X[:50]))).shape
        (50, 2)
        """
        n_images = len(self._state.require("feat"))
        feat = self.results["feat"] if feat is None else check_rows("feat", feat)
        if len(feat) != n_images:
            raise InvalidDataError(
                f"'feat' must have a row for each of {n_images} images. Got {len(feat)}."
            )
        embedder = make_embedder(self._settings.embedding, self._settings.params)
        logger.info(
            "Embedding %s images on a map by %s.",
            f"{len(feat):,}",
            shown(self._settings.embedding),
        )
        xycoord = embed_in_order(self._state, embedder, feat, self._budget_for("xycoord"))
        self._state.store(xycoord=xycoord, embedder=embedder)
        return xycoord

    imread = staticmethod(imread)
    imscale = staticmethod(imscale)
    import_example = staticmethod(import_example)
    extract_hog = staticmethod(extract_hog)
