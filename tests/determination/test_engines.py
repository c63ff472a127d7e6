"""The fast engine gives what the reference engine gives: outcomes, statuses, evidence, words and all."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from benchmarks.generate import generate
from reasoner import DocumentationError, EngineError, Policy, load_policy
from reasoner.batch.lines import LineWriter
from reasoner.chart import intake, reading
from reasoner.chart.fast import chart as fast_chart
from reasoner.chart.fast import layout, stream
from reasoner.chart.fast.chart import read_cases, reader
from reasoner.chart.fast.piece import QUADS, Piece
from reasoner.chart.intake import read_graph
from reasoner.chart.model import Case
from reasoner.cli import main
from reasoner.determination import compiled
from reasoner.determination.compiled import CompiledPolicy, compiled_policy
from reasoner.determination.determine import determine_case
from reasoner.determination.engine import Engine
from reasoner.determination.inference import infer
from reasoner.determination.settling import settle
from reasoner.determination.validation import evaluate_case
from reasoner.logic import tables
from reasoner.rdf import graphs, parsing
from reasoner.render.json import to_json
from tests.conftest import CASES, Attestation, chart, request, write_toy
from tests.determination.test_laws import KINDS, facts, random_attestations
from tests.explore import examples
from tests.random_charts import Chart, charts

SAMPLES = sorted(path for path in CASES.rglob("*.ttl"))


def agree(case: Case, policy: Policy) -> None:
    """Both engines, with every reading; then the brief."""
    writer = LineWriter(policy)
    by = {engine: determine_case(case, policy, engine=engine) for engine in Engine}
    lines = list(writer.lines(case))
    assert len(by[Engine.FAST]) == len(by[Engine.REFERENCE]) == len(lines)
    for fast, reference, (start, outcome, line) in zip(*by.values(), lines, strict=True):
        assert fast.criteria == reference.criteria
        mine, other = to_json(fast), to_json(reference)
        assert (mine.pop("engine"), other.pop("engine")) == ("fast", "reference")
        assert mine == other
        assert (start, outcome) == (str(reference.service_start), reference.outcome.value)
        assert line == writer.brief(fast)
        of_reference = json.loads(writer.brief(reference))
        assert {**of_reference, "key": ""} == {**json.loads(line), "key": ""}
        assert list(of_reference["criteria"]) == [c["id"] for c in mine["criteria"]]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_charts(policy: Policy, path: Path) -> None:
    for case in intake.read_file(path, policy):
        agree(case, policy)


@examples(6)
@given(sample=charts())
def test_random_charts(policy: Policy, sample: Chart) -> None:
    for case in read_graph(Graph().parse(data=sample.turtle(), format="turtle"), policy):
        agree(case, policy)


@examples(4)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_random_attestations(policy: Policy, seed: int, kind: tuple) -> None:
    data = Graph().parse(data=chart(random_attestations(policy, seed), **facts(*kind)), format="turtle")
    for case in read_graph(data, policy):
        agree(case, policy)


def varied(policy: Policy, number: int, dice: random.Random) -> Graph:
    """A sample chart with structured facts, dates, classes and assertions swapped among its statements."""
    (sample,) = parsing.parse_datasets(dice.choice(SAMPLES).read_bytes(), parsing.SYNTAXES[".ttl"], "sample")
    data = sample.graph
    for _ in range(number):
        triples = sorted(data)
        (s, p, o), (_, _, other) = dice.choice(triples), dice.choice(triples)
        same = [t for t in triples if t[1] == p and t[2] != o]
        data.remove((s, p, o))
        if same and dice.random() < 0.8:
            data.add((s, p, dice.choice(same)[2]))
        elif dice.random() < 0.3:
            data.add((s, p, other))
    return data


@examples(60)
@given(seed=st.integers(0, 10**9), number=st.integers(1, 12))
def test_the_reader_of_plain_charts_reads_what_the_reader_of_graphs_reads(
    policy: Policy, seed: int, number: int
) -> None:
    (data,) = parsing.parse_datasets(
        varied(policy, number, random.Random(seed)).serialize(format="nt").encode(), parsing.SYNTAXES[".nt"], "varied"
    )
    plain = reader(policy).cases(reader(policy).layouts.nodes(data), data.name)
    if plain is not None:
        assert tuple(plain) == reading.read_cases(data.graph, policy, data.name)
        for case in plain:
            recorded = parsing.data_set(case.source, graphs.triples(case.content))
            assert stream.read_content(case.content, policy, case.source) == read_cases(recorded, policy)
            (version,) = policy.versions
            inference, other = infer(case, version), compiled_policy(version).infer(case)
            settlement = settle(case, inference, version)
            assert settlement == settle(case, other, version)
            leaves = tuple(version.leaves)
            assert compiled_policy(version).evaluate(leaves, case, other, settlement) == evaluate_case(
                version, leaves, case, inference, settlement
            )


def test_the_reader_of_plain_charts_reads_every_sample_in_terms_it_knows(policy: Policy) -> None:
    others = ("nec:admitted", "nec:authorKind", "nec:Unread")
    for path in SAMPLES:
        (data,) = parsing.parse_datasets(path.read_bytes(), parsing.SYNTAXES[".ttl"], str(path))
        plain = reader(policy).cases(reader(policy).layouts.nodes(data), data.name) is not None
        assert plain != any(term in path.read_text() for term in others), path


def as_quads(turtle: str, *more: str) -> str:
    """A chart and more triples, node by node, in a named graph."""
    (data,) = parsing.parse_datasets(turtle.encode(), parsing.SYNTAXES[".ttl"], "chart")
    lines = [f"{s} {p} {o}" for s, props in data.nodes.items() for p, values in sorted(props.items()) for o in values]
    return "".join(f"{line} <urn:g> .\n" for line in (*lines, *more))


def streamed(text: str, policy: Policy) -> tuple[Case, ...] | None:
    """The cases of N-Quads as the stream reads them; None if it rejects them."""
    data_sets = list(stream.read(Piece(("text",), QUADS, data=text.encode()), policy))
    if any(data_set.error for data_set in data_sets):
        return None
    return tuple(case for data_set in data_sets for case in data_set.cases)


def parsed(text: str, policy: Policy) -> tuple[Case, ...] | None:
    """The cases of N-Quads as the reader of graphs reads them; None if it rejects them."""
    try:
        sets = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nq"], "text")
        return tuple(case for data in sets for case in reading.read_cases(data.graph, policy, data.name))
    except DocumentationError:
        return None


TWO = [Attestation("adult-admission:1-diagnosis"), Attestation("adult-admission:8-a-iii")]
_DAY = '"2025-06-02"^^<http://www.w3.org/2001/XMLSchema#date>'
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_CORE = "https://w3id.org/necessity/core#"
_ABOUT = f"<{_CORE}about> <http://example.org/chart#request>"
_STATED = f"<{_CORE}assertion> <{_CORE}Affirmed>", f"<{_CORE}documentedIn> <http://example.org/chart#note>"
_LEAF = "<https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/3>"


@pytest.mark.parametrize(
    "more",
    [
        ('<http://example.org/chart#note> <http://purl.org/dc/terms/creator> "a\tb"',),
        ('<http://example.org/chart#note> <http://purl.org/dc/terms/creator> "a\uffff"',),
        ('<http://example.org/chart#s0> <urn:x:note> "a\ufffe"^^<urn:x:text>',),
        (f'<http://example.org/chart#s0> <urn:x:note> "a"^^<{_RDF}langString>',),
        (f"<urn:x:s> <urn:x:p> {_DAY}",),
        (f"<urn:x:s> {_DAY} <urn:x:o>",),
        (f"<http://example.org/chart#note> <{_CORE}plan> <urn:x:p>", "<urn:x:p> <urn:x:note> <urn:x:o>"),
        tuple(f"<urn:x:plan> {fact}" for fact in (_ABOUT, *_STATED, f"<{_CORE}addresses> {_LEAF}")),
    ],
    ids=["tab", "U+FFFF", "U+FFFE", "no language", "day", "day as a property", "plan of a note", "plan and statement"],
)
def test_the_stream_reads_what_the_reader_of_graphs_reads(policy: Policy, more: tuple[str, ...]) -> None:
    plan = "nec:plan <urn:x:plan> . <urn:x:plan> nec:jurisdiction nec:US-MO"
    text = as_quads(chart(TWO).replace("nec:plan [ nec:jurisdiction nec:US-MO ]", plan), *more)
    assert parsed(as_quads(chart(TWO)), policy) is not None
    for _ in range(2):  # what was found to be sound is remembered
        assert streamed(text, policy) == parsed(text, policy)


def test_what_another_reader_remembers_is_not_taken_as_recorded(policy: Policy) -> None:
    turtle = chart(TWO) + ":s0 <urn:x:number> 9.0 ."
    (data,) = parsing.parse_datasets(turtle.encode(), parsing.SYNTAXES[".ttl"], "sheet")
    for _ in range(2):
        read_cases(data, policy)
    text = as_quads(turtle)
    assert streamed(text, policy) == parsed(text, policy)


def test_a_byte_order_mark_is_for_the_reader_of_files(policy: Policy) -> None:
    with pytest.raises(stream.ScatteredError):
        streamed("\ufeff" + as_quads(chart(TWO)), policy)


def test_requests_alike_but_for_names_that_the_policy_knows(policy: Policy) -> None:
    (path,) = [path for path in SAMPLES if path.stem == "admission-without-asam"]
    classes = set()
    for state in ("US-MO", "US-IL"):
        (data,) = parsing.parse_datasets(path.read_bytes(), parsing.SYNTAXES[".ttl"], path.name)
        (plan,) = [str(t.object) for t in data.triples if str(t.predicate) == f"<{_CORE}plan>"]
        lines = [f"{t.subject} {t.predicate} {t.object} .\n" for t in data.triples if "jurisdiction" not in str(t)]
        text = f"{''.join(lines)}{plan} <{_CORE}jurisdiction> {plan} .".replace(plan, f"<{_CORE}{state}>")
        (case,) = read_graph(Graph().parse(data=text, format="nt"), policy)
        agree(case, policy)
        classes.add(compiled_policy(policy.versions[0]).infer(case).request_classes)
    assert len(classes) == 2


def test_a_request_that_is_the_program_of_another(policy: Policy) -> None:
    turtle = chart(TWO) + request().replace(":request", ":other") + ":request nec:program :other ."
    with pytest.raises(DocumentationError, match="is a request as well"):
        read_graph(Graph().parse(data=turtle, format="turtle"), policy)


@pytest.mark.parametrize(
    "odd",
    [
        ":s0 nec:jurisdiction nec:US-MO . :request nec:program :s0 .",
        ":p a nec:Member . :request nec:program :p .",
        ":s0 nec:severity :s1 . :s1 nec:acceptedBy :request .",
        ":s0 iop:symptom 'a text', iop:Homelessness ; nec:primary true .",
        ":s0 iop:hoursPerWeek 20.0 , 'x'^^xsd:integer ; iop:recreationalHoursPerWeek 2.0 .",
    ],
)
def test_odd_charts(policy: Policy, odd: str) -> None:
    """Nodes that are two things at once, and facts that lead from one to another."""
    turtle = chart([Attestation("adult-admission:1-diagnosis"), Attestation("adult-admission:8-a-iii")]) + odd
    try:
        cases = read_graph(Graph().parse(data=turtle, format="turtle"), policy)
    except DocumentationError:
        cases = ()
    for case in cases:
        agree(case, policy)


def test_what_is_remembered_is_bounded_and_never_mixed_up(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LineWriter(policy)
    cases = [case for path in SAMPLES for case in intake.read_file(path, policy)]
    expected = [list(writer.lines(case)) for case in cases]
    for module in (compiled, tables):
        monkeypatch.setattr(module, "_LIMIT", 3)
    for module in (fast_chart, layout):
        monkeypatch.setattr(module, "_KEPT", 3)
    assert [list(LineWriter(policy).lines(case)) for case in cases] == expected
    again = [case for path in SAMPLES for case in intake.read_file(path, policy)]
    assert again == cases


@pytest.mark.slow
def test_generated_charts(policy: Policy) -> None:
    """10,000 charts: the reference engine sees a sample, the fast engine's two ways to decide see all."""
    writer, dice = LineWriter(policy), random.Random(7)
    for number, text in enumerate(generate(10_000, seed=7)):
        (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], f"chart {number}")
        (case,) = reader(policy).cases(reader(policy).layouts.nodes(data), data.name)
        if dice.random() < 0.02:
            agree(case, policy)
            continue
        for determination, (_, _, line) in zip(determine_case(case, policy), writer.lines(case), strict=True):
            assert line == writer.brief(determination)


# What is not compiled is left to another engine, leaf by leaf, with the same results.

_LANGUAGE = """
    sh:qualifiedValueShape [ sh:class toy:JointStiffness ;
        sh:property [ sh:path toy:note ; sh:languageIn ( "en" ) ] ] ;"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    write_toy(tmp_path)
    for later in tmp_path.rglob("2031-01-01.ttl"):
        later.unlink()
    return tmp_path


def toy_chart(*statements: str) -> Graph:
    lines = "\n".join(
        f':s{n} a nec:Statement , {statement} ; nec:about :request ; nec:documentedIn :d ; nec:recorded "2030-02-01"^^xsd:date .'
        for n, statement in enumerate(statements)
    )
    return Graph().parse(
        data=f"""@prefix nec: <https://w3id.org/necessity/core#> . @prefix toy: <https://example.org/toy/vocabulary#> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix : <urn:toy:> .
        :request a nec:ReviewRequest ; nec:phase nec:Admission ; nec:focus nec:MentalHealth ; nec:member :m ; nec:plan :p ;
            nec:serviceStart "2030-02-01"^^xsd:date ; nec:asOf "2030-06-01"^^xsd:date .
        :m nec:birthDate "1990-01-01"^^xsd:date . :p nec:jurisdiction nec:US-MO . :d a nec:Document .
        {lines}""",
        format="turtle",
    )


TOY = [
    (),
    ("toy:FrozenShoulder ; nec:assertion nec:Affirmed",),
    ('toy:FrozenShoulder ; nec:assertion nec:Affirmed ; <urn:x:note> "steif"@de',),
    (
        'toy:JointStiffness ; nec:assertion nec:Affirmed ; <urn:x:note> "stiff"@en',
        "toy:ExercisePlan ; nec:assertion nec:Denied",
    ),
    ("toy:JointStiffness ; nec:assertion nec:Denied", "toy:AthleticTraining ; nec:assertion nec:Affirmed"),
]


@pytest.mark.parametrize("uncompiled", [False, True])
def test_another_policy(toy: Path, uncompiled: bool) -> None:
    if uncompiled:
        path = toy / "shapes" / "toy" / "2030-01-01.ttl"
        before = path.read_text()
        after = before.replace(
            "sh:qualifiedValueShape [ sh:class toy:JointStiffness ] ;", _LANGUAGE.replace("toy:note", "<urn:x:note>"), 1
        )
        assert after != before
        path.write_text(after)
    policy = load_policy("toy", root=toy)
    (version,) = policy.versions
    compiled = compiled_policy(version)
    assert [iri.rsplit("/", 1)[-1] for iri in compiled.uncompiled] == (["1-a"] if uncompiled else [])
    for statements in TOY:
        for case in read_graph(toy_chart(*statements), policy):
            agree(case, policy)
    (case,) = read_graph(toy_chart(), policy)
    (determination,) = determine_case(case, policy)
    assert ("shacl" in determination.engine_version) == uncompiled


def test_a_leaf_that_does_not_answer_is_an_error(toy: Path) -> None:
    path = toy / "shapes" / "toy" / "2030-01-01.ttl"
    path.write_text(path.read_text().replace("sh:qualifiedMinCount 1", "sh:qualifiedMinCount 0", 1))
    with pytest.raises(EngineError, match="silence"):
        CompiledPolicy(load_policy("toy", root=toy).versions[0])


def test_a_value_that_cannot_be_judged_goes_to_the_reference_engine(policy: Policy) -> None:
    """Hours as a floating-point number: outside the compiled subset, and the answer is the reference's."""
    turtle = (
        chart([Attestation("adult-admission:3")])
        + """
    :hours a nec:Statement , iop:ProgramHours ; nec:about :request ; nec:assertion nec:Affirmed ; nec:documentedIn :note ;
        iop:hoursPerWeek "1.5E0"^^xsd:double ."""
    )
    for name in (":request", ":another"):  # whose results are its own
        for case in read_graph(Graph().parse(data=turtle.replace(":request", name), format="turtle"), policy):
            agree(case, policy)


@pytest.mark.parametrize(
    "shape",
    [
        "sh:path nec:acceptedBy ; sh:qualifiedValueShape [ sh:class toy:ExercisePlan ] ; sh:qualifiedMinCount 1",
        "sh:path ( [ sh:inversePath nec:affirmed ] nec:ageGroup ) ; sh:hasValue nec:Adult",
    ],
)
def test_what_a_leaf_may_look_at(toy: Path, shape: str) -> None:
    """Another statement, which the next chart does not have; the age group, which no chart has."""
    path = toy / "shapes" / "toy" / "2030-01-01.ttl"
    before = "sh:qualifiedValueShape [ sh:class toy:JointStiffness ]"
    path.write_text(path.read_text().replace(before, before.replace(" ]", f" ; sh:not [ {shape} ] ]"), 1))
    policy = load_policy("toy", root=toy)
    both = (
        "toy:JointStiffness ; nec:assertion nec:Affirmed ; nec:acceptedBy :s1",
        "toy:ExercisePlan ; nec:assertion nec:Affirmed",
    )
    for statements in (both, both[:1], both):
        for case in read_graph(toy_chart(*statements), policy):
            agree(case, policy)


def test_the_record_names_its_engine(policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ttl").write_text(chart([Attestation("adult-admission:3")]))
    for engine, named in (("fast", "fast (necessity"), ("reference", "reference (pyshacl")):
        assert main(["determine", str(tmp_path / "a.ttl"), "--format", "turtle", "--engine", engine]) == 0
        assert named in capsys.readouterr().out
