"""What a knowledge base says of itself: reading its catalog, and the links between its graphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pyoxigraph as ox

from reasoner.ground.errors import StoreError
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, OWL, PROV, RDF, RDFS, SH, SKOS, XSD
from reasoner.rdf.sparql import undeclared_prefixes
from reasoner.store.backends import Store
from reasoner.store.catalog import CATALOG, FORMAT, HEADER, CatalogEntry, GraphKind, held, lines

_DETERMINATION, _DECISION, _ACCEPTANCE = GraphKind.DETERMINATION, GraphKind.DECISION, GraphKind.ACCEPTANCE
Accepted = dict[str, tuple[str, str, bool]]
"""IRI of an acceptance to the statement's and the person's IRI, and whether it is withdrawn."""

STANDARD_PREFIXES = {
    "dcterms": str(DCTERMS),
    "owl": str(OWL),
    "prov": str(PROV),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "sh": str(SH),
    "skos": str(SKOS),
    "xsd": str(XSD),
}
"""The prefixes that a query need not declare, beside those of the vocabularies and sections in the base."""


class Register:
    """Reads the catalog of a base in a store; raises `StoreError` where the store cannot be asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def select(self, text: str) -> ox.QuerySolutions:
        """The solutions of a SELECT query, with the prefixes of `HEADER`."""
        solutions = self._store.query(HEADER + text)
        if not isinstance(solutions, ox.QuerySolutions):
            raise StoreError("the store gave no solutions to a SELECT query")
        return solutions

    def format(self) -> str | None:
        """The format of the base; None if it is empty."""
        rows = self.select(
            f"SELECT ?format {{ GRAPH <{CATALOG}> {{ ?s ?p ?o OPTIONAL {{ <{CATALOG}> nec:format ?format }} }} }} LIMIT 1"
        )
        return next((row["format"].value if row["format"] else "1" for row in rows), None)

    def refuse_other_formats(self) -> None:
        """Raise `StoreError` for a base that another version of the software has divided into graphs in another way."""
        found = self.format()
        if found not in (None, str(FORMAT)):
            raise StoreError(
                f"the knowledge base has format {found}, and this software knows {FORMAT}",
                mend="Write its charts with `necessity kb export --kind chart`, load them into a new base, and determine "
                "them there; keep the old one for its decisions",
            )

    def audit_head(self) -> str:
        """The digest of the entry of the audit trail that tells of the last change; empty if there is none."""
        rows = self.select(f"SELECT ?head {{ GRAPH <{CATALOG}> {{ <{CATALOG}> nec:auditHead ?head }} }}")
        return next((row["head"].value for row in rows), "")

    def entries(self, kind: GraphKind | None = None) -> list[CatalogEntry]:
        """The named graphs, or those of one kind, ordered by kind and by what they are about."""
        return self._entries(f"VALUES ?kind {{ nec:{kind.value} }}" if kind else "")

    def entries_of(self, graphs: Iterable[str]) -> dict[str, CatalogEntry]:
        """The entries of some graphs, by name."""
        return {entry.graph: entry for entry in self._entries(f"VALUES ?graph {{ {_iris(graphs)} }}")}

    def entries_about(self, iris: Iterable[str]) -> dict[str, CatalogEntry]:
        """The entries of the graphs about some IRIs, by IRI."""
        found = self._entries(f"VALUES ?about {{ {_iris(iris)} }}", "?graph nec:holds ?about .")
        return {entry.about: entry for entry in found}

    def holds(self, iris: Iterable[str]) -> set[str]:
        """Those of some IRIs that there is a graph about."""
        rows = self.select(
            f"SELECT ?about {{ VALUES ?about {{ {_iris(iris)} }} GRAPH <{CATALOG}> {{ ?graph nec:holds ?about }} }}"
        )
        return {row["about"].value for row in rows}

    def included(self, names: Iterable[str]) -> dict[str, set[str]]:
        """The shared graphs that some graphs include, by the name of each that includes any."""
        found: dict[str, set[str]] = {}
        for row in self.select(
            f"SELECT ?graph ?shared {{ VALUES ?graph {{ {_iris(names)} }} GRAPH <{CATALOG}> {{ ?graph nec:includes ?shared }} }}"
        ):
            found.setdefault(row["graph"].value, set()).add(row["shared"].value)
        return found

    def description(self, subject: str) -> str:
        """What the catalog says of a subject, as canonical N-Triples."""
        rows = self.select(f"SELECT ?p ?o {{ GRAPH <{CATALOG}> {{ <{subject}> ?p ?o }} }}")
        return lines(subject, [(row["p"].value, str(row["o"])) for row in rows])

    def current(self, requests: Iterable[str]) -> dict[str, list[str]]:
        """The current determinations of each of some requests, ordered."""
        found: dict[str, list[str]] = {request: [] for request in requests}
        for row in self.select(
            f"""SELECT ?request ?d {{ VALUES ?request {{ {_iris(found)} }}
                GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?d }} }} ORDER BY ?d"""
        ):
            found[row["request"].value].append(row["d"].value)
        return found

    def last(self, requests: Iterable[str]) -> dict[str, set[str]]:
        """The determinations that were recorded last, for each of some requests, also where none is current any more."""
        times: dict[str, dict[str, str]] = {request: {} for request in requests}
        follows: set[tuple[str, str, str]] = set()
        for row in self.select(
            f"""SELECT ?request ?d ?time ?other {{ VALUES ?request {{ {_iris(times)} }}
                GRAPH ?record {{ ?d nec:request ?request }}
                GRAPH <{CATALOG}> {{ ?record nec:holds ?d . ?d prov:qualifiedGeneration ?event . ?event prov:atTime ?time
                    OPTIONAL {{ ?event nec:follows ?other }} }} }}"""
        ):
            request, determination, time = (row[name].value for name in ("request", "d", "time"))
            times[request][determination] = max(time, times[request].get(determination, ""))
            if row["other"]:
                follows.add((time, determination, row["other"].value))
        found: dict[str, set[str]] = {}
        for request, of_request in times.items():
            latest = max(of_request.values(), default="")
            last = {determination for determination, time in of_request.items() if time == latest}
            # Several that were recorded in one second, unless each follows another
            found[request] = (
                last - {other for time, one, other in follows if time == latest and one in of_request} or last
            )
        return found

    def undetermined(self, policy: str, configuration: str, software: str) -> list[str]:
        """The requests, ordered, without a current determination of their chart by some policy, configuration and software.

        Args:
            policy: digest of the policy.
            configuration: digest of the configuration; empty for none.
            software: IRI of the software.
        """
        made = set()
        for row in self.select(
            f"""SELECT ?request ?digest ?configuration {{
                GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?d }}
                GRAPH ?record {{ ?d nec:inputDigest ?digest ; nec:policyDigest "{policy}" ; prov:wasGeneratedBy ?review .
                    ?review prov:wasAssociatedWith <{software}> .
                    OPTIONAL {{ ?d nec:configurationDigest ?configuration }} }} }}"""
        ):
            if (row["configuration"].value if row["configuration"] else "") == configuration:
                made.add((row["request"].value, row["digest"].value))
        charts = self.select(
            f"""SELECT ?request ?digest {{
                GRAPH <{CATALOG}> {{ ?chart a nec:ChartGraph ; nec:holds ?request ; nec:contentDigest ?digest }} }}"""
        )
        held = {(row["request"].value, row["digest"].value) for row in charts}
        return sorted(request for request, _ in held - made)

    def prefixes_for(self, text: str) -> dict[str, str]:
        """The prefixes that SPARQL may use without declaring them and does use."""
        used = undeclared_prefixes(text)
        known = STANDARD_PREFIXES if used <= STANDARD_PREFIXES.keys() else self.prefixes()
        return {prefix: known[prefix] for prefix in used & known.keys()}

    def vocabularies(self) -> set[str]:
        """The namespaces of the vocabularies and policy sections that the base holds."""
        return set(self.prefixes().values()) - set(STANDARD_PREFIXES.values())

    def prefixes(self) -> dict[str, str]:
        """All prefixes that SPARQL may use without declaring them.

        They are the standard ones, those of the vocabularies that the base holds, and those of the sections of policies where
        no two have one name.
        """
        found: dict[str, set[str]] = {}
        for row in self.select(
            """PREFIX vann: <http://purl.org/vocab/vann/> PREFIX dcterms: <http://purl.org/dc/terms/>
            PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
            SELECT ?prefix ?space {
                { GRAPH ?vocabulary { ?ontology vann:preferredNamespacePrefix ?prefix ; vann:preferredNamespaceUri ?space }
                  FILTER(STRSTARTS(STR(?vocabulary), "urn:necessity:")) } UNION
                { VALUES ?kind { nec:Section nec:ListSection } ?section a/rdfs:subClassOf* ?kind
                  GRAPH ?policy { ?section dcterms:identifier ?prefix }
                  FILTER(STRSTARTS(STR(?policy), "urn:necessity:")) BIND(CONCAT(STR(?section), "/") AS ?space) } }"""
        ):
            found.setdefault(row["prefix"].value, set()).add(row["space"].value)
        return {prefix: min(spaces) for prefix, spaces in found.items() if len(spaces) == 1} | STANDARD_PREFIXES

    def determinations(self, request: str) -> set[str]:
        """All determinations of a request."""
        rows = self.select(f"SELECT ?d {{ {held(_DETERMINATION, '?d')} {{ ?d nec:request <{request}> }} }}")
        return {row["d"].value for row in rows}

    def made(self, request: str) -> dict[str, tuple[date, bool]]:
        """The current determinations of a request: as of which day, and whether other readings were tried."""
        rows = self.select(
            f"""SELECT ?d ?asOf ?all {{ GRAPH <{CATALOG}> {{ <{request}> nec:currentDetermination ?d }}
                {held(_DETERMINATION, "?d")} {{ ?d nec:asOf ?asOf OPTIONAL {{ ?d nec:holdsUnderAllReadings ?all }} }} }}"""
        )
        return {row["d"].value: (date.fromisoformat(row["asOf"].value), row["all"] is not None) for row in rows}

    def answered(self, determinations: Iterable[str]) -> set[str]:
        """The requests of some determinations."""
        rows = self.select(
            f"""SELECT ?request {{ VALUES ?d {{ {_iris(determinations)} }}
                {held(_DETERMINATION, "?d")} {{ ?d nec:request ?request }} }}"""
        )
        return {row["request"].value for row in rows}

    def generations(self, determinations: Iterable[str]) -> set[str]:
        """The events that made some determinations current."""
        rows = self.select(
            f"""SELECT ?event {{ VALUES ?d {{ {_iris(determinations)} }}
                GRAPH <{CATALOG}> {{ ?d prov:qualifiedGeneration ?event }} }}"""
        )
        return {row["event"].value for row in rows}

    def signed(self, subjects: Iterable[str]) -> set[str]:
        """The decisions on some determinations, and the acceptances and withdrawals for some requests."""
        rows = self.select(
            f"""SELECT ?d {{ VALUES ?of {{ {_iris(subjects)} }}
                {{ {held(_DECISION, "?d")} {{ ?d nec:determination ?of }} }}
                UNION {{ {held(_ACCEPTANCE, "?d")} {{ ?d nec:request ?of }} }} }}"""
        )
        return {row["d"].value for row in rows}

    def acceptances(self, requests: Iterable[str]) -> dict[str, Accepted]:
        """All acceptances, by request."""
        rows = self.select(
            f"""SELECT ?request ?iri ?statement ?person ?withdrawal {{ VALUES ?request {{ {_iris(requests)} }}
                {held(_ACCEPTANCE, "?iri")} {{
                    ?iri nec:request ?request ; a nec:Acceptance ; nec:statement ?statement ; prov:wasAttributedTo ?person }}
                OPTIONAL {{ {held(_ACCEPTANCE, "?withdrawal", "?other")} {{
                    ?withdrawal prov:wasRevisionOf ?iri ; a nec:Withdrawal }} }} }} ORDER BY ?iri"""
        )
        found: dict[str, Accepted] = {}
        for row in rows:
            acceptance = (row["statement"].value, row["person"].value, row["withdrawal"] is not None)
            found.setdefault(row["request"].value, {})[row["iri"].value] = acceptance
        return found

    def with_calls(self, requests: Iterable[str]) -> set[str]:
        """Those of some requests whose chart has facts from peer-to-peer calls."""
        rows = self.select(
            f"""SELECT DISTINCT ?request {{ VALUES ?request {{ {_iris(requests)} }}
                {held(_DETERMINATION, "?determination")} {{ ?determination nec:request ?request }}
                {held(_DECISION, "?decision", "?signed")} {{
                    ?decision nec:determination ?determination ; nec:callDocument ?call }} }}"""
        )
        return {row["request"].value for row in rows}

    def judged(self, determination: str) -> tuple[str, dict[str, str]]:
        """The request of a determination, and the digest of each resource that it judged; raises `StoreError` if there is none."""
        rows = list(
            self.select(
                f"""SELECT ?request ?resource ?digest {{ {held(_DETERMINATION, f"<{determination}>")} {{
                    <{determination}> nec:request ?request ; nec:judged ?judged .
                    ?judged nec:resource ?resource ; nec:judgedDigest ?digest }} }}"""
            )
        )
        if not rows:
            raise StoreError("there is no such determination", where=determination)
        return rows[0]["request"].value, {row["resource"].value: row["digest"].value for row in rows}

    def judged_of(self, request: str) -> set[tuple[str, str]]:
        """IRI and digest of each resource that any determination of a request judged."""
        rows = self.select(
            f"""SELECT DISTINCT ?resource ?digest {{ {held(_DETERMINATION, "?d")} {{
                ?d nec:request <{request}> ; nec:judged ?judged . ?judged nec:resource ?resource ; nec:judgedDigest ?digest }} }}"""
        )
        return {(row["resource"].value, row["digest"].value) for row in rows}

    def described_by(self, subjects: Iterable[str], but: Iterable[str]) -> dict[str, dict[str, str]]:
        """Which charts describe some subjects: of each, as a term, the requests with their members, as a term.

        Args:
            subjects: terms.
            but: requests whose charts are left out.
        """
        left_out = set(but)
        found: dict[str, dict[str, str]] = {}
        for row in self.select(
            f"""SELECT DISTINCT ?subject ?request ?member {{ VALUES ?subject {{ {" ".join(sorted(subjects))} }}
                GRAPH ?graph {{ ?subject ?p ?o }}
                GRAPH <{CATALOG}> {{ {{ ?graph a nec:ChartGraph ; nec:holds ?request }} UNION
                    {{ ?chart nec:includes ?graph ; a nec:ChartGraph ; nec:holds ?request }} }}
                ?request nec:member ?member }} ORDER BY ?request"""
        ):
            if row["request"].value not in left_out:
                found.setdefault(str(row["subject"]), {})[row["request"].value] = str(row["member"])
        return found

    def originals(self) -> set[str]:
        """The digests of the files that texts of the charts were read from."""
        return {row["file"].value for row in self.select("SELECT DISTINCT ?file { ?text nec:original ?file }")}

    def snapshots(self, determinations: Iterable[str]) -> set[str]:
        """The snapshots of what no determination but some judged."""
        own = list(determinations)
        rows = self.select(
            f"""SELECT DISTINCT ?snapshot {{ VALUES ?d {{ {_iris(own)} }}
                ?d nec:judged ?judged . ?judged nec:resource ?resource ; nec:judgedDigest ?digest .
                ?snapshot nec:resource ?resource ; nec:judgedDigest ?digest ; a nec:Snapshot .
                FILTER NOT EXISTS {{ ?also nec:resource ?resource ; nec:judgedDigest ?digest . ?other nec:judged ?also .
                    FILTER(?other NOT IN ({", ".join(f"<{iri}>" for iri in own)})) }} }}"""
        )
        return {row["snapshot"].value for row in rows}

    def common_results(self, determinations: Iterable[str]) -> set[str]:
        """The criterion results and shape results with a graph of their own that no determination but some leads to."""
        own = list(determinations)
        # One EXISTS in another, so that a store asks of one result at a time, not of all of them.
        others = f"FILTER(?other NOT IN ({', '.join(f'<{iri}>' for iri in own)}))"
        rows = self.select(
            f"""SELECT DISTINCT ?found {{ VALUES ?d {{ {_iris(own)} }}
                {{ ?d nec:result ?found . GRAPH <{CATALOG}> {{ ?graph nec:holds ?found }}
                   FILTER NOT EXISTS {{ ?other nec:result ?found {others} }} }} UNION
                {{ ?d nec:result/nec:validationResult ?found
                   FILTER NOT EXISTS {{ ?also nec:validationResult ?found
                      FILTER EXISTS {{ ?other nec:result ?also {others} }} }} }} }}"""
        )
        return {row["found"].value for row in rows}

    def leading_to(self, iri: str) -> int:
        """How many determinations lead to a common result or snapshot; 0 for anything else."""
        rows = self.select(
            f"""SELECT (COUNT(DISTINCT ?d) AS ?n) {{
                {{ ?d nec:result/nec:validationResult? <{iri}> }} UNION
                {{ <{iri}> a nec:Snapshot ; nec:resource ?resource ; nec:judgedDigest ?digest .
                   ?judged nec:resource ?resource ; nec:judgedDigest ?digest . ?d nec:judged ?judged }} }}"""
        )
        return next(int(row["n"].value) for row in rows)

    def _entries(self, only: str, held: str = "") -> list[CatalogEntry]:
        about = "" if held else f"OPTIONAL {{ GRAPH <{CATALOG}> {{ ?graph nec:holds ?about }} }}"
        rows = self.select(
            f"""SELECT ?graph ?kind ?about ?digest ?loaded ?shared {{ {only}
                GRAPH <{CATALOG}> {{ {held} ?graph nec:contentDigest ?digest ; a ?kind ; nec:loaded ?loaded }}
                {about} OPTIONAL {{ GRAPH <{CATALOG}> {{ ?graph nec:includes ?shared }} }} }}
                ORDER BY ?kind ?about ?graph"""
        )
        found: dict[str, CatalogEntry] = {}
        for row in rows:
            name = row["graph"].value
            entry = found.get(name) or CatalogEntry(
                graph=name,
                kind=GraphKind(row["kind"].value.removeprefix(str(NEC))),
                about=row["about"].value if row["about"] else "",
                digest=row["digest"].value,
                loaded=row["loaded"].value,
            )
            found[name] = replace(entry, includes=entry.includes | {row["shared"].value}) if row["shared"] else entry
        return list(found.values())


def marked(content: str, acceptances: Accepted) -> str:
    """A chart in which just the statements are marked that are accepted, of all that were ever accepted."""
    marks = {f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n" for statement, person, _ in acceptances.values()}
    kept = [line for line in graphs.lines_of(content) if line not in marks]
    subjects = {line.partition(" ")[0] for line in kept}
    kept += {
        f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n"
        for statement, person, withdrawn in acceptances.values()
        if not withdrawn and f"<{statement}>" in subjects
    }
    return "".join(sorted(kept))


def _iris(iris: Iterable[str]) -> str:
    return " ".join(f"<{iri}>" for iri in iris)
