"""One server with pages for all tests of the pages: starting one takes seconds."""

from collections.abc import Iterator

import pytest

from tests.ui.site import Site, served


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Hearth with its pages."""
    with served(tmp_path_factory.mktemp("site")) as site:
        yield site
