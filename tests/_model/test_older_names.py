"""Code that was written for older tools reads what things are called here."""

import inspect

import pytest

from clustimage import Clustimage, InvalidParameterError
from clustimage._model.older_names import ARGUMENTS, METHODS


def quiet():
    return Clustimage(verbose="error")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Clustimage(ncores=4), r"^Clustimage\(\) has no argument 'ncores'. It is"),
        (lambda: Clustimage(store_to_disk=True), "arrays need no files"),
        (lambda: Clustimage(use_thumbnail_cache=True), "Give a 'dirpath'"),
        (lambda: quiet().set_params(tempdir="x"), "It is called 'dirpath'"),
        (lambda: quiet().fit("photos", min_csize=2), "It is called 'min_size'"),
        (lambda: quiet().cluster(alpha=0.3), "It is called 'time_weight'"),
        (lambda: quiet().fit_transform(fingerprints={}), "as 'features'"),
        (lambda: quiet().plot(figsize=(15, 10)), "set_size_inches"),
        (lambda: quiet().plot_find(invert_colors=True), "cmap='gray_r'"),
        (lambda: quiet().dendrogram(update_labels=True), "where 'max_d' is given"),
        (lambda: quiet().plot_map(dim=None), "the map shows thumbnails"),
        (lambda: quiet().save(filepath="model"), "It is called 'path'"),
        (lambda: Clustimage.load(filepath="model"), "It is called 'path'"),
    ],
)  # fmt: skip
def test_an_argument_of_an_older_tool_says_what_it_is_called(call, message):
    with pytest.raises(InvalidParameterError, match=message):
        call()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_an_older_tool_says_what_to_call(name):
    with pytest.raises(AttributeError, match=rf"no method {name}\(\)"):
        getattr(quiet(), name)
    assert not hasattr(Clustimage, name)
    named = METHODS[name].partition("(")[0]
    assert named.startswith("nothing") or hasattr(Clustimage, named)


def test_other_unknown_arguments_are_errors_of_python():
    for call in (Clustimage, quiet().fit_transform, quiet().cluster, quiet().find):
        with pytest.raises(TypeError, match=r"\w+\(\) got an unexpected keyword argument 'colour'"):
            call(colour=1)


def test_an_attribute_that_is_nowhere_is_an_error_of_python():
    with pytest.raises(AttributeError, match="object has no attribute 'nowhere'"):
        quiet().nowhere  # noqa: B018


def test_no_name_of_an_older_tool_is_a_name_of_ours():
    methods = {"Clustimage": Clustimage.__init__, **vars(Clustimage)}
    for name in ARGUMENTS:
        method, _, argument = name.rpartition(".")
        if method:
            assert argument not in inspect.signature(getattr(Clustimage, method)).parameters
        else:
            assert argument not in inspect.signature(methods["Clustimage"]).parameters
