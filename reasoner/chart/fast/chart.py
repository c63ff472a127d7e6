"""Charts that are plainly well formed, read without a graph; any other is left to `reasoner.chart.reading`.

The intake shapes are compiled, and a data set that passes them is read at once. Whatever is not certain (a blank node,
a shape that is broken, a value that cannot be judged, a term that is not declared) is no error here: the reader of
graphs finds the words for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from operator import attrgetter

from reasoner.chart import reading
from reasoner.chart.documents import anchors
from reasoner.chart.fast import nec
from reasoner.chart.fast.compiled_intake import IntakeTables, compile_intake_shapes
from reasoner.chart.fast.layout import Layout, Layouts, Nodes
from reasoner.chart.fast.template import (
    NodeView,
    Read,
    Template,
    content_of,
    line,
    text_of,
    texts_of,
    unread_of,
    without,
)
from reasoner.chart.model import Assertion, Case, Document, Meaning, Statement, Unread, meaning
from reasoner.chart.reading import BOOKKEEPING
from reasoner.policy.model import Criterion, CriterionKind, Policy
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.compiled_shacl import DoubtError, Table, Values
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.terms import Term

_KEPT = 16384
_KNOWN = frozenset(map(terms.of, BOOKKEEPING))
_IRI = attrgetter("iri")
_STANCES = {terms.of(NEC[stance.value]): stance for stance in Assertion}


def read_cases(data: parsing.DataSet, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of a data set, ordered by request IRI.

    Args:
        data: the data set.
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own; a request without one takes the day of the run.

    Raises:
        DocumentationError: it is not well formed; names the nodes and the mend of each.
    """
    found = reader(policy).cases(reader(policy).layouts.nodes(data), data.name, as_of)
    return reading.read_cases(data.graph, policy, data.name, as_of) if found is None else tuple(found)


class ChartReader:
    """Reads the charts of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lexicon = policy.lexicon
        self.layouts = Layouts(policy)
        self._axes = tuple(terms.iri(axis.iri) for axis in policy.axes)
        tables = compile_intake_shapes(reading.intake_shapes(policy))
        self._knows_shapes = tables is not None
        """Whether this reader can hold a chart against the intake shapes."""
        nothing = Table((), {}, (), frozenset())
        self._request_shape, self._statement_shape, document, self._unread_shape, self.judges_layouts = (
            tables or IntakeTables(nothing, nothing, nothing, nothing, by_layouts=False)
        )
        tests = self._statement_shape.properties | document.properties
        self._days: dict[Term, tuple[Values, dict[Term, date | None]]]
        self._days = {name: (tests[name], {}) for name in (nec.OBSERVED, nec.RECORDED, nec.ISSUED) if name in tests}
        self._leaves: dict[str, Criterion | None] = {}
        self._leaf_of = {finding: leaf for version in policy.versions for finding, leaf in version.leaf_of.items()}
        self._silent = self.template(Layout((), ()))

    def cases(
        self, nodes: Nodes | None, source: str, as_of: date | None = None, content: str | None = None
    ) -> list[Case] | None:
        """The cases of a data set, ordered by request IRI; None if it is not plainly well formed.

        Args:
            nodes: what it says, in declared terms; None if that is not certain.
            source: name of the data set.
            as_of: review date that overrides the requests' own; a request without one takes the day of the run.
            content: the data set as canonical N-Triples, where it is at hand.
        """
        try:
            return self._cases(nodes, source, as_of, content) if self._knows_shapes and nodes is not None else None
        except DoubtError:
            return None

    def _cases(self, nodes: Nodes, source: str, as_of: date | None, content: str | None) -> list[Case] | None:
        read: Read = {}
        requests: list[Term] = []
        statements: list[Term] = []
        items: list[Term] = []
        for subject, (layout, own) in nodes.items():
            template = self.template(layout)
            read[subject] = (template, own)
            if template.left:
                return None
            if template.request:
                requests.append(subject)
            if template.statement:
                if template.meaning is None:
                    return None
                statements.append(subject)
            elif template.unread:
                items.append(subject)
            if template.repeats or (template.statement and not template.typed):
                content = None  # it says one thing more or less than the chart that is recorded
        if not requests:
            return None
        view = NodeView(read, set(statements), self._lexicon.types)
        texts = texts_of(read)
        if texts is None:
            return None
        documents: dict[Term, Document] = {}
        about: dict[Term, list[Statement]] = {request: [] for request in requests}
        passed: set[object] = set()  # with which values statements passed
        for subject in statements:
            statement = self._statement(subject, view, documents, passed, texts)
            if statement is None:
                return None
            template, own = read[subject]
            about[own[template.places[0]]].append(statement)
        unread: dict[Term, list[Unread]] = {request: [] for request in requests}
        for subject in items:
            item = self._unread(subject, view, passed)
            if item is None:
                return None
            template, own = read[subject]
            unread[own[template.places[0]]].append(item)
        if not all(self._conforms(request, view, self._request_shape) for request in requests):
            return None
        requests.sort(key=terms.name)
        return [
            self._case(request, read, about[request], unread[request], source, as_of, content) for request in requests
        ]

    def template(self, layout: Layout) -> Template:
        """What follows from a layout, worked out once."""
        if layout.template is not None:
            known: Template = layout.template
            return known
        template = layout.template = Template(layout, self._lexicon.findings)
        try:
            if template.statement:
                template.meaning = self._mean(template.props, template.names)
            for of_kind, table in ((template.request, self._request_shape), (template.unread, self._unread_shape)):
                if of_kind:
                    blank = NodeView({}, set(), self._lexicon.types)
                    named = template.props.keys() & table.alone
                    tests = [(table.properties[name], template.props[name]) for name in named]
                    template.sound &= all(test(blank, values) for test, values in tests)
                    template.sound &= {*template.props, *template.names}.issuperset(table.required)
        except DoubtError:
            template.sound = False
        return template

    def view(self, nodes: Nodes) -> NodeView:
        """A data set as the intake tests see it."""
        read = {subject: (self.template(layout), own) for subject, (layout, own) in nodes.items()}
        statements = {subject for subject, (template, _) in read.items() if template.statement}
        return NodeView(read, statements, self._lexicon.types)

    def is_sound(self, request: Term, view: NodeView) -> bool:
        """Whether it is certain that a request conforms to the intake shapes."""
        return _is_certain(lambda: self._conforms(request, view, self._request_shape))

    def allows(self, statement: Term, view: NodeView) -> bool:
        """Whether it is certain that a statement conforms to the intake shapes as far as they look at other nodes."""
        return _is_certain(lambda: self._passes(statement, view, set()))

    def takes(self, predicate: Term, value: Term) -> bool:
        """Whether it is certain that a statement may have an excerpt, or an unread item its words."""
        table = self._unread_shape if predicate == nec.WORDS else self._statement_shape
        return _is_certain(lambda: table.properties[predicate](NodeView({}, set(), {}), (value,)))

    def takes_item(self, item: Term, view: NodeView) -> bool:
        """Whether it is certain that an unread item conforms to the intake shapes."""
        return _is_certain(lambda: self._unread(item, view, set()) is not None)

    def _conforms(self, node: Term, view: NodeView, table: Table) -> bool:
        template, own = view.nodes[node]
        if not template.sound:
            return False
        for name, value in zip(template.names, own, strict=True):
            if name in table.properties and not table.properties[name](view, (value,)):
                return False
        for name in template.props.keys() - table.alone:
            if name in table.properties and not table.properties[name](view, template.props[name]):
                return False
        return all(check(view, node) for check in table.others)

    def _document(self, document: Term, read: Read) -> Document | None:
        template, own = read.get(document) or (self._silent, ())
        if template.parties:
            return None  # what they say is recorded too
        words = template.words
        if words is None:
            said = template.props
            words = template.words = (line(said.get(nec.TITLE)), line(said.get(nec.CREATOR)), line(said.get(nec.ROLE)))
        if nec.ISSUED not in template.names:
            return Document(document[1:-1], *words, None)
        issued = self.day(nec.ISSUED, own[template.names.index(nec.ISSUED)])
        return Document(document[1:-1], *words, issued) if issued else None

    def _statement(
        self,
        subject: Term,
        view: NodeView,
        documents: dict[Term, Document],
        passed: set[object],
        texts: dict[str, anchors.Text],
    ) -> Statement | None:
        """A statement; `passed` holds the values with which others of this data set passed."""
        template, own = view.nodes[subject]
        _, at_document, at_observed, at_recorded, at_excerpt, at_page, at_target = template.places
        if template.meaning is None or not self._passes(subject, view, passed):
            return None
        named, recording = own[at_document], own[at_recorded] if at_recorded >= 0 else None
        document = documents.get(named)
        if document is None:
            document = self._document(named, view.nodes)
            if document is None:
                return None
            documents[named] = document
        recorded = self.day(nec.RECORDED, recording) if recording else document.issued
        observed = self.day(nec.OBSERVED, own[at_observed]) if at_observed >= 0 else recorded
        if recorded is None or observed is None:
            return None
        said_by = template.author_kind or view.nodes.get(named, (self._silent,))[0].author_kind
        excerpt = page = ""
        if at_excerpt >= 0:
            if not self._statement_shape.properties[nec.EXCERPT](view, (own[at_excerpt],)):
                return None
            excerpt = line((own[at_excerpt],))
        if at_page >= 0:
            page = line((own[at_page],))
        anchor = None
        if at_target >= 0 or texts:
            target = own[at_target] if at_target >= 0 else ""
            of_document = text_of(view.nodes.get(named))
            if anchors.problem_of(target[1:-1], excerpt, of_document, texts):
                return None
            anchor = anchors.anchor_of(target[1:-1], excerpt, of_document, texts)
        return Statement(subject[1:-1], template.meaning, observed, recorded, document, excerpt, page, said_by, anchor)

    def _passes(self, subject: Term, view: NodeView, passed: set[object]) -> bool:
        """Whether a statement conforms to the intake shapes as far as they look at request, document and day of record."""
        template, own = view.nodes[subject]
        at_request, at_document, _, at_recorded, *_ = template.places
        properties = self._statement_shape.properties
        request, named = own[at_request], own[at_document]
        # The tests see no more of a statement than these values and what is said of them.
        mark = (request, named, own[at_recorded] if at_recorded >= 0 else None)
        if mark not in passed:
            for value, test in ((request, properties[nec.ABOUT]), (named, properties[nec.IN])):
                if (value, test) not in passed:
                    if not test(view, (value,)):
                        return False
                    passed.add((value, test))
            for check in self._statement_shape.others:
                if not check(view, subject):
                    return False
            passed.add(mark)
        return True

    def _unread(self, subject: Term, view: NodeView, passed: set[object]) -> Unread | None:
        """An unread item; None if it is not plainly well formed. `passed` is as for a statement."""
        template, own = view.nodes[subject]
        if not nec.OF_UNREAD.issuperset(template.names) or nec.ABOUT not in template.names:
            return None
        of = dict(zip(template.names, own, strict=True))
        stands = of.get(nec.SOURCE, "")
        mark = (
            template,
            of[nec.ABOUT],
            stands if stands in view.nodes else "",
        )  # what is tested by what other nodes say
        if mark not in passed:
            if not self._conforms(subject, view, self._unread_shape):
                return None
            passed.add(mark)
        else:
            properties = self._unread_shape.properties
            for name in (nec.WORDS, nec.SOURCE):
                if name in of and name in properties and not properties[name](view, (of[name],)):
                    return None
        days = [self.day(name, of[name]) if name in of else None for name in (nec.OBSERVED, nec.RECORDED)]
        if any(day is None and name in of for name, day in zip((nec.OBSERVED, nec.RECORDED), days, strict=True)):
            return None
        title = view.values(stands, nec.TITLE) if stands.startswith("<") else ()
        return unread_of(template)._replace(
            iri=subject[1:-1],
            words=line((of[nec.WORDS],)) if nec.WORDS in of else "",
            observed=days[0],
            recorded=days[1],
            source=line(title) or (terms.name(stands) if stands.startswith("<") else line((stands,))) if stands else "",
            document=terms.name(stands) if stands.startswith("<") else "",
        )

    def day(self, predicate: Term, value: Term) -> date | None:
        """The date that a statement or a document gives, or a request or member; None if that is not well formed."""
        if predicate not in self._days:
            return terms.day(value)
        test, known = self._days[predicate]
        if value not in known:
            if len(known) > _KEPT:
                known.clear()
            known[value] = terms.day(value) if test(NodeView({}, set(), {}), (value,)) else None
        return known[value]

    def _mean(self, props: dict[Term, list[Term]], names: tuple[Term, ...]) -> Meaning | None:
        """What a statement means by what recurs of it and the names of what varies; None if that is not certain."""
        table = self._statement_shape
        has = {*names, *props}
        if not has.issuperset(table.required) or not {*nec.OF_STATEMENT}.issuperset(names):
            return None
        blank = NodeView({}, set(), self._lexicon.types)  # what holds of the vocabulary alone holds in every chart
        for predicate, values in props.items():
            test = table.properties.get(predicate)
            if test and not test(blank, values):
                return None
        stance = _STANCES.get(props.get(nec.ASSERTION, [""])[0])
        types = {name for name in props.get(nec.TYPE, ()) if name != nec.STATEMENT}
        addressed = props.get(nec.ADDRESSES, ())
        leaves = []
        for term in addressed:
            leaf = self._leaf(term[1:-1])
            if leaf is None:
                return None
            leaves.append(leaf)
        codes = props.get(nec.CODE, ())
        if stance is None or not (addressed or codes or not types.isdisjoint(self._lexicon.declared)):
            return None
        classes = {name[1:-1] for name in types} | {leaf.finding for leaf in leaves}
        for code in codes:
            classes |= self._lexicon.codes.get(code, frozenset())
        leaves += [self._leaf_of[name[1:-1]] for name in types if name[1:-1] in self._leaf_of]
        if stance is Assertion.NOT_APPLICABLE and not all(leaf.conditional for leaf in leaves):
            return None
        return meaning(
            assertion=stance,
            classes=frozenset(classes),
            addresses=frozenset(term[1:-1] for term in addressed),
            carries=frozenset({str(RDF.type), *map(terms.name, has)}),
            facts=tuple(sorted((p, o) for p, values in props.items() if p not in _KNOWN for o in values)),
        )

    def _leaf(self, iri: str) -> Criterion | None:
        if iri not in self._leaves:
            found = self._policy.criterion(iri)
            if len(self._leaves) > _KEPT:
                self._leaves.clear()
            self._leaves[iri] = found if found and found.kind is CriterionKind.LEAF else None
        return self._leaves[iri]

    def _case(
        self,
        request: Term,
        read: Read,
        statements: list[Statement],
        unread: list[Unread],
        source: str,
        as_of: date | None,
        content: str | None,
    ) -> Case:
        reached = _reached(read, request)
        facts: list[tuple[Term, Term, Term]] = []
        for node in reached:
            template, varying = read.get(node, (self._silent, []))
            if (template.statement and not template.typed) or template.unread:
                raise DoubtError(f"{node} is a statement as well, or an unread item")
            facts += [(node, predicate, value) for predicate, value in template.facts]
            facts += [(node, predicate, value) for predicate, value in zip(template.names, varying, strict=True)]
        facts.sort()
        statements.sort(key=_IRI)
        unread.sort(key=_IRI)
        names = {f"<{statement.iri}>" for statement in statements}
        recorded = {*reached, *names, *[f"<{statement.document.iri}>" for statement in statements]}
        recorded |= {f"<{iri}>" for item in unread for iri in (item.iri, item.document) if iri}
        recorded |= {f"<{text}>" for node in recorded for text in text_of(read.get(node))}
        if content is None:
            content = content_of(read, recorded, names)
        elif not read.keys() <= recorded:
            content = without(content, read.keys() - recorded)
        props, own = read[request][0].props, _own(read[request])
        member, plan = (read.get(own[name], (self._silent, [])) for name in (nec.MEMBER, nec.PLAN))
        labels = self._lexicon.labels
        values = [props[axis][0] for axis in self._axes]
        traits = (*values, *plan[0].props.get(nec.JURISDICTION, ()))
        start, end, reviewed = (
            terms.day(own[name]) if name in own else None for name in (nec.START, nec.END, nec.AS_OF)
        )
        admitted = terms.day(props[nec.ADMITTED][0]) if nec.ADMITTED in props else None
        birth = terms.day(_own(member).get(nec.BIRTH, ""))
        if start is None or birth is None:
            raise DoubtError(f"{request} lacks a date")
        return Case(
            iri=request[1:-1],
            source=source,
            axis_values=tuple(map(terms.name, values)),
            traits=tuple(labels.get(value, "") for value in traits),
            start=start,
            end=end,
            as_of=as_of or reviewed or date.today(),
            birth=birth,
            statements=tuple(statements),
            content=content,
            digest=graphs.digest(content),
            facts=tuple(facts),
            admitted=admitted,
            unread=tuple(unread),
        )


def _is_certain(test: Callable[[], bool]) -> bool:
    """Whether a test says yes, without a doubt."""
    try:
        return test()
    except DoubtError:
        return False


def _own(node: tuple[Template, list[Term]]) -> dict[Term, Term]:
    """The varying values of a node by property."""
    return dict(zip(node[0].names, node[1], strict=True))


def _reached(read: Read, request: Term) -> list[Term]:
    """A request and the members, plans and programs that it leads to."""
    found = [request]
    for node in found:
        template, own = read.get(node, (None, []))
        for place in template.parties if template else ():
            if own[place] not in found:
                found.append(own[place])
    return found


@lru_cache(maxsize=8)
def reader(policy: Policy) -> ChartReader:
    """The reader of a policy's charts."""
    return ChartReader(policy)
