"""Configuration: a payer's choice among the readings of a policy's ambiguous passages, written as RDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rdflib import Graph

from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.model import Policy, PolicyVersion
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS


@dataclass(frozen=True)
class Configuration:
    """Readings chosen in place of the policy's defaults, and who chose them."""

    iri: str
    label: str
    author: str
    readings: frozenset[str]
    """IRIs of the chosen readings, of any version."""
    digest: str
    """SHA-256 of the graph, in hexadecimal."""

    def choices(self, version: PolicyVersion) -> Mapping[str, str]:
        """Interpretation id to reading id, as `reasoner.policy.effective.choose_readings` takes it, for one version."""
        return {
            interpretation.id: reading.id
            for interpretation in version.interpretations
            for reading in interpretation.readings
            if reading.iri in self.readings
        }


def read_configuration(path: str | Path, policy: Policy) -> Configuration:
    """Read a payer's choice of readings from an RDF file that holds one `nec:Configuration`.

    Raises:
        DocumentationError: the file cannot be read.
        PolicyError: it holds no configuration or several, names a reading that the policy does not have, or two
            readings of one passage.
    """
    source = str(path)
    data = _read(Path(path))
    found = sorted(data.subjects(RDF.type, NEC.Configuration))
    if len(found) != 1:
        raise PolicyError(
            f"it holds {len(found)} resources of the class nec:Configuration", where=source, mend="State exactly one"
        )
    node = found[0]
    known = {
        reading.iri: (version.id, interpretation.id)
        for version in policy.versions
        for interpretation in version.interpretations
        for reading in interpretation.readings
    }
    chosen = sorted(str(reading) for reading in data.objects(node, NEC.chosenReading))
    if not chosen:
        raise PolicyError("it chooses no reading", where=source, mend="State nec:chosenReading")
    passages: dict[tuple[str, str], str] = {}
    for reading in chosen:
        if reading not in known:
            raise PolicyError(
                f"the policy has no reading <{reading}>",
                where=source,
                mend="`necessity policy show --readings` lists them",
            )
        rival = passages.setdefault(known[reading], reading)
        if rival != reading:
            raise PolicyError(
                f"<{rival}> and <{reading}> are readings of one passage", where=source, mend="Choose one of them"
            )
    return Configuration(
        iri=str(node),
        label=graphs.text(data, node, SKOS.prefLabel),
        author=graphs.text(data, node, DCTERMS.creator),
        readings=frozenset(chosen),
        digest=graphs.digest(graphs.canonical(data)),
    )


def _read(path: Path) -> Graph:
    suffix = path.suffix.lower()
    if suffix not in parsing.SYNTAXES:
        raise DocumentationError(
            f"unknown file type {suffix!r}", where=str(path), mend=f"Known: {' '.join(parsing.SYNTAXES)}"
        )
    merged = Graph(bind_namespaces="none")
    for found in parsing.parse_datasets(parsing.read_bytes(path), parsing.SYNTAXES[suffix], str(path)):
        merged += found.graph
    return merged
