"""The library of queries: each answers what it says, through every door."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from reasoner import Policy
from reasoner.chart import intake, sources
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import QueryError, UsageError
from reasoner.rdf.parsing import parse_datasets
from reasoner.render.provenance import iri
from reasoner.review.signing import read_decisions
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.questions import Answer, Query, find, library, write_answer
from reasoner.store.sandbox import Sandbox
from tests import node
from tests.conftest import CASES, ROOT, served
from tests.store.questions import ANSWERS, World, finding_counts_for, old_evidence

PROV = "http://www.w3.org/ns/prov#"
FOLDERS = ("adult-admission", "dates", "exclusions", "illinois")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kb")


@pytest.fixture(scope="module")
def world(policy: Policy, place: Path) -> World:
    """A knowledge base of sample charts, decided on and not, in a directory."""
    paths = [
        *(str(CASES / "mp9556" / name) for name in FOLDERS),
        str(CASES / "rules" / "unread" / "no-other-disorder.ttl"),
        str(CASES / "rules" / "texts" / "anchored.ttl"),
    ]
    cases = [case for name in sources.find(paths) for case in intake.read(name, policy)[0]]
    skipped = next(case for case in cases if "exclusions" in case.iri)
    found = []
    with KnowledgeBase(open_store(place, write=True)) as kb:
        kb.load_policy(policy)
        for case in cases:
            kb.load_case(case)
            if case is not skipped:
                determinations = determine_case(case, policy)
                kb.record(determinations)
                found += determinations
        decided = decide(found)
        for decision in decided:
            (data,) = parse_datasets(decision["turtle"].encode(), ox.RdfFormat.TURTLE, "decision")
            for one in read_decisions(data.graph, policy, data.name):
                kb.load_decision(one)
    return World(policy, tuple(cases), tuple(found), tuple(decided), (skipped.iri,))


def decide(determinations: list) -> list[dict]:
    """What people signed: two refused requests overridden alike, one of them approved over its referral as earlier versions
    had it, an approval that is corrected, and own statuses that were given before a determination was shown.
    """
    refused = [d for d in determinations if d.outcome == "criteria-not-met"][:2]
    (met,) = [d for d in determinations if d.outcome == "criteria-met"][:1]
    made = []
    for number, (determination, disposition, revises) in enumerate(
        [
            (refused[0], "ReferredToPeer", None),
            (refused[1], "ReferredToPeer", None),
            (refused[1], "Approved", 1),
            (met, "Approved", None),
            (met, "Assessed", None),
            (met, "Approved", 3),
        ]
    ):
        leaf = next((r for r in determination.criteria if r.status == "not-met" and r.evidence), None)
        override = f"nec:override :o{number} ;" if leaf and disposition == "ReferredToPeer" else ""
        name = f"https://example.org/decisions#d{number}"
        overrides = {leaf.criterion.id: "met"} if override else {}
        own = {"adult-admission:3": "met", "adult-admission:5": "not-met"} if disposition == "Assessed" else {}
        parts = [f"nec:ownStatus :own{place} ;" for place in range(len(own))]
        revision = f"prov:wasRevisionOf :d{revises} ;" if revises is not None else ""
        turtle = f"""
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix prov: <{PROV}> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/decisions#> .
:d{number} a nec:Decision ; nec:determination <{iri(determination)}> ; nec:disposition nec:{disposition} ; {override} {" ".join(parts)}
    {revision} prov:generatedAtTime "2026-10-0{number + 1}T10:00:00Z"^^xsd:dateTime ; prov:wasAttributedTo :person .
:person skos:prefLabel "R. Example" ; nec:authorRole "utilization nurse" .
"""
        if override:
            turtle += (
                f":o{number} a nec:Override ; nec:criterion <{leaf.criterion.iri}> ; nec:status nec:Met ; "
                f'nec:rationale "Seen in the addendum." .'
            )
        for place, (id_, status) in enumerate(own.items()):
            turtle += (
                f":own{place} a nec:OwnStatus ; nec:criterion <{determination.criterion(id_).criterion.iri}> ; "
                f"nec:status nec:{status.title().replace('-', '')} .\n"
            )
        slug = {"ReferredToPeer": "referred-to-peer", "Approved": "approved", "Assessed": "assessed"}[disposition]
        made.append(
            {
                "iri": name,
                "determination": str(iri(determination)),
                "disposition": slug,
                "overrides": overrides,
                "own": own,
                "time": f"2026-10-0{number + 1}T10:00:00+00:00",
                "revises": f"https://example.org/decisions#d{revises}" if revises is not None else None,
                "turtle": turtle,
            }
        )
    return made


def plain(rows) -> list[tuple[str | None, ...]]:
    """Rows as sorted text, to compare; a value that only the run knows is left out."""
    shown = [tuple(None if v is None else "…" if v is ... else str(v) for v in row) for row in rows]
    return sorted(shown, key=str)


def ask(kb: KnowledgeBase, query: Query, **given: str) -> Answer:
    text = query.bind(given)
    return Answer(kb.query(text), text)


def test_every_query_has_an_expected_answer() -> None:
    assert set(ANSWERS) == set(library())
    assert len(library()) >= 25


@pytest.mark.parametrize("name", library())
def test_what_a_query_says_of_itself(name: str) -> None:
    query = library()[name]
    assert query.title.endswith("?")
    assert len(query.purpose) > 30
    assert query.purpose.endswith(".")
    for parameter in query.parameters.values():
        assert parameter.help, parameter.name
    if "CONSTRUCT" not in query.text:
        assert query.columns


@pytest.mark.parametrize("name", library())
def test_answer(world: World, place: Path, name: str) -> None:
    query, expected = library()[name], ANSWERS[name](world)
    with KnowledgeBase(open_store(place)) as kb:
        answer = ask(kb, query)
    if answer.triples is not None:
        derived = f"<{PROV}wasDerivedFrom>"
        rows = [(t.subject.value, t.object.value) for t in answer.triples if str(t.predicate) == derived]
    else:
        assert answer.columns == tuple(query.columns)
        rows = [(*row[:-1], ...) for row in answer.values()] if name == "undetermined" else list(answer.values())
    assert plain(rows) == plain(expected)
    if name not in ("old-evidence",):
        assert rows, "a question that the sample charts do not answer shows nothing"


def test_parameters(world: World, place: Path) -> None:
    with KnowledgeBase(open_store(place)) as kb:
        for days in (0, 5, 400):
            rows = ask(kb, find("old-evidence"), days=str(days)).values()
            assert plain(rows) == plain(old_evidence(world, days))
        assert old_evidence(world, 5)
        assert plain(ask(kb, find("old-evidence"), days="").values()) == plain(old_evidence(world, -100_000))
        contrary = next(iter(world.version.contraries))
        rows = plain(ask(kb, find("finding-counts-for"), finding=contrary).values())
        assert rows == plain(finding_counts_for(world, contrary.rpartition("#")[2]))
        assert {row[2] for row in rows} >= {"denied"}
        request = world.cases[0].iri
        rows = list(ask(kb, find("case-statuses"), request=request).values())
        assert {row[0] for row in rows} == {request}
        anywhere = ask(kb, find("without-criterion"), jurisdiction="", focus="", phase="", status="met")
        assert {row[0] for row in anywhere.values()} == {
            d.case.iri for d, r in world.results if r.criterion.id == "illinois:level" and r.status == "met"
        }


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("old-evidence", {"day": "5"}, "It has: days"),
        ("old-evidence", {"days": "five"}, "no integer"),
        ("old-evidence", {"days": "5 } ?s ?p ?o {"}, "no integer"),
        ("case-statuses", {"request": "urn:a> ?p ?o . <urn:b"}, "no iri"),
    ],
)
def test_parameters_that_cannot_be(name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(name).bind(given)


def test_a_string_parameter_cannot_leave_its_quotes(place: Path, world: World) -> None:
    with KnowledgeBase(open_store(place)) as kb:
        assert ask(kb, find("shape-messages"), criterion='x" } SELECT { "\n\\').rows == []


def test_a_query_without_default_is_refused() -> None:
    with pytest.raises(QueryError, match="no default"):
        _ = Query("own", "#+ parameter days integer: days\nSELECT * { ?s ?p ?o }").parameters


# ---------------------------------------------------------------- every door


@pytest.fixture(scope="module")
def endpoint(world: World, place: Path) -> Iterator[str]:
    with served(place) as url:
        yield url


def bindings(document: dict) -> list[tuple]:
    """The rows of SPARQL results in JSON, as terms."""
    names = document["head"]["vars"]
    return sorted(
        (tuple(term(row.get(name)) for name in names) for row in document["results"]["bindings"]),
        key=str,
    )


def term(value: dict | None) -> tuple | None:
    if value is None:
        return None
    kind = value.get("datatype", "").rpartition("#")[2].replace("string", "")
    text = value["value"].replace("Z", "+00:00") if kind == "dateTime" else value["value"]
    return text, kind, value.get("xml:lang", "")


@pytest.fixture(scope="module")
def expected(world: World, place: Path) -> dict[str, list]:
    found = {}
    with KnowledgeBase(open_store(place)) as kb:
        for name, query in library().items():
            answer = ask(kb, query)
            if answer.triples is None:
                found[name] = bindings(json.loads(answer.serialize("json")))
    return found


def test_every_query_by_command_line(
    expected: dict[str, list], place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name, rows in expected.items():
        assert main(["query", name, "--kb", str(place), "--format", "json"]) == 0
        assert bindings(json.loads(capsysbinary.readouterr().out)) == rows, name


def test_every_query_by_url(expected: dict[str, list], endpoint: str) -> None:
    with KnowledgeBase(open_store(endpoint)) as kb:
        for name, rows in expected.items():
            assert bindings(json.loads(ask(kb, find(name)).serialize("json"))) == rows, name


def test_every_query_by_sparqlwrapper(expected: dict[str, list], endpoint: str) -> None:
    from SPARQLWrapper import JSON, SPARQLWrapper

    for name, rows in expected.items():
        client = SPARQLWrapper(endpoint)
        client.setReturnFormat(JSON)
        client.setQuery(library()[name].text)
        assert bindings(client.queryAndConvert()) == rows, name


def test_every_query_by_rdflib(expected: dict[str, list], endpoint: str) -> None:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    store = SPARQLStore(endpoint)
    for name, rows in expected.items():
        found = json.loads(store.query(library()[name].text).serialize(format="json"))
        assert bindings(found) == rows, name


CLIENT = """
import { SparqlEndpointFetcher } from 'fetch-sparql-endpoint';
import { readFileSync } from 'fs';
const [endpoint, folder, ...names] = process.argv.slice(2);
const fetcher = new SparqlEndpointFetcher({ method: 'POST' });
for (const name of names) {
  const stream = await fetcher.fetchBindings(endpoint, readFileSync(`${folder}/${name}.rq`, 'utf-8'));
  const rows = await new Promise((done, failed) => {
    const found = [];
    stream.on('data', (row) => found.push(row));
    stream.on('end', () => done(found));
    stream.on('error', failed);
  });
  console.log(JSON.stringify([name, rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v.value])))]));
}
"""


@pytest.mark.slow
def test_every_query_by_javascript(expected: dict[str, list], endpoint: str) -> None:
    home = node.packages("fetch-sparql-endpoint@6")
    out = node.run(home, "client.mjs", CLIENT, endpoint, str(ROOT / "data" / "queries"), *expected)
    answered = dict(json.loads(line) for line in out.splitlines())
    for name, rows in expected.items():
        columns = tuple(library()[name].columns)
        # A store writes UTC as Z.
        times = [
            {c: re.sub(r"(T[\d:.]+)Z$", r"\1+00:00", v) if isinstance(v, str) else v for c, v in row.items()}
            for row in answered[name]
        ]
        found = sorted((tuple(row.get(c) for c in columns) for row in times), key=str)
        assert found == sorted((tuple(v and v[0] for v in row) for row in rows), key=str), name


# ---------------------------------------------------------------- forms of an answer


def test_forms(world: World, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas

    with KnowledgeBase(open_store(place)) as kb:
        answer = ask(kb, find("documentation-coverage"))
        frame = answer.to_pandas()
        assert list(frame.columns) == list(answer.columns)
        assert frame["determinations"].sum() == sum(row[1] for row in answer.values())
        rows = list(csv.reader(io.StringIO(answer.serialize("csv").decode())))
        assert [tuple(row) for row in rows[1:]] == [tuple(str(v) for v in row) for row in answer.values()]
        for form, format_ in (("xml", ox.QueryResultsFormat.XML), ("tsv", ox.QueryResultsFormat.TSV)):
            parsed = ox.parse_query_results(answer.serialize(form), format=format_)
            assert [tuple(row[n] for n in range(len(answer.columns))) for row in parsed] == answer.rows
        text = answer.serialize("text").decode().splitlines()
        assert text[0].split() == list(answer.columns)
        assert text[-1] == f"{len(answer.rows)} rows"
        graph = ask(kb, find("provenance"))
        for form in ("turtle", "ntriples", "rdfxml", "jsonld"):
            syntax = {"turtle": "TURTLE", "ntriples": "N_TRIPLES", "rdfxml": "RDF_XML", "jsonld": "JSON_LD"}[form]
            parsed_graph = ox.parse(input=graph.serialize(form), format=getattr(ox.RdfFormat, syntax))
            assert {quad.triple for quad in parsed_graph} == set(graph.triples)
        for wrong, found in (("csv", graph), ("turtle", answer)):
            with pytest.raises(UsageError):
                found.serialize(wrong)
        assert ask(kb, Query("own", "ASK { ?s ?p ?o }")).serialize("text") == b"yes\n"
    out = tmp_path / "answer.parquet"
    assert main(["query", "outcomes", "--kb", str(place), "--format", "parquet", "--out", str(out)]) == 0
    assert int(pandas.read_parquet(out)["determinations"].sum()) == len(world.determinations)


@pytest.mark.parametrize(
    ("query", "form", "other"),
    [
        ('SELECT ("\\u0007" AS ?x) {}', "xml", "json"),
        ('CONSTRUCT { <urn:a> <urn:p> "\\u0007" } {}', "rdfxml", "jsonld"),
    ],
)
def test_xml_is_never_written_that_is_none(tmp_path: Path, query: str, form: str, other: str) -> None:
    (tmp_path / "own.rq").write_text(query)
    open_store(tmp_path / "kb", write=True).close()
    command = ["query", str(tmp_path / "own.rq"), "--kb", str(tmp_path / "kb"), "--out", str(tmp_path / "answer")]
    assert main([*command, "--format", form]) == 2
    assert not (tmp_path / "answer").exists()
    assert main([*command, "--format", other]) == 0


def test_rows_of_standard_formats_are_written_one_after_the_other() -> None:
    kb = KnowledgeBase()
    many = " ".join(f'<urn:s> <urn:p> "=\\u202Ea\tb {number}" .' for number in range(20_000))
    kb.store.update(f"INSERT DATA {{ GRAPH <urn:g> {{ {many} }} }}")

    def written(form: str, rows: int, *, raw: bool = False) -> tuple[bytes, int]:
        """What is written, and how much memory that takes at most."""
        text = f"SELECT ?o {{ ?s ?p ?o }} LIMIT {rows}"
        with tempfile.TemporaryFile() as output:
            tracemalloc.start()
            write_answer(kb.query(text), form, output, raw=raw)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            output.seek(0)
            told = output.read()
        assert told == Answer(kb.query(text)).serialize(form, raw=raw)
        return told, peak

    for form in ("csv", "tsv", "json", "xml"):
        assert written(form, 20_000)[1] < 2 * written(form, 200)[1] + 100_000, form
    assert written("csv", 9, raw=True)[0] != written("csv", 9)[0]


def test_a_tab_or_a_line_break_in_a_literal_survives() -> None:
    kb = KnowledgeBase()
    literal = ox.Literal('a\tb\nc "d" \\ é')
    kb.store.update(f"INSERT DATA {{ GRAPH <urn:g> {{ <urn:s> <urn:p> {literal} }} }}")
    answer = ask(kb, Query("own", "SELECT ?o { ?s ?p ?o }"))
    assert json.loads(answer.serialize("json"))["results"]["bindings"][0]["o"]["value"] == literal.value


def test_query_over_charts_needs_no_knowledge_base(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    chart = CASES / "mp9556" / "adult-admission" / "same-day-contradiction.ttl"
    assert main(["query", "conflicts", str(chart), "--format", "csv"]) == 0
    assert "adult-admission:7-a" in capsys.readouterr().out
    own = tmp_path / "own.rq"
    own.write_text("SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/necessity/core#Determination> }")
    assert main(["query", str(own), str(chart), "--format", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["n", "1"]


def test_known_prefixes_need_no_declaration(
    place: Path, endpoint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """By command, over charts, at an endpoint and in the sandbox; and a table shows terms by them."""
    text = "SELECT ?finding { ?finding rdfs:subClassOf iop:UnstableLivingSituation }"
    own = tmp_path / "own.rq"
    own.write_text(text)
    chart = str(CASES / "mp9556" / "adult-admission" / "same-day-contradiction.ttl")
    for arguments in (["--kb", str(place)], [chart], ["--kb", endpoint]):
        assert main(["query", str(own), *arguments]) == 0
        assert "iop:Homelessness" in capsys.readouterr().out.split()
    store = open_store(place)
    sandbox = Sandbox(store, timeout=120)
    answer = sandbox.query(text, 100)
    sandbox.close()
    store.close()
    assert "iop:Homelessness" in {answer.shorten(row[0]) for row in answer.rows}
    own.write_text("SELECT * { ?s none:such ?o }")
    assert main(["query", str(own), "--kb", str(place)]) == 2
    assert "line 1, column 15: the prefix of none:such is not declared" in capsys.readouterr().err


def test_listing_showing_and_errors(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    assert main(["query"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(library())
    assert main(["query", "old-evidence", "--show", "--param", "days=7"]) == 0
    assert '"7"^^<http://www.w3.org/2001/XMLSchema#integer>' in capsys.readouterr().out
    for arguments, message in (
        (["query", "nothing", "--kb", str(place)], "no query of this name"),
        (["query", "outcomes"], "no knowledge base is named"),
        (["query", "-", "--kb", str(place)], "it is not SPARQL"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT nonsense"))
        assert main(arguments) == 2
        assert message in capsys.readouterr().err
    chart = str(CASES / "mp9556" / "adult-admission" / "same-day-contradiction.ttl")
    for source in (["--kb", str(place)], [chart]):
        monkeypatch.setattr(
            "sys.stdin", io.StringIO("SELECT * { ?s ?p ?o FILTER(" + "(" * 20_000 + "1" + ")" * 20_000 + ") }")
        )
        assert main(["query", "-", *source]) == 2
        assert "it nests brackets deeper than 128" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"))
    assert main(["query", "-", "--kb", str(place)]) == 2
    assert "SERVICE is not allowed" in capsys.readouterr().err
