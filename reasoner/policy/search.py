"""Search in a policy's vocabulary: which criteria a finding affirms or denies, and findings and criteria by words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import UsageError
from reasoner.policy.model import Criterion, Interpretation, Policy, PolicyVersion
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, OWL, RDFS, SKOS

_SHOWN = 20
"""The most hits of a search, and codes of a finding, that are listed."""
_WIDTH = 100


def find(policy: Policy, version: PolicyVersion, text: str) -> str:
    """The finding with a name, or a list of the findings and criteria with some words, as text.

    Args:
        policy: the policy.
        version: the version with the criteria.
        text: the name of a finding class, such as ``iop:Homelessness``, ``Homelessness`` or its IRI, or words to search for
            in the names, labels, notations and definitions of findings and criteria.

    Raises:
        UsageError: nothing is found.
    """
    if (finding := _named(policy, text)) is not None:
        return "\n".join(_finding(policy, version, finding)) + "\n"
    hits = [*_criteria(version, text), *_findings(policy, text)]
    if not hits:
        mend = "`necessity policy show` lists the criteria; search for a word of a label or definition"
        raise UsageError(f"neither a criterion nor a finding has {text!r}", mend=mend)
    lines = [line for _, line in sorted(hits)[:_SHOWN]]
    if len(hits) > _SHOWN:
        lines.append(f"… and {len(hits) - _SHOWN} more: search for more words")
    return "\n".join(lines) + "\n"


def narrower(ontology: Graph, finding: str) -> list[str]:
    """The IRIs of the named classes below a finding, without itself, in order."""
    below = ontology.transitive_subjects(RDFS.subClassOf, URIRef(finding))
    return sorted({str(name) for name in below if isinstance(name, URIRef)} - {finding})


def contraries(version: PolicyVersion, finding: str) -> list[str]:
    """The IRIs of the findings that deny a leaf's finding when affirmed, with all narrower ones, in order."""
    stated = [contrary for contrary, findings in version.contraries.items() if finding in findings]
    return sorted({*stated, *(name for contrary in stated for name in narrower(version.ontology, contrary))})


def inapplicable(version: PolicyVersion, finding: str) -> list[str]:
    """The IRIs of the findings that mark a leaf's finding not applicable when affirmed, with all narrower ones, in order."""
    stated = [str(name) for name in version.ontology.subjects(NEC.marksNotApplicable, URIRef(finding))]
    return sorted({*stated, *(name for marking in stated for name in narrower(version.ontology, marking))})


def turns_on(version: PolicyVersion, interpretation: Interpretation, criterion: Criterion) -> bool:
    """Whether a passage that can be read in more than one way bears on a criterion."""
    substitutions = [each for reading in interpretation.readings for each in reading.substitutions]
    return (URIRef(interpretation.iri), NEC.concerns, URIRef(criterion.iri)) in version.ontology or any(
        criterion.iri == each.replaced or criterion.iri in each.used for each in substitutions
    )


def label(policy: Policy, iri: str) -> str:
    """The prefixed name and the label of a term."""
    return f"{policy.short(iri)}  {graphs.text(policy.ontology, URIRef(iri), SKOS.prefLabel)}".rstrip()


def _named(policy: Policy, text: str) -> str | None:
    """The IRI of the finding class with a name or an IRI; None if there is none, or more than one."""
    prefix, colon, local = text.partition(":")
    iri = policy.prefixes[prefix] + local if colon and prefix in policy.prefixes else text.strip("<>")
    known = {terms.name(term) for term in policy.lexicon.findings}
    if iri in known:
        return iri
    matches = [name for name in known if terms.local(name) == text]
    return matches[0] if len(matches) == 1 else None


def _broader(ontology: Graph, finding: str) -> list[str]:
    """The finding and the named classes above it, the nearest first, without `nec:Statement`."""
    order: list[str] = []
    queue: list[Node] = [URIRef(finding)]
    while queue:
        node = queue.pop(0)
        if isinstance(node, URIRef) and str(node) not in order and node not in (NEC.Statement, OWL.Thing):
            order.append(str(node))
            queue += sorted(ontology.objects(node, RDFS.subClassOf), key=str)
    return order


def _topics(ontology: Graph, findings: Iterable[str]) -> list[str]:
    """The IRIs of what some finding classes are about, in order."""
    implied = (NEC.addsTopic, NEC.impliesTopic)
    return sorted({str(topic) for name in findings for p in implied for topic in ontology.objects(URIRef(name), p)})


def _finding(policy: Policy, version: PolicyVersion, finding: str) -> Iterator[str]:
    ontology, node = policy.ontology, URIRef(finding)
    yield label(policy, finding)
    yield from _wrapped(graphs.text(ontology, node, SKOS.definition))
    yield f"  iri        {finding}"
    above = _broader(ontology, finding)
    affirmed = [version.leaf_of[name] for name in above if name in version.leaf_of]
    contrary = [leaf for name in above for leaf in version.contraries.get(name, ()) if leaf in version.leaf_of]
    denied = [version.leaf_of[name] for name in dict.fromkeys(contrary)]
    yield from _speaks("affirmed, it affirms", affirmed)
    yield from _speaks("affirmed, it denies", denied)
    marked = [leaf for name in above for leaf in ontology.objects(URIRef(name), NEC.marksNotApplicable)]
    not_applicable = [version.leaf_of[str(leaf)] for leaf in marked if str(leaf) in version.leaf_of]
    yield from _speaks("affirmed, it marks not applicable", not_applicable)
    yield from (f"  about      {label(policy, topic)}" for topic in _topics(ontology, above))
    if own := version.leaf_of.get(finding):
        yield from _speaks("denied, it denies", [own])
    elif (node, NEC.addsTopic, None) in ontology:
        yield from _speaks("denied, it denies, of what it is about,", affirmed)
    elif affirmed or denied or not_applicable:
        yield "  denied, it speaks to no criterion; it withdraws or disputes an affirmation of itself"
    if (node, NEC.absence, Literal(True)) in ontology:
        yield "  It marks an absence: what contradicts it on one criterion later takes it back for all."
    if not affirmed and not denied and not not_applicable:
        yield "  It speaks to no criterion: it is kept as background."
    for leaf in affirmed:
        if leaf.details:
            yield f"  can state  {', '.join(map(policy.short, leaf.details))}"
    yield from (f"  broader    {label(policy, name)}" for name in above[1:])
    yield from (f"  narrower   {label(policy, name)}" for name in narrower(ontology, finding))
    codes = sorted(code for code, classes in policy.lexicon.codes.items() if finding in classes)
    for code in codes[:_SHOWN]:
        words = policy.lexicon.labels.get(code, "")
        yield f"  code       {policy.lexicon.notations.get(code, terms.name(code))}  {words}".rstrip()
    if len(codes) > _SHOWN:
        yield f"  code       … and {len(codes) - _SHOWN} more"


def _speaks(how: str, leaves: Iterable[Criterion]) -> Iterator[str]:
    for leaf in dict.fromkeys(leaves):
        yield f"  {how} {leaf.id or 'a criterion as another reading has it:'}  {leaf.label}"


def _criteria(version: PolicyVersion, text: str) -> Iterator[tuple[tuple[int, int], str]]:
    for number, criterion in enumerate(version.criteria.values()):
        words = (criterion.id, criterion.notation, criterion.label, criterion.definition)
        if criterion.id and (rank := _rank(text, words)) is not None:
            yield (rank, number), f"criterion  {criterion.id}  {criterion.label}"


def _findings(policy: Policy, text: str) -> Iterator[tuple[tuple[int, int], str]]:
    for number, name in enumerate(sorted(terms.name(term) for term in policy.lexicon.findings), 10_000):
        node = URIRef(name)
        words = (
            terms.words(terms.local(name)),
            graphs.text(policy.ontology, node, SKOS.prefLabel),
            graphs.text(policy.ontology, node, SKOS.altLabel),
            graphs.text(policy.ontology, node, SKOS.definition),
        )
        if (rank := _rank(text, words)) is not None:
            yield (rank, number), f"finding    {label(policy, name)}"


def _rank(text: str, words: tuple[str, ...]) -> int | None:
    """0 if all words of a search are in names or labels, 1 if some are only in the definition, None if one is missing."""
    searched = text.casefold().split()
    *names, definition = (part.casefold() for part in words)
    if all(any(word in name for name in names) for word in searched):
        return 0
    return 1 if all(any(word in part for part in (*names, definition)) for word in searched) else None


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
