"""Briefs that are made as columns are those that the charts give one by one, whatever else is in the batch."""

from __future__ import annotations

import random
import re
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import anchored, generate
from reasoner import Policy
from reasoner.batch.lines import LineWriter
from reasoner.batch.model import Job
from reasoner.batch.workers import Worker
from reasoner.chart import reading
from reasoner.chart.documents.model import digest_of
from reasoner.chart.fast import judge, nec, nodes, stream
from reasoner.chart.fast.chart import reader
from reasoner.chart.fast.columns import Charts
from reasoner.chart.fast.compiled_intake import compile_intake_shapes
from reasoner.chart.fast.piece import QUADS, Piece
from reasoner.chart.fast.stream import Quads
from reasoner.determination import columns
from reasoner.determination.determine import determine_case
from reasoner.determination.remembered import Remembered
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import NEC, RDF
from tests.conftest import CASES, Attestation, chart, request
from tests.explore import examples
from tests.random_charts import Chart, charts, met_charts


@pytest.fixture(scope="module")
def worker() -> Worker:
    """One worker for all charts of this module, so that what one has taught it is asked of the next."""
    return Worker(Job())


@pytest.fixture(scope="module")
def writer(policy: Policy) -> LineWriter:
    return LineWriter(policy)


def as_quads(text: str, suffix: str = ".ttl") -> list[str]:
    """A chart as quads without their graph."""
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[suffix], "chart")
    return sorted(f"{s} {p} {o}" for s, props in data.nodes.items() for p, values in props.items() for o in values)


def one_by_one(
    texts: list[str], policy: Policy, writer: LineWriter, as_of: date | None = None
) -> list[tuple[str, ...]]:
    """What the reader of graphs makes of charts, and then the briefs of its cases; of a rejected chart, why it is."""
    found: list[tuple[str, ...]] = []
    for number, text in enumerate(texts):
        source = f"quads <urn:g:{number}>"
        try:
            (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[QUADS], "quads")
            cases = reading.read_cases(data.graph, policy, data.name, as_of)
            found += [(source, case.iri, *line) for case in cases for line in writer.lines(case)]
        except DocumentationError as error:
            found.append((source, str(error)))
    return sorted(found)


def agree(
    charts: list[list[str]], policy: Policy, worker: Worker, writer: LineWriter, as_of: date | None = None
) -> int:
    """How many of some charts, given as quads without their graph, are told as columns."""
    texts = ["".join(f"{line} <urn:g:{number}> .\n" for line in lines) for number, lines in enumerate(charts)]
    by_themselves: list[int] = []
    data_sets = Quads.data_sets

    def watched(self: Quads, run: int, *arguments: object) -> object:
        by_themselves.append(run)
        return data_sets(self, run, *arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Quads, "data_sets", watched)
        result = worker(Piece(("quads",), QUADS, data="".join(texts).encode()))
    assert not result.scattered
    assert (result.read, result.determined + result.rejected) == (len(charts), len(charts))
    found = [(row.source, row.request, row.start, row.outcome, row.line) for row in result.rows]
    found += [(rejection.source, str(rejection.error)) for rejection in result.rejections]  # type: ignore[misc]
    assert sorted(found) == one_by_one(texts, policy, writer, as_of)
    return len(charts) - len(by_themselves)


@pytest.mark.parametrize("folder", ["mp9556", "rules"])
def test_sample_charts(folder: str, policy: Policy, worker: Worker, writer: LineWriter) -> None:
    paths = sorted((CASES / folder).rglob("*.ttl"))
    told = agree([as_quads(path.read_text()) for path in paths], policy, worker, writer)
    assert told > 60 or folder == "rules", "in those several requests share a graph"


def test_a_brief_is_that_of_the_whole_determination(policy: Policy, writer: LineWriter) -> None:
    texts = [
        "".join(f"{line} <urn:g:{n}> .\n" for line in as_quads(t, ".nt")) for n, t in enumerate(generate(25, seed=21))
    ]
    result = Worker(Job())(Piece(("quads",), QUADS, data="".join(texts).encode()))
    expected = []
    for text in texts:
        (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[QUADS], "quads")
        for case in reading.read_cases(data.graph, policy, data.name):
            expected += [writer.brief(determination) for determination in determine_case(case, policy)]
    assert [row.line for row in result.rows] == expected


@examples(60)
@given(samples=st.lists(st.one_of(charts(), met_charts()), min_size=1, max_size=4))
def test_random_charts(policy: Policy, worker: Worker, writer: LineWriter, samples: list[Chart]) -> None:
    """All of them say the same names."""
    agree([as_quads(sample.turtle()) for sample in samples], policy, worker, writer)


def test_generated_charts_in_any_order_under_any_names(policy: Policy, worker: Worker, writer: LineWriter) -> None:
    dice, found = random.Random(5), [as_quads(text, ".nt") for text in generate(60, seed=22)]
    assert agree(found, policy, worker, writer) >= 58
    for lines in found:
        dice.shuffle(lines)
    assert agree(found, policy, worker, writer) >= 58
    renamed = []
    for number, lines in enumerate(found):
        name = f"z{dice.randrange(99)}/{number}"
        renamed.append(sorted(line.replace(f"generated/{number:07}", name) for line in lines))
    assert agree(renamed, policy, worker, writer) >= 58


@pytest.mark.parametrize("seed", range(30))
def test_mutated_charts(seed: int, policy: Policy, worker: Worker, writer: LineWriter) -> None:
    """Triples left out, said of another node, with a property or a value of another, of other charts too."""
    dice = random.Random(seed)
    found = [[line.split(" ", 2) for line in as_quads(text, ".nt")] for text in generate(4, seed=seed)]
    for _ in range(dice.randrange(1, 6)):
        own, other = dice.choice(found), dice.choice(found)
        line, place = dice.choice(own), dice.randrange(3)
        if dice.random() < 0.3:
            own.remove(line)
        else:
            changed = [*line]
            changed[place] = dice.choice(other)[place if dice.random() < 0.8 or place == 1 else 0]
            own.append(changed)
    agree([sorted({" ".join(line) for line in own}) for own in found], policy, worker, writer)


_DIGEST = digest_of(b"one word")
_TEXT = f":note nec:text <{_DIGEST}> . <{_DIGEST}> nec:content 'one word' . "
ODD = [
    _TEXT + f":s0 nec:excerpt 'word' ; oa:hasTarget <{_DIGEST}#char=4,8> .",
    _TEXT + f":s0 nec:excerpt 'word' ; oa:hasTarget <{_DIGEST}#char=4,9> .",
    _TEXT + f":s0 nec:excerpt 'word' ; oa:hasTarget <{_DIGEST}#char=4,8> , <{_DIGEST}#char=4,9> .",
    _TEXT + f":s0 oa:hasTarget <{_DIGEST}#char=4,8> .",
    _TEXT + f":note oa:hasTarget <{_DIGEST}#char=4,8> .",
    _TEXT + f":s0 nec:documentedIn <{_DIGEST}> .",
    _TEXT + f":s0 nec:severity <{_DIGEST}> .",
    _TEXT + f":request nec:member <{_DIGEST}> .",
    _TEXT + f"<{_DIGEST}> nec:text <{_DIGEST}> .",
    _TEXT + ":unrelated nec:text 'of nobody' .",
    ":unrelated nec:content 'of nobody' .",
    ":unrelated nec:pageStarts '0' .",
    ":s0 nec:severity :s1 .",
    ":s0 nec:acceptedBy :request .",
    ":s0 nec:acceptedBy <urn:somebody> . <urn:somebody> a <urn:Person> .",
    ":s0 a iop:NoSafetyPlan , iop:UnqualifiedFacility .",
    ":s0 nec:page '1' , '2' .",
    ":s0 nec:observed '2025-02-30'^^xsd:date .",
    ":s0 nec:recorded '2025-06-01Z'^^xsd:date .",
    ":s0 nec:excerpt :words .",
    ":s0 nec:excerpt 'a \"quoted\" text' ; nec:page 9.0 .",
    ":s0 iop:hoursPerWeek 20.0 , 'x'^^xsd:integer ; iop:recreationalHoursPerWeek 2.0 .",
    ":s0 iop:hoursPerWeek nec:Family .",
    ":note nec:authorKind nec:Family .",
    ":note nec:authorKind nec:Family , nec:Provider .",
    ":note nec:plan :other . :other a <urn:Plan> .",
    ":note dcterms:issued 'soon' .",
    ":unrelated dcterms:title 'of nobody' .",
    ":request nec:program :note .",
    ":request nec:program :s0 .",
    ":request nec:program :p . :p a nec:Member ; nec:birthDate '1970-01-01'^^xsd:date .",
    ":request nec:admitted '2025-05-01'^^xsd:date .",
    ":request nec:admitted '2035-05-01'^^xsd:date .",
    ":request nec:admitted '2025-05-01Z'^^xsd:date .",
    ":request nec:nosuchterm 'x' .",
    ":request <urn:weight> 4 , '04'^^xsd:integer , '+4'^^xsd:integer , 1.50 .",
    "nec:Provider dcterms:title 'told otherwise' .",
    "nec:Family a nec:Statement .",
    ":item a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:words 'x' ; nec:reason 'no code' .",
    ":s1-affirmed a nec:Statement , iop:NoSafetyPlan ; nec:about :request ; nec:assertion nec:Affirmed ;"
    " nec:documentedIn :note ; nec:recorded '2025-06-01'^^xsd:date .",
    ":s0 nec:documentedIn nec:Provider .",
    ":s0 nec:about :nobody .",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_charts(odd: str, policy: Policy, worker: Worker, writer: LineWriter) -> None:
    """Each among two sound ones, which are told as columns."""
    sound = "@prefix oa: <http://www.w3.org/ns/oa#> .\n"
    sound += chart([Attestation("adult-admission:8-a-iii"), Attestation("adult-admission:6-plan")])
    told = agree([as_quads(sound), as_quads(sound + odd), as_quads(sound)], policy, worker, writer)
    assert told in (2, 3)


TYPE = f"<{RDF.type}>"
ITEM_KINDS = ("Condition", "Medication", "Order", "Observation", "Encounter", "OtherItem", "Other")
ITEM_CODES = (
    "icd-10-cm/F10.20",
    "icd-10-cm/F33.1",
    "icd-10-cm/F99.9",
    "icd-10-cm/Z59.0",
    "icd-10-cm/nothing",
    "rxnorm/6813",
)


def unread(request: str, name: str, dice: random.Random) -> list[str]:
    """An unread item at random, which may be no sound one."""
    said = {
        f"<{NEC.about}>": dice.choices([request, "<urn:other>"], [30, 1])[0],
        f"<{NEC.kind}>": f"<{NEC[dice.choice(ITEM_KINDS[:-1] * 6 + ITEM_KINDS)]}>",
        f"<{NEC.reason}>": dice.choice(['"its code is unknown"', '"no rule reads it"']),
    }
    several = {
        "code": [f"<http://hl7.org/fhir/sid/{code}>" for code in ITEM_CODES],
        "words": ['"asthma"', '"é \\"x\\" \\n"', '""', "<urn:words>"]
        if dice.random() < 0.05
        else ['"asthma"', '"gout"'],
        "source": [
            '"page 2"',
            "<urn:letter>",
            request if dice.random() < 0.03 else "<urn:chart:letter>",
            "<urn:unread:1>",
        ],
    }
    for day in ("observed", "recorded"):
        dates = [
            f"{dice.randrange(2024, 2027)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}" for _ in range(20)
        ]
        several[day] = [f'"{day}"^^<http://www.w3.org/2001/XMLSchema#date>' for day in [*dates, "2025-02-30"]]
    for property_, values in several.items():
        if property_ == "words" or dice.random() < 0.6:
            said[f"<{NEC[property_]}>"] = dice.choice(values)
    return [f"{name} {TYPE} <{NEC.Unread}>", *(f"{name} {predicate} {value}" for predicate, value in said.items())]


@pytest.mark.parametrize("seed", range(6))
def test_unread_items(seed: int, policy: Policy, worker: Worker, writer: LineWriter) -> None:
    dice, found = random.Random(seed), []
    for lines in [as_quads(text, ".nt") for text in generate(30, seed=60 + seed)]:
        (request,) = {line.split(" ")[0] for line in lines if line.endswith(f"<{NEC.ReviewRequest}>")}
        letter = [
            f"<urn:chart:letter> {TYPE} <{NEC.Document}>",
            '<urn:chart:letter> <http://purl.org/dc/terms/title> "Letter"',
        ]
        items = [unread(request, f"<urn:unread:{number}>", dice) for number in range(dice.randrange(4))]
        found.append([*lines, *letter[: 2 * dice.randrange(2)], *(line for item in items for line in item)])
    assert agree(found, policy, worker, writer) >= 15


def test_what_was_not_read_tells_charts_apart_that_say_the_same(policy: Policy, writer: LineWriter) -> None:
    found = []
    for path in sorted((CASES / "rules" / "unread").rglob("*.ttl")):
        quads = [line.split(" ", 2) for line in as_quads(path.read_text())]
        about = {(subject, value) for subject, predicate, value in quads if predicate == f"<{NEC.about}>"}
        unread = {subject for subject, _, value in quads if value == f"<{NEC.Unread}>"}
        requests = {subject for subject, _, value in quads if value == f"<{NEC.ReviewRequest}>"}
        for own in sorted(requests):
            others = {subject for subject, other in about if other != own and (subject, own) not in about}
            others |= requests - {own}
            kept = [line for line in quads if line[0] not in others and line[2] not in others]
            found += [[" ".join(line) for line in kept if line[0] not in left_out] for left_out in (unread, set())]
    assert agree(found, policy, Worker(Job()), writer) > len(found) / 2


def test_several_requests_in_one_graph(policy: Policy, worker: Worker, writer: LineWriter) -> None:
    several = chart([Attestation("adult-admission:3")]) + request().replace(":request", ":other")
    assert agree([as_quads(several)], policy, worker, writer) == 0


def test_the_day_of_review(policy: Policy, writer: LineWriter) -> None:
    found = [as_quads(text, ".nt") for text in generate(10, seed=23)]
    earlier = date(2025, 11, 1)
    agree(found, policy, Worker(Job(as_of=earlier)), writer, earlier)
    unstated = [[line for line in lines if "core#asOf" not in line] for lines in found]
    agree(unstated, policy, Worker(Job(as_of=earlier)), writer, earlier)
    agree(unstated, policy, Worker(Job()), writer)


def test_stays_that_no_version_or_several_cover_are_told_as_columns(policy: Policy, writer: LineWriter) -> None:
    lines = as_quads(next(generate(1, seed=26)), ".nt")
    (start,) = (line for line in lines if f"{NEC.serviceStart}>" in line)
    rest = [
        line
        for line in lines
        if not any(f"{NEC[name]}>" in line for name in ("serviceStart", "serviceEnd", "admitted"))
    ]
    found = []
    for first, last in (("2024-02-01", "2024-03-01"), ("2025-03-20", "2025-05-01"), ("2025-05-01", "2025-05-20")):
        stay = start.replace(re.search(r'"(.*?)"', start)[1], first)  # type: ignore[index]
        found.append([*rest, stay, stay.replace("serviceStart", "serviceEnd").replace(first, last)])
    as_of = date(2026, 6, 1)
    assert agree(found, policy, Worker(Job(as_of=as_of)), writer, as_of) == 3
    charts = ["".join(f"{line} <urn:g:{n}> .\n" for line in lines) for n, lines in enumerate(found)]
    counts = [len(one_by_one([chart], policy, writer, as_of)) for chart in charts]
    assert counts == [1, 2, 1]


def test_what_is_remembered_is_bounded(policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some charts recur at once, some later, when others have the numbers that they had."""
    found = [as_quads(text, ".nt") for text in generate(12, seed=24)]
    found += [as_quads(path.read_text()) for path in sorted((CASES / "mp9556").rglob("*.ttl"))[::4]]
    for module in ("reasoner.determination.columns", "reasoner.batch.columns"):
        monkeypatch.setattr(f"{module}._LIMIT", 100)
    monkeypatch.setattr(columns, "_FEW", 30)
    monkeypatch.setattr(nodes, "_LAYOUTS", 80)
    monkeypatch.setattr(stream, "node_reader", lru_cache(stream.node_reader.__wrapped__))
    bounded, choice = Worker(Job()), random.Random(24)
    for _ in range(20):
        some = choice.sample(found, 3)
        assert sum(agree(charts, policy, bounded, writer) for charts in (some, some[1:])) > 0


def test_authors_may_be_numbered_anew(policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose word it is decides whether a need is met."""
    monkeypatch.setattr(nodes, "_LAYOUTS", 0)
    monkeypatch.setattr(stream, "node_reader", lru_cache(stream.node_reader.__wrapped__))
    monkeypatch.setattr(judge, "_LIMIT", 2)
    bounded, said = Worker(Job()), chart([Attestation("adult-admission:8-a-need"), Attestation("adult-admission:5")])
    for author in ("Provider", "Family", "NonProvider", "Provider"):
        assert agree([as_quads(f"{said} :note nec:authorKind nec:{author} .")], policy, bounded, writer) == 1


def test_what_does_not_recur_is_forgotten_and_what_does_is_kept(
    policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of many batches a factor is accepted by a person whom no other names."""
    monkeypatch.setattr(columns, "_FEW", 10)
    monkeypatch.setattr(nodes, "_LAYOUTS", 10)
    monkeypatch.setattr(stream, "node_reader", lru_cache(stream.node_reader.__wrapped__))
    asked: list[object] = []
    profile = Remembered.profile

    def watched(self: Remembered, *arguments: Any) -> object:
        asked.append(arguments)
        return profile(self, *arguments)

    monkeypatch.setattr(Remembered, "profile", watched)
    lines = as_quads(chart(map(Attestation, ("adult-admission:3", "adult-admission:5", "adult-admission:8-a-other"))))
    bounded, kept = Worker(Job()), []
    for number in range(60):
        own = [line.replace("#reviewer>", f"#reviewer-{number}>") for line in lines]
        assert own != lines
        assert agree([own], policy, bounded, writer) == 1
        (briefs,) = bounded._columns()._briefs.values()
        memory = briefs._memory
        assert len(memory.profiles) == len(memory.marks) == len(memory.flags)
        node_reader = stream.node_reader(bounded._policy)
        assert node_reader.marks.shape[1] == len(nec.VARYING) + len(node_reader._facts)
        kept += [len(node_reader.listed), len(memory.profiles), len(memory.results)]
    assert max(kept) <= 12
    assert len(asked) <= 60 + 6, "what recurs is asked once, or twice if it was forgotten before it did"


def test_two_keys_with_one_sum_are_told_apart(
    policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If half of a key says nothing, the other half finds out, and the charts are read one by one."""
    mixed = columns._mixed
    turns = iter(range(10**6))
    monkeypatch.setattr(columns, "_mixed", lambda seeds, said: mixed(seeds, said) * (0 if next(turns) % 4 < 2 else 1))
    agree([as_quads(text, ".nt") for text in generate(6, seed=25)], policy, Worker(Job()), writer)


ASKED = "intake:{} sh:property [ sh:message 'x' ; {} ] ."
"""Of a request, a statement or an unread item, one thing more."""
PREFIXES = """
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix intake: <https://w3id.org/necessity/intake/> .
@prefix nec: <https://w3id.org/necessity/core#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


@pytest.mark.parametrize(
    ("shape", "more", "told"),
    [
        ("statement", "sh:path nec:severity ; sh:maxCount 1", True),
        ("statement", "sh:path ( nec:documentedIn dcterms:issued ) ; sh:maxCount 1", True),
        ("statement", "sh:path ( nec:documentedIn dcterms:issued ) ; sh:lessThanOrEquals nec:recorded", False),
        ("statement", "sh:path ( nec:documentedIn dcterms:issued ) ; sh:disjoint nec:recorded", False),
        ("statement", "sh:path ( nec:documentedIn nec:source ) ; sh:maxCount 1", False),
        ("statement", "sh:path ( nec:about nec:member nec:birthDate ) ; sh:minCount 1", False),
        ("statement", "sh:path ( nec:about [ sh:inversePath nec:about ] ) ; sh:minCount 1", False),
        (
            "statement",
            "sh:path nec:documentedIn ; sh:node [ sh:property [ sh:path nec:about ; sh:maxCount 0 ] ]",
            False,
        ),
        ("statement", "sh:path nec:excerpt ; sh:minLength 3", False),
        ("request", "sh:path ( nec:plan nec:lineOfBusiness ) ; sh:in ( nec:Commercial )", True),
        ("request", "sh:path ( nec:member nec:birthDate ) ; sh:lessThan nec:asOf", True),
        ("request", "sh:path nec:serviceStart ; sh:in ( '2025-06-02'^^xsd:date )", False),
        ("request", "sh:path ( nec:plan nec:member nec:birthDate ) ; sh:maxCount 1", False),
        ("unread", "sh:path nec:words ; sh:minLength 3", True),
        ("unread", "sh:path ( nec:source dcterms:title ) ; sh:minCount 1", True),
        ("unread", "sh:path ( nec:source dcterms:issued ) ; sh:minCount 1", False),
        ("unread", "sh:path ( nec:about nec:plan nec:lineOfBusiness ) ; sh:maxCount 1", False),
        ("unread", "sh:path nec:source ; sh:disjoint nec:about", False),
    ],
)
def test_shapes_that_ask_for_more_than_layouts_are_left_to_the_other_readers(
    shape: str, more: str, told: bool, policy: Policy
) -> None:
    shapes = reading.intake_shapes(policy)
    added = shapes + type(shapes)().parse(data=PREFIXES + ASKED.format(shape, more), format="turtle")
    tables = compile_intake_shapes(added)
    assert (tables is not None and tables.by_layouts) == told
    assert reader(policy).judges_layouts


@pytest.mark.parametrize("texts", [False, True])
def test_charts_with_anchors_are_told_as_columns(
    texts: bool, policy: Policy, worker: Worker, writer: LineWriter
) -> None:
    found = [as_quads(anchored(text, texts=texts), ".nt") for text in generate(30, seed=29)]
    assert agree(found, policy, worker, writer) >= 28


TEXT, TARGET, CONTENT, EXCERPT = "core#text>", "oa#hasTarget>", "core#content>", "core#excerpt>"
WRONG_ANCHORS = [
    (TARGET, r",(\d+)>", r",99999>"),
    (TARGET, r",(\d+)>", r",0>"),
    (TARGET, r"char=(\d+),", r"char=9999,"),
    (TARGET, r"#char=.*>", ">"),
    (TARGET, r"<(ni:.*)>", r'"\1"'),
    (TARGET, r"<ni:[^#]*", f"<ni:///sha-256;{'A' * 43}"),
    (TARGET, r"^<\S*>", "<urn:a:document>"),
    (TARGET, r"^.*$", ""),
    (TEXT, r"<ni:.*>", "<urn:a:text>"),
    (TEXT, r"<(ni:.*)>", r'"\1"'),
    (TEXT, r"^.*$", ""),
    (TEXT, r"^<\S*>", "<urn:another:document>"),
    (CONTENT, r"Note", "Notes"),
    (CONTENT, r'"Note.*"', '""'),
    (CONTENT, r"^.*$", ""),
    (EXCERPT, r'> "', '> "No '),
    (EXCERPT, r'> ".{4}', '> "'),
    (EXCERPT, r'> "', '>  " '),
    (EXCERPT, r"^.*$", ""),
]


@pytest.mark.parametrize("texts", [False, True])
@pytest.mark.parametrize(("of", "pattern", "other"), WRONG_ANCHORS)
def test_anchors_in_which_something_is_changed(
    of: str, pattern: str, other: str, texts: bool, policy: Policy, worker: Worker, writer: LineWriter
) -> None:
    lines = as_quads(anchored(next(generate(1, seed=30)), texts=texts), ".nt")
    number = next((number for number, line in enumerate(lines) if of in line), -1)
    if number >= 0:
        lines[number] = re.sub(pattern, other, lines[number])
    starts = [f"{line.split(' ')[0]} <https://w3id.org/necessity/core#pageStarts>" for line in lines if CONTENT in line]
    unanchored = [line for line in lines if TARGET not in line]
    kept = [list(filter(None, some)) for some in (lines, unanchored)]
    for pages in ("0 3", "1", "0 99999"):
        kept.append([*kept[0], *(f'{start} "{pages}"' for start in starts)])
    agree(kept, policy, worker, writer)


def test_where_layouts_are_not_enough_no_chart_is_told_as_columns(
    policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(Job())
    monkeypatch.setattr(reader(worker._policy), "judges_layouts", False)
    assert agree([as_quads(text, ".nt") for text in generate(3, seed=27)], policy, worker, writer) == 0


def test_what_the_reader_of_plain_charts_leaves_alone_is_not_told_as_columns(
    policy: Policy, writer: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Charts, "request_alone", lambda self, run: None)
    assert agree([as_quads(text, ".nt") for text in generate(3, seed=28)], policy, Worker(Job()), writer) == 0
