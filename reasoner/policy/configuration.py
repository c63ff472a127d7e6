"""Configurations: a payer's choice among the readings of a policy, and of its parameters, as RDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rdflib import Graph, Literal
from rdflib.term import Node

from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.model import Policy, PolicyParameter, PolicyVersion
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS, XSD


@dataclass(frozen=True)
class Configuration:
    """The readings and parameters that a payer sets in place of the policy's own."""

    iri: str
    label: str
    author: str
    readings: frozenset[str]
    """IRIs of the chosen readings, of any version."""
    parameters: tuple[tuple[str, int], ...]
    """IRI and value of each parameter that is set, in the order of the IRIs; for every version that states it."""
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


@lru_cache(maxsize=8)
def configured(policy: Policy, configuration: Configuration | None) -> Policy:
    """A policy with the parameters that a configuration sets; the policy itself where that changes nothing.

    Readings are not applied: `Configuration.choices` gives them to `reasoner.policy.effective.choose_readings`.
    """
    if configuration is None:
        return policy
    values = dict(configuration.parameters)
    versions = tuple(_configured(version, values) for version in policy.versions)
    return policy if versions == policy.versions else replace(policy, versions=versions)


def _configured(version: PolicyVersion, values: Mapping[str, int]) -> PolicyVersion:
    parameters = {
        iri: replace(parameter, value=values.get(iri, parameter.default))
        for iri, parameter in version.parameters.items()
    }
    return version if parameters == version.parameters else replace(version, parameters=parameters)


def read_configuration(path: str | Path, policy: Policy) -> Configuration:
    """Read a payer's readings and parameters from an RDF file that holds one `nec:Configuration`.

    Raises:
        DocumentationError: the file cannot be read.
        PolicyError: it holds no configuration or several, or one that is empty; it names a reading that the policy does
            not have, or two readings of one passage; or a parameter is no whole number in its range, is given twice, or
            is stated by no version.
    """
    source = str(path)
    data = _read(Path(path))
    configurations = list(data.subjects(RDF.type, NEC.Configuration))
    if len(configurations) != 1:
        raise PolicyError(
            f"it holds {len(configurations)} resources of the class nec:Configuration",
            where=source,
            mend="State exactly one",
        )
    node = configurations[0]
    passage_of = {
        reading.iri: (version.id, interpretation.id)
        for version in policy.versions
        for interpretation in version.interpretations
        for reading in interpretation.readings
    }
    chosen = sorted(str(reading) for reading in data.objects(node, NEC.chosenReading))
    parameters = _parameters(data, node, policy, f"{source}: <{node}>")
    if not chosen and not parameters:
        raise PolicyError(
            "it sets nothing", where=source, mend="State nec:chosenReading, or a parameter such as nec:ageOfMajority"
        )
    passages: dict[tuple[str, str], str] = {}
    for reading in chosen:
        if reading not in passage_of:
            raise PolicyError(
                f"the policy has no reading <{reading}>",
                where=source,
                mend="`necessity policy show --readings` lists them",
            )
        rival = passages.setdefault(passage_of[reading], reading)
        if rival != reading:
            raise PolicyError(
                f"<{rival}> and <{reading}> are readings of one passage", where=source, mend="Choose one of them"
            )
    return Configuration(
        iri=str(node),
        label=graphs.text(data, node, SKOS.prefLabel),
        author=graphs.text(data, node, DCTERMS.creator),
        readings=frozenset(chosen),
        parameters=parameters,
        digest=graphs.digest(graphs.canonical(data)),
    )


def _parameters(data: Graph, node: Node, policy: Policy, where: str) -> tuple[tuple[str, int], ...]:
    """The parameters that a configuration states, by IRI; raises `PolicyError` for any property that it cannot have."""
    stated: dict[str, PolicyParameter] = {}
    for version in policy.versions:
        stated |= version.parameters
    parameters: dict[str, int] = {}
    for iri, value in sorted(data.predicate_objects(node)):
        parameter = stated.get(str(iri))
        if parameter is None:
            if str(iri).startswith(policy.namespaces) and iri != NEC.chosenReading:
                raise PolicyError(
                    f"{iri} is no parameter of the policy", where=where, mend=f"Parameters: {', '.join(sorted(stated))}"
                )
            continue
        if parameter.iri in parameters:
            raise PolicyError(f"{iri} has two values", where=where, mend="State one")
        number = value.toPython() if isinstance(value, Literal) and value.datatype == XSD.integer else None
        if not isinstance(number, int) or not parameter.minimum <= number <= parameter.maximum:
            raise PolicyError(
                f"{iri} cannot be {value.n3()}",
                where=where,
                mend=f"State a whole number from {parameter.minimum} to {parameter.maximum}",
            )
        parameters[parameter.iri] = number
    return tuple(parameters.items())


def _read(path: Path) -> Graph:
    suffix = path.suffix.lower()
    if suffix not in parsing.SYNTAXES:
        raise DocumentationError(
            f"unknown file type {suffix!r}", where=str(path), mend=f"Known: {' '.join(parsing.SYNTAXES)}"
        )
    merged = Graph(bind_namespaces="none")
    for dataset in parsing.parse_datasets(parsing.read_bytes(path), parsing.SYNTAXES[suffix], str(path)):
        merged += dataset.graph
    return merged
