import pytest

from clustimage._core.errors import MissingDependencyError
from clustimage._core.optional import import_optional


def test_a_package_that_is_there_is_returned():
    assert import_optional("json", extra="x", needed_by="this").loads("[1]") == [1]


def test_a_package_that_is_missing_says_how_to_install_it():
    with pytest.raises(
        MissingDependencyError, match=r"embedding='umap' needs .*\[umap\]'"
    ) as caught:
        import_optional("no_such_package", extra="umap", needed_by="embedding='umap'")
    assert isinstance(caught.value, ImportError)
