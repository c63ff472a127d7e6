"""Configurations: a payer's choice among the readings of a policy, its parameters and its lookbacks, as RDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rdflib import Graph, Literal
from rdflib.term import Node

from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.currency import leaves_below, lookback_of
from reasoner.policy.model import Criterion, Lookback, Policy, PolicyParameter, PolicyVersion
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS, XSD


@dataclass(frozen=True)
class Configuration:
    """The readings, parameters and lookbacks that a payer sets in place of the policy's own."""

    iri: str
    label: str
    author: str
    readings: frozenset[str]
    """IRIs of the chosen readings, of any version."""
    parameters: tuple[tuple[str, int], ...]
    """IRI and value of each parameter that is set, in the order of the IRIs; for every version that states it."""
    lookbacks: tuple[tuple[str, Lookback], ...]
    """IRI of each leaf whose lookback is set, in order, and the lookback."""
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
    """A policy with the parameters and lookbacks that a configuration sets; the policy itself where that changes nothing.

    Readings are not applied: `Configuration.choices` gives them to `reasoner.policy.effective.choose_readings`.
    """
    if configuration is None:
        return policy
    values, lookbacks = dict(configuration.parameters), dict(configuration.lookbacks)
    versions = tuple(_configured(version, values, lookbacks) for version in policy.versions)
    return policy if versions == policy.versions else replace(policy, versions=versions)


def _configured(version: PolicyVersion, values: Mapping[str, int], lookbacks: Mapping[str, Lookback]) -> PolicyVersion:
    parameters = {
        iri: replace(parameter, value=values.get(iri, parameter.default))
        for iri, parameter in version.parameters.items()
    }
    criteria = {
        iri: _looking_back(criterion, lookbacks.get(iri) or lookbacks.get(criterion.restates or ""))
        for iri, criterion in version.criteria.items()
    }
    if parameters == version.parameters and criteria == version.criteria:
        return version
    return replace(version, parameters=parameters, criteria=criteria)


def _looking_back(criterion: Criterion, lookback: Lookback | None) -> Criterion:
    """A criterion with the lookback that a configuration sets, or with the policy's own if it sets none."""
    own = criterion.own_lookback
    now = own if lookback is None else lookback
    return replace(
        criterion,
        lookback=now.days,
        since_admission=now.since_admission,
        replaced_lookback=None if now == own else own,
    )


def read_configuration(path: str | Path, policy: Policy) -> Configuration:
    """Read a payer's readings, parameters and lookbacks from an RDF file that holds one `nec:Configuration`.

    Raises:
        DocumentationError: the file cannot be read.
        PolicyError: it holds no configuration or several, or one that is empty; it names a reading that the policy does
            not have, or two readings of one passage; a parameter is no whole number in its range, is given twice, or
            is stated by no version; or a lookback is none, is given twice, or is that of no leaf.
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
    lookbacks = _lookbacks(data, node, policy, source)
    if not chosen and not parameters and not lookbacks:
        raise PolicyError(
            "it sets nothing",
            where=source,
            mend="State nec:chosenReading, a parameter such as nec:ageOfMajority, or the nec:lookback of a criterion",
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
        lookbacks=lookbacks,
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
            if iri == NEC.lookback:
                raise PolicyError(
                    "a configuration has no lookback of its own",
                    where=where,
                    mend="State nec:lookback on a leaf or a group of the policy",
                )
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


def _lookbacks(data: Graph, node: Node, policy: Policy, source: str) -> tuple[tuple[str, Lookback], ...]:
    """The lookback that a configuration sets for each leaf, in the order of their IRIs.

    What is said of a group holds for the leaves below it for which nothing is said of a smaller group, or of themselves.

    Raises:
        PolicyError: something else is said of a node in the words of the policy; the node is no criterion, or has no
            leaves; a lookback is none; or a leaf would have two.
    """
    stated: dict[Node, set[Node]] = {}
    for subject, predicate, value in data:
        if predicate == NEC.lookback:
            stated.setdefault(subject, set()).add(value)
        elif subject != node and str(predicate).startswith(policy.namespaces):
            raise PolicyError(
                f"{predicate} cannot be configured",
                where=f"{source}: <{subject}>",
                mend="State nec:lookback on a criterion, and everything else on the nec:Configuration",
            )
    reach: list[tuple[str, set[str], Lookback]] = []
    for subject in sorted(stated, key=str):
        where = f"{source}: <{subject}>"
        lookback = lookback_of(policy.ontology, stated[subject], where=where)
        reach.append((where, _leaves(policy, str(subject), lookback, where), lookback))
    chosen: dict[str, tuple[set[str], Lookback]] = {}
    for where, leaves, lookback in sorted(reach, key=lambda each: -len(each[1])):
        for leaf in leaves:
            wider, other = chosen.get(leaf, (leaves, lookback))
            if other != lookback and not leaves < wider:
                raise PolicyError(
                    f"{leaf} would have two lookbacks, {other} and {lookback}",
                    where=where,
                    mend="State the nec:lookback of that leaf itself",
                )
            chosen[leaf] = leaves, lookback
    return tuple((leaf, lookback) for leaf, (_, lookback) in sorted(chosen.items()))


def _leaves(policy: Policy, iri: str, lookback: Lookback, where: str) -> set[str]:
    """The IRIs of the leaves for which a lookback is set by naming a criterion."""
    version = next((version for version in policy.versions if iri in version.criteria), None)
    if version is None:
        raise PolicyError(
            f"the policy has no criterion <{iri}>", where=where, mend="`necessity policy show` lists them; give its IRI"
        )
    if restated := version.criteria[iri].restates:
        raise PolicyError(
            "it is a criterion as a reading has it",
            where=where,
            mend=f"State nec:lookback on <{restated}>, for all readings",
        )
    leaves = set(leaves_below(version.criteria, version.sections, iri))
    if not leaves:
        raise PolicyError(
            "it has no leaves of its own", where=where, mend="State nec:lookback on the sections that it is made of"
        )
    if lookback.since_admission and str(NEC.assumedStay) not in version.parameters:
        raise PolicyError(
            f"{version.id} does not say when a stay began that the documentation gives no start of",
            where=where,
            mend="State a number of days; nec:SinceAdmission needs a version with nec:assumedStay",
        )
    return leaves


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
