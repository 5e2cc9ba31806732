"""No test touches the folders of the person who runs it."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("RNNVIZ_STORE", "RNNVIZ_CONTENT"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        yield
