"""The commands of the workplace: the folder of its drafts and audit trail."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.cli import main
from reasoner.ground.errors import UsageError
from reasoner.workplace.settings import workplace_folder


def test_the_folder_is_in_the_knowledge_base_unless_it_is_named(tmp_path: Path) -> None:
    assert workplace_folder(str(tmp_path)) == tmp_path / "workplace"
    assert workplace_folder("http://example.org/query", tmp_path / "drafts") == tmp_path / "drafts"
    for location in ("", "http://example.org/query"):
        with pytest.raises(UsageError, match="Give --workplace DIR"):
            workplace_folder(location)


def test_the_folder_of_an_earlier_version_is_not_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "desk").mkdir()
    for command in (["app"], ["audit", "verify"], ["audit", "list"]):
        assert main([*command, "--kb", str(tmp_path)]) == 2
        assert (
            f"{tmp_path / 'desk'}: drafts and audit trail are in the folder of an earlier version"
            in capsys.readouterr().err
        )
    (tmp_path / "desk").rename(tmp_path / "workplace")
    assert workplace_folder(str(tmp_path)) == tmp_path / "workplace"
