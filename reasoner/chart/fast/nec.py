"""The classes and properties that charts are read by, as terms, and which of them vary from chart to chart."""

from __future__ import annotations

from reasoner.chart import reading
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, RDF
from reasoner.rdf.terms import Term


def _nec(*names: str) -> tuple[Term, ...]:
    return tuple(terms.of(NEC[name]) for name in names)


TYPE = terms.of(RDF.type)
REQUEST, STATEMENT, UNREAD = _nec("ReviewRequest", "Statement", "Unread")
ABOUT, IN, ASSERTION, ADDRESSES, CODE = _nec("about", "documentedIn", "assertion", "addresses", "code")
OBSERVED, RECORDED, EXCERPT, PAGE = _nec("observed", "recorded", "excerpt", "page")
KIND, WORDS, REASON, SOURCE = _nec("kind", "words", "reason", "source")
MEMBER, PLAN, PROGRAM, JURISDICTION = _nec("member", "plan", "program", "jurisdiction")
START, END, AS_OF, BIRTH, ADMITTED = _nec("serviceStart", "serviceEnd", "asOf", "birthDate", "admitted")
TEXT, CONTENT, PAGE_STARTS = _nec("text", "content", "pageStarts")
AUTHOR_KIND, ROLE = _nec("authorKind", "authorRole")
TITLE, CREATOR, ISSUED = map(terms.of, (DCTERMS.title, DCTERMS.creator, DCTERMS.issued))
TARGET = terms.of(OA.hasTarget)

MARKS = frozenset(map(terms.of, reading.MARKS))
"""The properties that tell a statement that does not say that it is one."""
PARTIES = (MEMBER, PLAN, PROGRAM)
"""The properties of a request that lead to whom it is about."""
DAYS = (START, END, AS_OF, BIRTH)
"""The days of a request and its member."""
OF_STATEMENT = (ABOUT, IN, OBSERVED, RECORDED, EXCERPT, PAGE, TARGET)
"""What varies of a statement."""
OF_UNREAD = frozenset((ABOUT, OBSERVED, RECORDED, WORDS, SOURCE))
"""What varies of an unread item."""
OF_TEXT = frozenset((CONTENT, PAGE_STARTS))
"""What varies of the text of a document."""
VARYING = {
    name: place
    for place, name in enumerate((*OF_STATEMENT, WORDS, SOURCE, *PARTIES, *DAYS, ISSUED, TEXT, CONTENT, PAGE_STARTS))
}
"""The properties whose values hardly recur from chart to chart, numbered; what others say is judged once and remembered."""
