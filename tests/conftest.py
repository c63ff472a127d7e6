"""What every test may use: the installed policy, and charts made of bare attestations."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from reasoner import Policy, load_policy
from reasoner.ground import resources
from reasoner.policy.axes import AxisValue, choose
from tests import explore

ROOT = Path(__file__).parent.parent
CASES = ROOT / "data" / "cases"
VERSION = "https://w3id.org/necessity/mp9556/2025-04-01/"
PREFIXES = """
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix iop: <https://w3id.org/necessity/mp9556/vocabulary#> .
@prefix adult-admission: <https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/> .
@prefix icd10cm: <http://hl7.org/fhir/sid/icd-10-cm/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <http://example.org/chart#> .
"""


_FIRST_PORT = 10_000 + os.getpid() % 200 * 100
_PORTS = iter(range(_FIRST_PORT, _FIRST_PORT + 100))

settings.register_profile("same", explore.SAME)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    if seconds := os.environ.get("NECESSITY_EXPLORE"):
        config.pluginmanager.register(explore.Exploration(float(seconds)))


def free_port() -> int:
    """A port for a server in a process of its own: nothing listens on it, and no other process of tests is given it."""
    for port in _PORTS:
        if not listens(port):
            return port
    raise RuntimeError("no port is free")


def eventually(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until a condition holds; the limit is far above what a slow machine takes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it does not hold after {seconds:g} seconds"
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether a server of this machine listens on a port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(listener: socket.socket, application: Any) -> Iterator[None]:
    """Serve an ASGI application on a listening socket, from a thread of this process."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def served(place: Path, **settings: Any) -> Iterator[str]:
    """The URL of a knowledge base's endpoint, as long as it is served."""
    from reasoner.store.endpoint import EndpointSettings, application

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with serving(listener, application(EndpointSettings(directory=place, port=port, **settings))):
            yield f"http://127.0.0.1:{port}/sparql"


def write_toy(root: Path) -> Path:
    """Write the toy policy of CONTRIBUTING.md to a folder, the later version of tests/versions beside it."""
    for name, text in re.findall(
        r"```turtle\n# (\S+\.ttl)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for kind in ("ontology", "shapes"):
        (root / kind / "toy" / "2031-01-01.ttl").write_text((ROOT / f"tests/versions/{kind}.ttl").read_text())
    return root


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy()


def kind(**words: str) -> tuple[AxisValue, ...]:
    """Values of the installed policy's axes by their words."""
    return choose(load_policy("mp9556").axes, words)


@dataclass(frozen=True)
class Attestation:
    """A bare statement to a criterion."""

    criterion: str
    assertion: str = "Affirmed"
    observed: str = "2025-06-02"
    recorded: str = "2025-06-02"

    def turtle(self, number: int) -> str:
        accepted = "nec:acceptedBy :reviewer ; " if self.criterion == "adult-admission:8-a-other" else ""
        return (
            f":s{number} a nec:Statement ; nec:about :request ; nec:assertion nec:{self.assertion} ; {accepted}"
            f"nec:addresses <{VERSION}{self.criterion.replace(':', '/')}> ; nec:documentedIn :note ; "
            f'nec:observed "{self.observed}"^^xsd:date ; nec:recorded "{self.recorded}"^^xsd:date .'
        )


def request(
    phase: str = "Admission",
    focus: str = "MentalHealth",
    birth: str = "1980-05-05",
    jurisdiction: str = "US-MO",
    start: str = "2025-06-02",
    end: str | None = "2025-07-02",
) -> str:
    """A request in Turtle, with prefixes and one document."""
    service_end = f'nec:serviceEnd "{end}"^^xsd:date ; ' if end else ""
    return f"""{PREFIXES}
:request a nec:ReviewRequest ; nec:phase nec:{phase} ; nec:focus nec:{focus} ; nec:asOf "2026-01-01"^^xsd:date ;
    nec:serviceStart "{start}"^^xsd:date ; {service_end}
    nec:member [ nec:birthDate "{birth}"^^xsd:date ] ; nec:plan [ nec:jurisdiction nec:{jurisdiction} ] .
:note a nec:Document ; dcterms:title "Note" ; dcterms:creator "R. Example" ; dcterms:issued "2025-06-02"^^xsd:date .
"""


def chart(attestations: Iterable[Attestation], **facts: str) -> str:
    """A chart in Turtle of bare attestations."""
    return request(**facts) + "\n".join(a.turtle(number) for number, a in enumerate(attestations))


@pytest.fixture(scope="module")
def core_alone(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The core vocabulary without the code systems beside it, which take most of the time of loading a small policy.

    The installed policy, which needs them, is loaded before.
    """
    folder = tmp_path_factory.mktemp("core")
    for path in resources.ONTOLOGY.glob("core*.ttl"):
        shutil.copy(path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "ONTOLOGY", folder)
        yield
