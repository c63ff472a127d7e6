"""What several unit tests need of files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from reasoner import paths


@pytest.fixture(scope="module")
def core_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The core vocabulary without the code systems beside it, which take most of the time of loading a small policy."""
    folder = tmp_path_factory.mktemp("core")
    for path in paths.ONTOLOGY.glob("core*.ttl"):
        shutil.copy(path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "ONTOLOGY", folder)
        yield
