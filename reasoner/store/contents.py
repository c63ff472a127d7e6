"""Contents: a chart and a determination as the graphs of a base hold them."""

from __future__ import annotations

from datetime import date

from reasoner.chart.fast import stream
from reasoner.chart.model import Case
from reasoner.determination.model import Determination
from reasoner.ground.errors import StoreError
from reasoner.policy.model import Policy
from reasoner.render import provenance

Record = tuple[str, str, str]
"""A determination's IRI, its request's IRI and its record as canonical N-Triples, as `to_content` gives them."""


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


def to_content(determination: Determination) -> Record:
    """A determination's IRI, its request's IRI and its record as canonical N-Triples."""
    content = provenance.record(determination)
    return str(provenance.iri(determination)), determination.case.iri, content
