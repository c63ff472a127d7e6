"""Charts that are plainly well formed, read without a graph; any other is left to `reasoner.documentation`.

The intake shapes are compiled, and a data set that passes them is read at once. Whatever is not certain (a blank node,
a shape that is broken, a value that cannot be judged, a term that is not declared) is no error here: the reader of
graphs finds the words for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter

from reasoner import documentation, graphs, paths, terms
from reasoner.constraint import SH, Compiler, DoubtError, Table
from reasoner.documentation import BOOKKEEPING, MARKS, PARTIES, Assertion, Case, Document, Statement
from reasoner.lexicon import nodes as as_nodes
from reasoner.namespaces import DCTERMS, NEC, RDF
from reasoner.policy import Criterion, Kind, Policy
from reasoner.terms import Nodes, Term

_KEPT = 16384
_TYPE, _REQUEST, _STATEMENT = terms.of(RDF.type), terms.of(NEC.ReviewRequest), terms.of(NEC.Statement)
_ABOUT, _ADDRESSES, _CODE, _ASSERTION = (terms.of(NEC[name]) for name in ("about", "addresses", "code", "assertion"))
_IN, _OBSERVED, _RECORDED = (terms.of(NEC[name]) for name in ("documentedIn", "observed", "recorded"))
_EXCERPT, _PAGE, _ROLE = (terms.of(NEC[name]) for name in ("excerpt", "page", "authorRole"))
_MEMBER, _PLAN, _BIRTH, _AS_OF = (terms.of(NEC[name]) for name in ("member", "plan", "birthDate", "asOf"))
_PHASE, _FOCUS, _JURISDICTION = (terms.of(NEC[name]) for name in ("phase", "focus", "jurisdiction"))
_START, _END, _ADMISSION = (terms.of(NEC[name]) for name in ("serviceStart", "serviceEnd", "Admission"))
_TITLE, _CREATOR, _ISSUED = (terms.of(DCTERMS[name]) for name in ("title", "creator", "issued"))
_MARKS = frozenset(map(terms.of, MARKS))
_PARTIES = tuple(map(terms.of, PARTIES))
_SUBCLASS = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
# What every statement says anew; the rest recurs from chart to chart and is judged once.
_OWN = frozenset({_ABOUT, _ASSERTION, _IN, _OBSERVED, _RECORDED, _EXCERPT, _PAGE})
_IRI = attrgetter("iri")
_STANCES = {terms.of(NEC[stance.value]): stance for stance in Assertion}


@dataclass(frozen=True, eq=False)
class _Meaning:
    """What recurs of statements: their classes, the leaves they address, their facts."""

    classes: frozenset[str]
    addresses: frozenset[str]
    facts: tuple[tuple[Term, Term], ...]
    conditional: bool
    """Whether it could be stated not applicable."""


class _Profile:
    """What follows from the properties that a statement has, whatever their values."""

    def __init__(self, names: tuple[Term, ...], table: Table) -> None:
        self.complete = set(table.required) <= set(names)
        own = [name for name in names if name in _OWN & table.properties.keys()]
        self.tested = tuple(name for name in own if name != _EXCERPT)
        self.texts = tuple(name for name in own if name == _EXCERPT)
        self.recurring = tuple(name for name in names if name not in _OWN)
        self.carries = frozenset({str(RDF.type), *map(terms.name, names)})


def read_cases(data: graphs.DataSet, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of a data set, ordered by request IRI.

    Args:
        data: the data set.
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own; a request without one takes the day of the run.

    Raises:
        DocumentationError: it is not well formed; names the nodes and the mend of each.
    """
    found = reader(policy).cases(data.nodes, data.name, as_of)
    return documentation.read_cases(data.graph, policy, data.name, as_of) if found is None else tuple(found)


class _View:
    """A data set as the intake tests see it."""

    def __init__(self, nodes: Nodes, typed: set[Term], known: dict[Term, frozenset[Term]]) -> None:
        self._nodes = nodes
        self._typed = typed
        self._known = known

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        props = self._nodes.get(node)
        return props.get(predicate, ()) if props else ()

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        return [subject for subject, props in self._nodes.items() if node in props.get(predicate, ())]

    def types(self, node: Term) -> Collection[Term]:
        props, known = self._nodes.get(node), self._known.get(node)
        own = props.get(_TYPE, ()) if props else ()
        if known is None and node not in self._typed:
            return own
        return [*own, *(known or ()), *((_STATEMENT,) if node in self._typed else ())]


class Reader:
    """Reads the charts of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lexicon = policy.lexicon
        self._namespaces = tuple(f"<{namespace}" for namespace in policy.namespaces)
        self._intake = _intake()
        self._leaves: dict[str, Criterion | None] = {}
        self._leaf_of = {finding: leaf for version in policy.versions for finding, leaf in version.leaf_of.items()}
        self._meanings: dict[tuple[object, ...], _Meaning] = {}
        self._sound: dict[Term, bool] = {}
        self._profiles: dict[tuple[Term, ...], _Profile] = {}

    def declares(self, term: Term) -> bool:
        """Whether a term that is not a subject is no misspelling of one of the policy's."""
        if term[0] != "<" or not term.startswith(self._namespaces):
            return term != _SUBCLASS
        return term in self._lexicon.declared

    def cases(
        self, nodes: Nodes, source: str, as_of: date | None = None, content: str | None = None
    ) -> list[Case] | None:
        """The cases of a data set, ordered by request IRI; None if it is not plainly well formed.

        Args:
            nodes: its triples.
            source: name of the data set.
            as_of: review date that overrides the requests' own; a request without one takes the day of the run.
            content: the data set as canonical N-Triples, where its terms are known to be declared.
        """
        try:
            return self._cases(nodes, source, as_of, content)
        except DoubtError:
            return None

    def _cases(self, nodes: Nodes, source: str, as_of: date | None, content: str | None) -> list[Case] | None:
        if content is None and not self._all_declared(nodes):
            return None
        findings = self._lexicon.findings
        requests: list[Term] = []
        statements: list[Term] = []
        for subject, props in nodes.items():
            types = props.get(_TYPE, ())
            if _REQUEST in types:
                requests.append(subject)
            if not _MARKS.isdisjoint(props) or _STATEMENT in types or not findings.isdisjoint(types):
                statements.append(subject)
                if _STATEMENT not in types:
                    content = None  # it says one thing less than the chart that is recorded
        if not requests:
            return None
        view = _View(nodes, set(statements), self._lexicon.types)
        documents = self._documents(nodes, view)
        if documents is None:
            return None
        about: dict[Term, list[Statement]] = {request: [] for request in requests}
        passed: set[tuple[tuple[Term, ...], ...]] = set()
        for subject in statements:
            props = nodes[subject]
            statement = self._statement(subject, props, view, documents, passed)
            if statement is None:
                return None
            for request in props[_ABOUT]:
                about[request].append(statement)
        table = self._intake[_REQUEST]
        for request in requests:
            if not table.holds(view, request, nodes[request]):
                return None
        requests.sort(key=terms.name)
        return [self._case(request, nodes, about[request], source, as_of, content) for request in requests]

    def _all_declared(self, nodes: Nodes) -> bool:
        sound = self._sound
        for props in nodes.values():
            for predicate, values in props.items():
                if predicate not in sound:
                    if len(sound) > _KEPT:
                        sound.clear()
                    sound[predicate] = self.declares(predicate)
                if not sound[predicate]:
                    return False
                for value in values:
                    if value[0] == "<" and value.startswith(self._namespaces) and value not in self._lexicon.declared:
                        return False
        return True

    def _documents(self, nodes: Nodes, view: _View) -> dict[Term, Document] | None:
        table, found = self._intake[_IN], {}
        for props in nodes.values():
            for document in props.get(_IN, ()):
                if document in found:
                    continue
                said = nodes.get(document, {})
                if document[0] != "<" or not table.holds(view, document, said):
                    return None
                issued = said.get(_ISSUED)
                found[document] = Document(
                    iri=document[1:-1],
                    title=_line(said.get(_TITLE)),
                    author=_line(said.get(_CREATOR)),
                    role=_line(said.get(_ROLE)),
                    issued=terms.day(issued[0]) if issued else None,
                )
        return found

    def _statement(
        self,
        subject: Term,
        props: dict[Term, list[Term]],
        view: _View,
        documents: dict[Term, Document],
        passed: set[tuple[tuple[Term, ...], ...]],
    ) -> Statement | None:
        """A statement; `passed` holds the values with which others of this data set passed."""
        table = self._intake[_STATEMENT]
        names = tuple(props)
        profile = self._profiles.get(names)
        if profile is None:
            if len(self._profiles) > _KEPT:
                self._profiles.clear()
            profile = self._profiles[names] = _Profile(names, table)
        if not profile.complete:
            return None
        for predicate in profile.texts:
            if not table.properties[predicate](view, props[predicate]):
                return None
        # The tests see no more of a statement than these values and what is said of them.
        mark = tuple([(*props[predicate], predicate) for predicate in profile.tested])
        if mark not in passed:
            for predicate in profile.tested:
                if not table.properties[predicate](view, props[predicate]):
                    return None
            for test in table.others:
                if not test(view, subject):
                    return None
            passed.add(mark)
        key = (*profile.recurring, *[tuple(props[predicate]) for predicate in profile.recurring])
        meaning = self._meanings.get(key)
        if meaning is None:
            meaning = self._mean(props)
            if meaning is None:
                return None
            if len(self._meanings) > _KEPT:
                self._meanings.clear()
            self._meanings[key] = meaning
        stance = _STANCES[props[_ASSERTION][0]]
        if stance is Assertion.NOT_APPLICABLE and not meaning.conditional:
            return None
        document = documents[props[_IN][0]]
        recorded = terms.day(props[_RECORDED][0]) if _RECORDED in props else document.issued
        observed = terms.day(props[_OBSERVED][0]) if _OBSERVED in props else recorded
        if recorded is None or observed is None:
            return None
        carries = profile.carries
        return Statement(
            subject[1:-1],
            stance,
            meaning.classes,
            meaning.addresses,
            observed,
            recorded,
            document,
            _line(props.get(_EXCERPT)),
            _line(props.get(_PAGE)),
            carries,
            meaning.facts,
        )

    def _mean(self, props: dict[Term, list[Term]]) -> _Meaning | None:
        """What the recurring properties of a statement mean; None if that is not certain."""
        table = self._intake[_STATEMENT]
        blank = _View({}, set(), self._lexicon.types)  # what holds of the vocabulary alone holds in every chart
        for predicate, values in props.items():
            if predicate in _OWN:
                continue
            test = table.properties.get(predicate)
            if test and not test(blank, values):
                return None
        types = {name for name in props.get(_TYPE, ()) if name != _STATEMENT}
        addressed = props.get(_ADDRESSES, ())
        leaves = []
        for term in addressed:
            leaf = self._leaf(term[1:-1])
            if leaf is None:
                return None
            leaves.append(leaf)
        codes = props.get(_CODE, ())
        if not addressed and not codes and types.isdisjoint(self._lexicon.declared):
            return None
        classes = {name[1:-1] for name in types} | {leaf.finding for leaf in leaves}
        for code in codes:
            classes |= self._lexicon.codes.get(code, frozenset())
        leaves += [self._leaf_of[name[1:-1]] for name in types if name[1:-1] in self._leaf_of]
        return _Meaning(
            classes=frozenset(classes),
            addresses=frozenset(term[1:-1] for term in addressed),
            facts=tuple(sorted((p, o) for p, values in props.items() if p not in _KNOWN for o in values)),
            conditional=all(leaf.conditional for leaf in leaves),
        )

    def _leaf(self, iri: str) -> Criterion | None:
        if iri not in self._leaves:
            found = self._policy.criterion(iri)
            if len(self._leaves) > _KEPT:
                self._leaves.clear()
            self._leaves[iri] = found if found and found.kind is Kind.LEAF else None
        return self._leaves[iri]

    def _case(
        self,
        request: Term,
        nodes: Nodes,
        statements: list[Statement],
        source: str,
        as_of: date | None,
        content: str | None,
    ) -> Case:
        props = nodes[request]
        parties = _reached(nodes, [request])
        statements.sort(key=_IRI)
        if content is None:
            content = _content(nodes, request, statements)
        else:
            reached = {*parties, *[f"<{s.iri}>" for s in statements], *[f"<{s.document.iri}>" for s in statements]}
            if not nodes.keys() <= reached:
                content = _without(content, nodes.keys() - reached)
        member, plan = nodes.get(props[_MEMBER][0], {}), nodes.get(props[_PLAN][0], {})
        labels = self._lexicon.labels
        traits = (props[_PHASE], props[_FOCUS], plan.get(_JURISDICTION, ()))
        start, end = terms.day(props[_START][0]), terms.day(props[_END][0]) if _END in props else None
        birth, reviewed = terms.day(member[_BIRTH][0]), terms.day(props[_AS_OF][0]) if _AS_OF in props else None
        assert start  # the intake shapes demand both
        assert birth
        return Case(
            iri=request[1:-1],
            source=source,
            admission=_ADMISSION in props[_PHASE],
            traits=tuple(labels.get(value, "") for values in traits for value in values),
            start=start,
            end=end,
            as_of=as_of or reviewed or date.today(),
            birth=birth,
            statements=tuple(statements),
            content=content,
            digest=graphs.digest(content),
            facts=tuple(
                sorted((node, p, o) for node in parties for p, values in nodes.get(node, {}).items() for o in values)
            ),
        )


def _without(content: str, subjects: Iterable[Term]) -> str:
    """Canonical N-Triples without what is said of some subjects."""
    starts = tuple([f"{subject} " for subject in subjects])
    return "\n".join([line for line in content.split("\n") if not line.startswith(starts)])


def _content(nodes: Nodes, request: Term, statements: list[Statement]) -> str:
    """The triples of a request, its statements and their documents, as canonical N-Triples."""
    typed = {f"<{statement.iri}>" for statement in statements}
    lines = []
    for node in _reached(nodes, [request, *typed, *(f"<{statement.document.iri}>" for statement in statements)]):
        said = nodes.get(node, {})
        for predicate, values in said.items():
            head = f"{node} {predicate} "
            for value in values:
                lines.append(f"{head}{value if value[-1] != '>' or value[0] == '<' else terms.canonical(value)} .\n")
        if node in typed and _STATEMENT not in said.get(_TYPE, ()):
            lines.append(f"{node} {_TYPE} {_STATEMENT} .\n")
    lines.sort()
    return "".join(lines)


def _reached(nodes: Nodes, roots: Iterable[Term]) -> list[Term]:
    """Some nodes and the members, plans and programs that they lead to."""
    found = dict.fromkeys(roots)
    queue = list(found)
    while queue:
        props = nodes.get(queue.pop(), {})
        for predicate in _PARTIES:
            for node in props.get(predicate, ()):
                if node not in found:
                    found[node] = None
                    queue.append(node)
    return list(found)


def _line(values: Sequence[Term] | None) -> str:
    """The values of a property as one line of text, as `reasoner.graphs.text` gives it."""
    if not values:
        return ""
    if len(values) == 1:
        value = values[0]
        return value[1:-1] if value[-1] == '"' and "\\" not in value else terms.text(value)
    return " · ".join(sorted(map(terms.text, values)))


@lru_cache(maxsize=8)
def reader(policy: Policy) -> Reader:
    """The reader of a policy's charts."""
    return Reader(policy)


@lru_cache(maxsize=1)
def _intake() -> dict[Term, Table]:
    """The intake shapes by what they are about: requests, statements, and documents by the property that leads to them."""
    compiler = Compiler(as_nodes(graphs.load_files([paths.SHAPES / "intake.ttl"])))
    found: dict[Term, Table] = {}
    for shape, props in compiler.shapes.items():
        targets = [t for name in ("targetClass", "targetObjectsOf") for t in props.get(f"<{SH}{name}>", ())]
        for target in targets:
            assert target not in found, target  # one shape a target, or this reader would see but the last
            found[target] = compiler.table(shape)
            use = compiler.use()
            branches = [branch for steps, _ in use.paths for branch in (steps.alternatives or (steps,))]
            if target == _STATEMENT:  # see Reader._statement
                assert all(branch.sequence[0][0] in _OWN and not branch.sequence[0][1] for branch in branches)
    assert set(found) == {_REQUEST, _STATEMENT, _IN}
    return found


_KNOWN = frozenset(map(terms.of, BOOKKEEPING))
