"""The workplace as a server: whose pages may talk to it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from reasoner import Policy
from tests.walk.visitor import PATIENCE, start
from tests.workplace.sample_base import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[str]:
    process, url = start(build(tmp_path_factory.mktemp("server") / "kb", policy))
    yield url
    process.terminate()
    process.communicate(timeout=PATIENCE)


def handshake(host: str, origin: str | None) -> int:
    """The status with which the server answers a page of an origin that opens the framework's socket."""
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {**asked, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", **({"Origin": origin} if origin else {})}
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_first_page_has_an_address_of_its_own(workplace: str) -> None:
    with urllib.request.urlopen(f"{workplace}/worklist?queue=Mine", timeout=30) as answer:
        assert (answer.status, answer.url) == (200, f"{workplace}/?queue=Mine")


def test_a_page_of_another_site_opens_no_socket_and_sends_nothing(workplace: str) -> None:
    host = workplace.removeprefix("http://")
    port = host.partition(":")[2]
    foreign = ("https://evil.example", "http://127.0.0.1:9", f"http://localhost:{port}", "http://localhost", "null")
    assert handshake(host, workplace) == handshake(host, None) == 101
    assert [handshake(host, origin) for origin in foreign] == [403] * len(foreign)
    for origin in foreign:
        request = urllib.request.Request(workplace, headers={"Origin": origin}, method="POST", data=b"")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=30)
