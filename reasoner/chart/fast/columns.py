"""Charts as columns: those of a table of nodes that are plainly well formed, without an object for each statement.

What can be judged by the layouts of a few nodes is judged once, by `reasoner.chart.fast.chart`, in the first chart that has
them. A chart in which more matters is left to that reader: one with several requests, with a fact that leads to another of its
nodes, or with a node that the vocabulary knows.
"""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import chain, pairwise

import numpy as np
from rdflib import URIRef

from reasoner.chart import reading
from reasoner.chart.documents import anchors
from reasoner.chart.fast import nec
from reasoner.chart.fast.arrays import Codes, Places, Truths, beginnings, distinct
from reasoner.chart.fast.chart import reader
from reasoner.chart.fast.cut import KnownTerms, iris
from reasoner.chart.fast.judge import NEVER, WRONG, Judge, NodeKind
from reasoner.chart.fast.nodes import NodeTable
from reasoner.chart.fast.plain import IRI
from reasoner.chart.fast.template import NodeView, is_text, line, read_text, without
from reasoner.chart.model import Case, Unread
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, terms
from reasoner.rdf.terms import Term


def vocabulary(policy: Policy) -> KnownTerms:
    """The terms that a policy's vocabulary or the intake shapes know something of; others of its namespaces are odd."""
    own = reader(policy).layouts
    shapes = (terms.of(node) for node in reading.intake_shapes(policy).all_nodes() if isinstance(node, URIRef))
    declared = (term for term in policy.lexicon.declared if term.startswith(own.guarded))
    known = {*declared, *policy.lexicon.types, *shapes}
    return KnownTerms(sorted(term for term in known if term[0] == "<" and own.declares(term)), own.guarded)


def _day(number: int) -> date | None:
    return None if number == NEVER else date.fromordinal(int(number))


class Charts:
    """The plain charts of a table of nodes, by the numbers of their runs.

    Args:
        table: the nodes.
        judge: what is known of their layouts.
        source: what to call them in errors.
    """

    def __init__(self, table: NodeTable, judge: Judge, source: str) -> None:
        self.table = table
        self._judge = judge
        self._source = source
        self._requests: dict[int, Case | None] = {}
        self.plain: Truths = table.plain & judge.reader.judges_layouts
        """Whether a run is a chart that is read here."""
        of_layout = judge.kinds(table.layouts)
        self.meanings = judge.meanings
        """What statements say, by number."""
        self.authors = judge.authors
        """IRIs of kinds of authors, by number."""
        self._kind, self._meaning, self._author, *flags = of_layout[table.layout].T
        self._bare, self._born, self._bound, self._implied, self._text = (flag > 0 for flag in flags)
        self._leave(table.run[self._kind == NodeKind.LEFT])
        self._leave_entangled()
        requests = np.flatnonzero(self._kind == NodeKind.REQUEST)
        self.plain &= np.bincount(table.run[requests], minlength=table.runs) == 1
        self.request: Places = np.full(table.runs, -1)
        """The node of the request of each run."""
        self.request[table.run[requests]] = requests
        self._recorded = np.zeros(len(table.run), bool)
        self._read_requests()
        self._read_texts()
        self._read_unread()
        self._read_statements()
        others = table.run[~self._recorded | self._implied]
        self._as_stated: Truths = ~table.of_runs(others) & table.cut.ascending & table.canonical
        """Whether the triples of a run are those of its case."""

    def _leave(self, runs: Places) -> None:
        self.plain[runs] = False

    def _leave_entangled(self) -> None:
        """Leave charts in which a fact leads to a node, or a node is one that the vocabulary knows."""
        table = self.table
        known = np.zeros(len(table.cut.terms) + 1, bool)
        known[: table.cut.known] = True
        self._leave(table.run[known[table.subject]])
        self._leave(table.run[table.node_of_row[table.varies & known[table.object]]])
        names_node = np.zeros(len(known), bool)
        names_node[table.subject] = True
        rows = np.flatnonzero(names_node[table.object] & ~table.varies)
        run = table.run[table.node_of_row[rows]]
        self._leave(run[table.find(run, table.object[rows]) >= 0])

    def _value(self, name: Term, nodes: Places) -> Codes:
        """The values of nodes for a property that varies; -1 where a node is none, or has none."""
        return np.where(nodes >= 0, self.table.value[nec.VARYING[name]][nodes], -1)

    def _days(self, name: Term, nodes: Places) -> Places:
        """The days that nodes have for a property."""
        codes, names = self._value(name, nodes), self.table.cut.terms
        days = np.full(len(names) + 1, NEVER)
        stated = np.flatnonzero(np.bincount(codes + 1)[1:])
        known = self._judge.days[name]
        days[stated] = [known[names[code]] for code in stated.tolist()]
        return days[codes]

    def _read_requests(self) -> None:
        """Read the days and the parties of requests, and leave charts whose requests are not well formed."""
        table, plain, judge = self.table, self.plain, self._judge
        runs = np.arange(table.runs)
        named = [self._value(name, self.request) for name in nec.PARTIES]
        parties = self._parties = np.stack([table.find(runs, names) for names in named])
        member, plan, program = parties
        for nodes, only in ((member, self._born), (plan, self._bare), (program, self._bare)):
            plain &= (nodes < 0) | ((self._kind[nodes] == NodeKind.OTHER) & only[nodes])
        self._recorded[self.request[plain]] = True
        for nodes in parties:
            self._recorded[nodes[plain & (nodes >= 0)]] = True
        bearers = np.unique(np.concatenate([self.request[plain], *(of_all[plain] for of_all in parties)]))
        bearers = bearers[bearers >= 0]
        self.bearers = iris(table.cut.terms, table.subject[bearers])
        """IRIs of the requests, and of their members, plans and programs."""
        self.run_of_bearer: Places = table.run[bearers]
        """Of each of these its run."""
        days = np.stack(
            [
                *(self._days(name, self.request) for name in (nec.START, nec.END, nec.AS_OF)),
                self._days(nec.BIRTH, member),
            ]
        )
        self.start, self.end, self.as_of, self.birth = days
        plain &= (days != WRONG).all(axis=0) & (self.start != NEVER) & (self.birth != NEVER)
        layouts = np.append(table.layout, -1)[np.stack([self.request, *parties])]
        same = np.stack([named[0] == named[1], named[0] == named[2], named[1] == named[2]])
        self.parties: Places = np.full(table.runs, -1)
        """The number of what is said of the request of each run and its parties, but for what varies."""
        asked = np.flatnonzero(plain)
        self.parties[asked] = judge.parties(zip(*layouts[:, asked].tolist(), *same[:, asked].tolist(), strict=True))
        plain &= self.parties >= 0
        asked = np.flatnonzero(plain)
        numbers = self.parties[asked]
        order = judge.order(numbers, days[:, asked])
        for run, key in zip(asked.tolist(), zip(numbers.tolist(), order.tolist(), strict=True), strict=True):
            if key not in judge.sound:
                judge.sound[key] = judge.reader.is_sound(self._name(self.request[run]), self._view(run))
            plain[run] = judge.sound[key]

    def _view(self, run: int) -> NodeView:
        """A run as the intake tests see it."""
        return self._judge.reader.view(self.table.nodes(run) or {})

    def _name(self, node: int) -> Term:
        """The IRI of a node."""
        term: Term = self.table.cut.terms[int(self.table.subject[node])]
        return term

    def _read_texts(self) -> None:
        """Read the texts of documents, and leave charts of which one is not well formed."""
        table, names = self.table, self.table.cut.terms
        named = table.value[nec.VARYING[nec.TEXT]]
        is_none = np.zeros(len(names) + 1, bool)
        for code in np.flatnonzero(np.bincount(named[named >= 0])).tolist():
            is_none[code] = not is_text(names[code])
        self._leave(table.run[is_none[named]])
        self._texts: dict[int, dict[str, anchors.Text]] = {}
        """The texts in each run that has some, by IRI."""
        contents, starts = (table.value[nec.VARYING[name]] for name in (nec.CONTENT, nec.PAGE_STARTS))
        for node in np.flatnonzero(self._text & self.plain[table.run]).tolist():
            run, name = int(table.run[node]), self._name(node)
            text = read_text(name, names[contents[node]], names[starts[node]] if starts[node] >= 0 else None)
            if text is None:
                self.plain[run] = False
            else:
                self._texts.setdefault(run, {})[name[1:-1]] = text

    def _stand(self, nodes: Places, run: Places, document: Places, excerpt: Codes) -> Truths:
        """Whether statements stand in the texts of their documents where they say that they do."""
        names = self.table.cut.terms
        target, text = self._value(nec.TARGET, nodes), self._value(nec.TEXT, document)
        found = np.ones(len(nodes), bool)
        asked = np.flatnonzero(target >= 0)
        iris = [names[code][1:-1] for code in target[asked].tolist()]
        own = [names[code][1:-1] if code >= 0 else "" for code in text[asked].tolist()]
        places = anchors.places_of(iris, own)
        found[asked] = [place is not None for place in places]
        if not self._texts:
            return found
        with_texts = np.zeros(self.table.runs, bool)
        with_texts[list(self._texts)] = True
        said = dict(zip(asked.tolist(), zip(iris, places, strict=True), strict=True))
        for number in np.flatnonzero(found & with_texts[run]).tolist():
            texts, (iri, place) = self._texts[int(run[number])], said.get(number, ("", None))
            words = line((names[excerpt[number]],)) if excerpt[number] >= 0 else ""
            of_document = names[text[number]][1:-1] if text[number] >= 0 else ""
            if place and of_document in texts:
                content = texts[of_document].content
                if place[1] <= len(content) and content[place[0] : place[1]] == words:
                    continue
            found[number] = not anchors.problem_of(iri, words, (of_document,) if of_document else (), texts)
        return found

    def _read_statements(self) -> None:
        """Read the statements, and leave charts of which one is not well formed."""
        table, judge = self.table, self._judge
        nodes = np.flatnonzero((self._kind == NodeKind.STATEMENT) & self.plain[table.run])
        run = table.run[nodes]
        request = self.request[run]
        document = table.find(run, self._value(nec.IN, nodes))
        fit = self._value(nec.ABOUT, nodes) == table.subject[request]
        fit &= (document < 0) | ((self._kind[document] == NodeKind.OTHER) & ~(self._bound | self._text)[document])
        recorded, observed = self._days(nec.RECORDED, nodes), self._days(nec.OBSERVED, nodes)
        of_document = np.append(table.layout, -1)[document]
        fit &= self._are_allowed(nodes[fit], table.layout[request], of_document, recorded != NEVER, fit)
        issued = self._days(nec.ISSUED, document)
        fit &= (issued != WRONG) & (recorded != WRONG) & (observed != WRONG)
        recorded = np.where(recorded == NEVER, issued, recorded)
        observed = np.where(observed == NEVER, recorded, observed)
        fit &= observed != NEVER
        excerpt = self._value(nec.EXCERPT, nodes)
        kinds = np.append(table.cut.kind, 0)[excerpt]
        for kind in set(kinds[excerpt >= 0].tolist()):
            example = table.cut.terms[excerpt[kinds == kind][0]]
            fit &= (kinds != kind) | (kind != IRI and judge.reader.takes(nec.EXCERPT, example))
        fit &= self._stand(nodes, run, document, excerpt)
        self._leave(run[~fit])
        kept = self.plain[run]
        text = table.find(run, self._value(nec.TEXT, document))
        self._recorded[nodes[kept]] = True
        for other in (document, text):
            self._recorded[other[kept & (other >= 0)]] = True
        author = np.where(self._author[nodes] > 0, self._author[nodes], np.append(self._author, 0)[document])
        self.iris, place = self._in_order(nodes[kept])
        """IRIs of the statements, run by run and in order."""
        kept_ones = np.flatnonzero(kept)[place]
        self.run: Places = run[kept_ones]
        """Of each statement its run."""
        self.meaning: Places = self._meaning[nodes[kept_ones]]
        """The number of what it says."""
        self.author: Places = author[kept_ones]
        """The number of the kind of its author."""
        self.observed: Places = observed[kept_ones]
        self.recorded: Places = recorded[kept_ones]

    def _in_order(self, nodes: Places) -> tuple[list[str], Places]:
        """The IRIs of nodes, run by run and in order, and the place of each among the nodes."""
        names = iris(self.table.cut.terms, self.table.subject[nodes])
        ends = [*beginnings(self.table.run[nodes]).tolist(), len(names)]
        places = [sorted(range(first, end), key=names.__getitem__) for first, end in pairwise(ends)]
        place = np.array(list(chain.from_iterable(places)), np.int64)
        return [names[number] for number in place.tolist()], place

    def _read_unread(self) -> None:
        """Read the unread items, and leave charts of which one is not well formed."""
        table, judge, names = self.table, self._judge, self.table.cut.terms
        nodes = np.flatnonzero((self._kind == NodeKind.UNREAD) & self.plain[table.run])
        run = table.run[nodes]
        source, words = self._value(nec.SOURCE, nodes), self._value(nec.WORDS, nodes)
        place = table.find(run, source)
        fit = self._value(nec.ABOUT, nodes) == table.subject[self.request[run]]
        fit &= (place < 0) | (self._kind[place] == NodeKind.OTHER)
        observed, recorded = self._days(nec.OBSERVED, nodes), self._days(nec.RECORDED, nodes)
        fit &= (observed != WRONG) & (recorded != WRONG)
        known = np.ones(len(names) + 1, bool)
        said = np.flatnonzero(np.bincount(words + 1)[1:])
        known[said] = [judge.reader.takes(nec.WORDS, names[code]) for code in said.tolist()]
        fit &= known[words]
        written = np.append(table.cut.kind, 0)[source]
        layouts = (table.layout[nodes], table.layout[self.request[run]], np.append(table.layout, -1)[place])
        marks = np.stack([*layouts, written, source >= 0], axis=1)
        for number in np.flatnonzero(fit).tolist():
            mark = tuple(marks[number].tolist())
            if mark not in judge.items:
                view = self._view(int(run[number]))
                judge.items[mark] = judge.reader.takes_item(self._name(nodes[number]), view)
            fit[number] = judge.items[mark]
        self._leave(run[~fit])
        kept = np.flatnonzero(self.plain[run])
        for read in (nodes, place, table.find(run, self._value(nec.TEXT, place))):
            self._recorded[read[kept][read[kept] >= 0]] = True
        self.unread = judge.unread
        """What unread items say but for names, words, days and places, by number."""
        self.unread_iris, order = self._in_order(nodes[kept])
        """IRIs of the unread items, run by run and in order."""
        kept = kept[order]
        self.unread_run: Places = run[kept]
        """Of each unread item its run."""
        self.unread_said: Places = self._meaning[nodes[kept]]
        """The number of what it says."""
        self.unread_observed: Places = observed[kept]
        self.unread_recorded: Places = recorded[kept]
        self._first_unread = np.searchsorted(self.unread_run, np.arange(table.runs + 1))

    def unread_of(self, run: int) -> list[Unread]:
        """The unread items of a run, without their words and places."""
        return [
            self.unread[self.unread_said[place]]._replace(
                iri=self.unread_iris[place],
                observed=_day(self.unread_observed[place]),
                recorded=_day(self.unread_recorded[place]),
            )
            for place in range(self._first_unread[run], self._first_unread[run + 1])
        ]

    def _are_allowed(self, nodes: Places, request: Places, document: Places, recorded: Truths, some: Truths) -> Truths:
        """Whether statements conform to the intake shapes, as far as these look at request, document and day of record.

        Args:
            nodes: those that are asked about.
            request: the layouts of their requests, and of the requests of all others.
            document: the layouts of the documents.
            recorded: whether they have a day of record.
            some: which of them are asked about.
        """
        known = self._judge.allowed
        found = np.zeros(len(some), bool)
        width = len(self.table.layouts) + 1
        key = ((request * width + document + 1) * 2 + recorded)[some]
        example, alike = distinct(key)
        marks = np.stack([request, document, recorded], axis=1)[some][example]
        answers = []
        for node, mark in zip(nodes[example].tolist(), map(tuple, marks.tolist()), strict=True):
            if mark not in known:
                view = self._view(int(self.table.run[node]))
                known[mark] = self._judge.reader.allows(self._name(node), view)
            answers.append(known[mark])
        found[some] = np.array(answers, bool)[alike] if answers else False
        return found

    def request_iri(self, run: int) -> str:
        """IRI of the request of a run."""
        return self._name(int(self.request[run]))[1:-1]

    def request_alone(self, run: int) -> Case | None:
        """The case of a plain run without its statements; None if its reader leaves it to the reader of graphs."""
        if run not in self._requests:
            nodes = {int(node) for node in (self.request[run], *self._parties[:, run]) if node >= 0}
            cases = self._judge.reader.cases(self.table.said_of(sorted(nodes)), self._source, None, "")
            self._requests[run] = cases[0] if cases else None
        return self._requests[run]

    def digest(self, run: int) -> str | None:
        """What `Case.digest` is of the case of a run; None if it has none."""
        table = self.table
        if self._as_stated[run]:
            return hashlib.sha256(table.cut.content[table.cut.at[run] : table.cut.at[run + 1]]).hexdigest()
        content = table.content(run)
        if content is None:
            return None
        nodes = np.arange(table.first[run], table.first[run + 1])
        left, implied = nodes[~self._recorded[nodes]], nodes[self._implied[nodes]]
        if not len(left) and not len(implied):
            return graphs.digest(content)
        lines = without(content, map(self._name, left)).split("\n")
        lines[-1:] = [f"{self._name(node)} {nec.TYPE} {nec.STATEMENT} ." for node in implied]
        return graphs.digest("\n".join([*sorted(lines), ""]))
