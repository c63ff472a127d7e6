"""Contents: a chart and a determination as the graphs of a base hold them, and read back from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reasoner.chart.fast import stream
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.ground.errors import StoreError
from reasoner.policy.configuration import Configuration
from reasoner.policy.model import Policy
from reasoner.render import provenance

if TYPE_CHECKING:
    from reasoner.store.base import KnowledgeBase


class DeterminationRecord(NamedTuple):
    """A determination as the graphs of a base hold it."""

    determination: str
    """Its IRI."""
    request: str
    """IRI of its request."""
    content: str
    """Its record as canonical N-Triples."""
    common_results: Mapping[str, str]
    """The common results that it names, each by its IRI as canonical N-Triples."""


def read_chart(request: str, content: str, policy: Policy, as_of: date | None = None) -> Case:
    """A case from its content in a knowledge base.

    Args:
        request: IRI of the request.
        content: what `KnowledgeBase.chart` gave.
        policy: the policy whose vocabulary the chart uses.
        as_of: day of review that overrides the request's own.

    Raises:
        DocumentationError: the policy cannot read it.
        StoreError: the content is empty.
    """
    if not content:
        raise StoreError("there is no chart of this request", where=request)
    (case,) = stream.read_content(content, policy, request, as_of)
    return case


def to_content(determination: Determination) -> DeterminationRecord:
    """A determination as the graphs of a base hold it."""
    content, common_results = provenance.record(determination)
    return DeterminationRecord(str(provenance.iri(determination)), determination.case.iri, content, common_results)


def read_current(
    kb: KnowledgeBase, request: str, policy: Policy, configuration: Configuration | None = None
) -> tuple[Determination, ...]:
    """The current determinations of a request, made again from its chart.

    Args:
        kb: the knowledge base.
        request: IRI of the request.
        policy: the policy that they were made by, with the parameters of the configuration.
        configuration: the configuration that they were made by.

    Raises:
        StoreError: there is none, or another policy, configuration or version of the software made it.
    """
    told = kb.register.made(request)
    if not told:
        raise StoreError("the request has no current determination", where=request, mend="Run `necessity kb determine`")
    case = read_chart(request, kb.chart(request), policy, next(as_of for as_of, _ in told.values()))
    alternatives = any(tried for _, tried in told.values())
    made = determine_case(case, policy, configuration=configuration, alternatives=alternatives)
    if {str(provenance.iri(determination)) for determination in made} != told.keys():
        raise StoreError(
            "another policy, configuration or version of the software made its current determination",
            where=request,
            mend="Name the configuration with --config, or run `necessity kb determine`",
        )
    return made
