"""The texts of documents that stand in a bundle: attachments, narratives, and the Binary that a document refers to.

A document whose text is read has it as ``nec:text``, and its unread item says that nobody has made a statement of it yet. Where it
cannot be read the item says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple
from rdflib import URIRef

from reasoner.chart.documents.anchors import text_triples
from reasoner.chart.documents.limits import Budget
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.fhir.from_json import Bundle
from reasoner.chart.fhir.quads import TYPE
from reasoner.chart.fhir.unread import UnreadNode
from reasoner.ground.errors import DocumentationError, NecessityError, UsageError
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, XSD

READ = "its text is in the chart, and no statement has been made of it"
"""The reason of an unread item whose text was read."""
_NOT_READ = "what is written in it is not read"
_REASON, _SOURCE, _WORDS, _RECORDED = map(terms.of, (NEC.reason, NEC.source, NEC.words, NEC.recorded))
_REPORT, _FORM = "DiagnosticReport", "presentedForm"
_DOCUMENTS = frozenset({"DocumentReference", "Composition", _REPORT})


class AttachedTexts:
    """Reads the texts of one bundle.

    Args:
        bundle: the bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._budget = Budget()

    def read(self, item: UnreadNode) -> Iterator[Triple]:
        """The triples of the text that an unread item is about; the reason of the item is changed accordingly.

        Only an item that is unread for no other reason than that nobody has read its text is looked at.
        """
        resource = self._bundle.contents[item.resource]
        kind = resource["resourceType"]
        if kind not in _DOCUMENTS:
            return
        (stated,) = item.facts[_REASON]
        reason, path = terms.text(stated), item.iri.value.partition("#")[2]
        if not reason.endswith(_NOT_READ) or "status" in reason or "final" in reason:
            return
        document = item.resource
        if kind == _REPORT:
            if not path.startswith(f"{_FORM}."):
                return
            document = NamedNode(item.iri.value.removesuffix(".unread"))
            resource = resource | {_FORM: [resource[_FORM][int(path.split(".")[1])]]}
        texts, problem = self._texts(item.resource, resource)
        if not texts:
            if problem:
                item.facts[_REASON] = [str(Literal(f"{reason}: {problem}"))]
            return
        item.facts[_REASON] = [str(Literal(READ))]
        if kind == _REPORT:  # what is said in codes has the report itself as document, and need not stand in this text
            yield Triple(document, TYPE, _named(NEC.Document))
            yield Triple(document, _named(DCTERMS.title), Literal(terms.text(item.facts[_WORDS][0])))
            for day in item.facts.get(_RECORDED, ()):
                yield Triple(document, _named(DCTERMS.issued), Literal(terms.text(day), datatype=_named(XSD.date)))
            item.facts[_SOURCE] = [str(document)]
        for text in texts:
            for subject, predicate, value in text_triples(URIRef(document.value), text):
                told = _named(value) if isinstance(value, URIRef) else Literal(str(value))
                yield Triple(_named(subject), _named(predicate), told)

    def _texts(self, iri: NamedNode, resource: dict[str, Any]) -> tuple[list[DocumentText], str]:
        """The texts of a document, in the first of its formats that can be read, or why there is none."""
        from reasoner.chart.documents.fhir import documents_of
        from reasoner.chart.documents.reading import read_documents

        problem = ""
        for part in documents_of(resource, self._bundle.source, partial(self._bundle.led_to, resource=iri)):
            found: list[DocumentText | DocumentationError] = []
            failure: NecessityError | None = part if isinstance(part, DocumentationError) else None
            if not isinstance(part, DocumentationError):
                try:
                    found = list(read_documents(part.data, part.resource, part.media_type, budget=self._budget))
                except UsageError as error:
                    failure = error
            texts = [each for each in found if isinstance(each, DocumentText)]
            if texts:
                return texts, ""
            failure = failure or next((each for each in found if isinstance(each, DocumentationError)), None)
            problem = problem or (failure.problem if failure else "")
        return [], problem


def _named(iri: str) -> NamedNode:
    return NamedNode(str(iri))
