"""A URL's token is used to fetch and is neither shown nor kept, by any command and in any format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.batch.state import BatchState
from reasoner.chart import remote, sources
from reasoner.chart.fast import piece
from reasoner.chart.intake import read_all
from reasoner.chart.packing import file_type
from reasoner.cli import main
from reasoner.cli.formats import FORMATS, STREAMS
from reasoner.ground import urls
from reasoner.ground.errors import UsageError
from tests.conftest import Attestation, chart

fsspec = pytest.importorskip("fsspec", reason="fsspec (extra remote) is not installed")

TOKEN = "S3CRETTOKEN"
TURTLE = chart([Attestation("adult-admission:3")])


@pytest.fixture
def bucket() -> Iterator[str]:
    """A store of which each file wants the token, as presigned URLs do."""
    system = fsspec.filesystem("memory")
    system.pipe(f"/bucket/chart.ttl?sig={TOKEN}", TURTLE.encode())
    system.pipe(f"/bucket/chart.ttl?sig={TOKEN}2", TURTLE.replace("example.org/chart", "example.org/other").encode())
    system.pipe(f"/bucket/broken.ttl?sig={TOKEN}", b"<a> <b> .")
    yield "memory://bucket"
    system.store.clear()


def refuse_token(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> str:
    """What was said, once neither that nor a file in a folder has the token."""
    captured = capsysbinary.readouterr()
    told = (captured.out + captured.err).decode(errors="replace")
    assert TOKEN not in told
    for file in folder.rglob("*"):
        assert TOKEN not in file.name
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file
    return told


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_has_the_token(
    form: str, bucket: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BatchState, "discard", BatchState.close)
    names = [f"{bucket}/{name}.ttl?sig={TOKEN}" for name in ("chart", "broken", "missing")]
    options = ["--format", form, "--out", str(tmp_path / "out")]
    if form in STREAMS:
        options += ["--lineage", str(tmp_path / "lineage.json"), "--quarantine", str(tmp_path / "quarantine")]
    assert main(["determine", *names[:2], *options]) in (0, 3)
    assert (tmp_path / "out.state").exists() == (form in STREAMS)
    refuse_token(tmp_path, capsysbinary)
    assert main(["determine", *names[1:2], "--format", form]) == 2
    assert "memory://bucket/broken.ttl?...:" in refuse_token(tmp_path, capsysbinary)
    assert main(["determine", *names, *options]) == 2
    assert "memory://bucket/missing.ttl?...: there is no such file" in refuse_token(tmp_path, capsysbinary)


def test_no_command_has_the_token(bucket: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    base = str(tmp_path / "base")
    for name in (f"{bucket}/chart.ttl?sig={TOKEN}", f"{bucket}/broken.ttl?sig={TOKEN}"):
        for command in (
            ["intake", name, "--report", str(tmp_path / "report.json"), "--to", "turtle", "--out", str(tmp_path / "c")],
            ["intake", name],
            ["explain", name],
            ["validate", name],
            ["kb", "load", name, "--kb", base],
            ["abstract", name],
            ["determine", "chart.ttl", "--out", name],
            ["intake", name, name, "--no-such-option", name],
        ):
            with suppress(SystemExit):  # of the parser
                main(command)
            refuse_token(tmp_path, capsysbinary)


def test_urls_that_differ_in_their_query_are_told_apart(policy: Policy, bucket: str) -> None:
    names = [f"{bucket}/chart.ttl?sig={TOKEN}", f"{bucket}/chart.ttl?sig={TOKEN}2"]
    results = list(read_all(names, policy))
    assert len({case.iri for result in results for case in result.cases}) == 2
    assert len({result.source for result in results}) == 2
    found = [part.files for part in piece.pieces([*names, names[0]])]
    assert found == [(result.source,) for result in results], "the same again is read once"
    assert list(sources.find(found[0])) == [*found[0]], "a name stands for its URL"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a.nq.gz?sig=x/y.ttl&b=a@c", "https://host/a.nq.gz?..."),
        ("https://host/a.nq#x", "https://host/a.nq?..."),
        ("https://user:pass@host/a.nq", "https://host/a.nq?..."),
        ("https://token@host/a.nq?x", "https://host/a.nq?..."),
        ("s3://key:sec/ret@bucket/a.nq", "s3://?..."),
        ("abfs://container@host/a.nq?sig=1", "abfs://container@host/a.nq?..."),
        ("zip://charts/a.nq::https://host/x.zip?sig=1", "zip://charts/a.nq::https://host/x.zip?..."),
        ("simplecache::https://host/a.nq?sig=1", "simplecache::https://host/a.nq?..."),
        ("https://host/a.nq?a::b&sig=1", "https://host/a.nq?...::?..."),
        ("https://host:8080/a.nq", "https://host:8080/a.nq"),
        ("s3://bucket/part-?.nq", "s3://bucket/part-?.nq"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert urls.shown(url) == shown
    assert urls.shown(shown) == shown
    assert urls.named(urls.named(url)) == urls.named(url)
    assert urls.text_shown(f"GET '{url}' failed") == f"GET '{shown}' failed"


@pytest.mark.parametrize(
    "name",
    [
        "https:/host/a.nq",
        "https:host/a.nq",
        "https//host/a.nq",
        "htps://host/a.nq",
        "zap::bad://host/a.nq",
        "charts/a.nq",
    ],
)
def test_a_mistyped_url_keeps_its_token(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "compact"):
        assert main(["determine", f"{name}?sig=SECRET", "--format", form]) in (2, 3)
        said = capsys.readouterr()
        assert "SECRET" not in said.out + said.err
        assert f"{name}?..." in said.err
        assert "Write" in said.err or name.startswith("charts")


@pytest.mark.parametrize(
    "url", ["https://host/a.nq.gz?sig=x/y.ttl", "zip://a/b.nq.gz::https://host/x.zip?sig=1", "s3://bucket/a.nq.gz?...2"]
)
def test_the_type_stands_before_the_query(url: str) -> None:
    assert file_type(url) == (".nq", ".gz")


def test_a_file_that_ends_early_is_rejected(policy: Policy, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store says that it is longer than what comes, which may be whole graphs."""
    size = len(TURTLE.encode())

    class Cut(io.BytesIO):
        size = len(TURTLE.encode()) + 1

    monkeypatch.setattr(fsspec.filesystem("memory"), "open", lambda *_: Cut(TURTLE.encode()))
    (result,) = read_all([f"{bucket}/chart.ttl?sig={TOKEN}"], policy)
    assert not result.cases
    assert f"it ends after {size:,} of {size + 1:,} bytes. Run it again" in str(result.errors[0])


def test_a_file_of_an_archive_at_a_url_is_read(policy: Policy, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("charts/a.ttl", TURTLE)
    for path in ("charts/a.ttl", "charts", "charts/*.ttl"):
        (result,) = read_all([f"zip://{path}::file://{tmp_path}/x.zip"], policy)
        assert result.source.startswith("zip://charts/a.ttl::file://")
        assert len(result.cases) == 1


def test_a_url_without_a_file_type_is_rejected(policy: Policy, bucket: str) -> None:
    fsspec.filesystem("memory").pipe(f"/bucket/download?id={TOKEN}", b"")
    (result,) = read_all([f"{bucket}/download?id={TOKEN}"], policy)
    assert "the URL ends in no file type. Name a file" in str(result.errors[0])


def test_what_a_server_refuses_is_told(monkeypatch: pytest.MonkeyPatch, policy: Policy) -> None:
    """HTTP gives a file only after it was asked for; its libraries quote the URL in what they raise."""
    url = f"https://host/chart.ttl?sig={TOKEN}"

    class Refusing:
        protocol = ("http", "https")

        def info(self, path: str, *_: str) -> None:
            refusal = OSError(f"403, message='Forbidden', url='{path}'")
            refusal.status = 403  # type: ignore[attr-defined]
            raise FileNotFoundError(path) from refusal

        open = info

        def __getattr__(self, name: str) -> object:
            return lambda path, *_: [] if name == "glob" else False

    monkeypatch.setattr(remote, "_system", lambda name: (Refusing(), urls.url_of(name)))
    (result,) = read_all([url], policy)
    assert str(result.errors[0]) == "https://host/chart.ttl?...: it cannot be read: the server says 403 Forbidden"
    with pytest.raises(UsageError, match="there is no such file"):
        list(read_all(["https://host/charts/*.ttl"], policy))


def test_an_export_at_urls_is_one_export() -> None:
    assert urls.folder_of("zip://a/b.ndjson::https://host/x.zip?...") == "zip://a::https://host/x.zip?..."
    assert urls.folder_of("https://host/a/b.ndjson?...2") == "https://host/a"
    assert urls.folder_of("a/b.ndjson") == "a"
