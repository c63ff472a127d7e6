"""Sheets of statements: a chart written as rows is determined as the chart is, and what is wrong is told by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph, Literal, URIRef

from reasoner import Policy, load_policy
from reasoner.chart.intake import read, read_file
from reasoner.chart.model import Case
from reasoner.chart.tables import sheet
from reasoner.chart.tables.rows import CsvRecords, parquet_records, parts
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF
from reasoner.rdf.parsing import SYNTAXES, parse_datasets
from tests.conftest import CASES, Attestation, chart, write_toy

CHARTS = sorted((CASES / "mp9556").rglob("*.ttl"))
FACTS = {
    "phase": NEC.phase,
    "focus": NEC.focus,
    "service_start": NEC.serviceStart,
    "service_end": NEC.serviceEnd,
    "as_of": NEC.asOf,
    "admitted": NEC.admitted,
}
OF_STATEMENT = {
    NEC.addresses: "criterion",
    NEC.code: "code",
    NEC.assertion: "assertion",
    NEC.observed: "observed",
    NEC.recorded: "recorded",
    NEC.excerpt: "excerpt",
    NEC.page: "page",
    NEC.severity: "severity",
    NEC.primary: "primary",
    NEC.acceptedBy: "accepted_by",
}
OF_UNREAD = {NEC.kind: "kind", NEC.words: "words", NEC.reason: "reason"}
OF_DOCUMENT = {
    "document": DCTERMS.title,
    "author": DCTERMS.creator,
    "role": NEC.authorRole,
    "author_kind": NEC.authorKind,
    "issued": DCTERMS.issued,
}
HEAD = (
    "request,phase,focus,service_start,service_end,as_of,birth_date,jurisdiction,criterion,assertion,observed,"
    "document,author,issued,excerpt\n"
)
FIRST = "r1,admission,mental-health,2025-06-02,2025-07-02,2026-01-01,1980-05-05,US-MO,"


def rows_of(data: Graph, policy: Policy, *, often: bool) -> Iterator[dict[str, str]]:
    """A chart as rows; the facts of a request on each of its rows, or on its first."""
    curie = {iri: f"{prefix}:" for prefix, iri in policy.prefixes.items()}

    def values(subject: Any, predicate: Any) -> str:
        return "|".join(sorted(str(value) for value in data.objects(subject, predicate)))

    for request in sorted(data.subjects(RDF.type, NEC.ReviewRequest)):
        member, plan = data.value(request, NEC.member), data.value(request, NEC.plan)
        facts = {name: values(request, predicate) for name, predicate in FACTS.items()}
        facts |= {"birth_date": values(member, NEC.birthDate), "jurisdiction": values(plan, NEC.jurisdiction)}
        facts |= {"funding": values(plan, NEC.funding), "line_of_business": values(plan, NEC.lineOfBusiness)}
        statements = sorted(data.subjects(NEC.about, request))
        for number, statement in enumerate(statements or [None]):
            row = {"request": str(request), **(facts if often or not number else {})}
            if statement is None:
                yield row
                continue
            row["statement"] = str(statement)
            kinds = set(data.objects(statement, RDF.type)) - {NEC.Statement, NEC.Unread}
            row["finding"] = "|".join(map(str, kinds))
            place = data.value(statement, NEC.documentedIn) or data.value(statement, NEC.source)
            if isinstance(place, Literal):
                row["source"] = str(place)
            else:
                row |= {name: values(place, predicate) for name, predicate in OF_DOCUMENT.items() if place}
            for predicate in set(data.predicates(statement)) - {RDF.type, NEC.about, NEC.documentedIn, NEC.source}:
                namespace = next(n for n in sorted(curie, key=len, reverse=True) if str(predicate).startswith(n))
                name = (OF_STATEMENT | OF_UNREAD).get(predicate) or curie[namespace] + str(predicate).removeprefix(
                    namespace
                )
                row[name] = values(statement, predicate)
            yield row


def write(rows: list[dict[str, str]], **how: Any) -> str:
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", **how)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def told(case: Case, policy: Policy) -> list[tuple[str, dict[str, str]]]:
    return [
        (d.outcome.value, {r.criterion.id: r.status.value for r in d.criteria})
        for d in determine_case(case, policy, alternatives=False)
    ]


@pytest.fixture(scope="module")
def charts(policy: Policy) -> dict[str, Case]:
    return {case.iri: case for path in CHARTS for case in read_file(path, policy)}


@pytest.fixture(scope="module")
def rows(policy: Policy) -> dict[bool, list[dict[str, str]]]:
    found: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for path in CHARTS:
        for data_set in parse_datasets(path.read_bytes(), SYNTAXES[path.suffix], str(path)):
            for often in found:
                found[often] += rows_of(data_set.graph, policy, often=often)
    return found


def lines_of_business(case: Case) -> list[str]:
    return [value for _, property_, value in case.facts if property_ == f"<{NEC.lineOfBusiness}>"]


def compare(found: list[Case], charts: dict[str, Case], policy: Policy) -> None:
    assert {case.iri for case in found} == set(charts)
    for case in found:
        other = charts[case.iri]
        assert told(case, policy) == told(other, policy), case.iri
        assert {s.iri: (s.excerpt, s.observed, s.recorded, s.author_kind) for s in case.statements} == {
            s.iri: (s.excerpt, s.observed, s.recorded, s.author_kind) for s in other.statements
        }
        assert case.admitted == other.admitted
        assert [i._replace(document="") for i in case.unread] == [i._replace(document="") for i in other.unread]
        assert lines_of_business(case) == lines_of_business(other)


@pytest.mark.parametrize("how", ["plain", "dirty"])
def test_charts_as_a_sheet_are_determined_as_charts(
    policy: Policy, charts: dict[str, Case], rows: dict[bool, list[dict[str, str]]], how: str
) -> None:
    if how == "plain":
        data = write(rows[True], lineterminator="\n").encode()
    else:
        data = (
            b"\xef\xbb\xbf" + write(rows[False], lineterminator="\r\n", quoting=csv.QUOTE_ALL, delimiter=";").encode()
        )
    found, errors, notes = read("all.csv", policy, data=data)
    assert errors == []
    assert notes == ()
    assert len(found) == len(charts) > 50
    compare(found, charts, policy)


def test_charts_as_parquet_are_determined_as_charts(
    policy: Policy, charts: dict[str, Case], rows: dict[bool, list[dict[str, str]]], tmp_path: Path
) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows[False])
    for name in ("service_start", "observed", "recorded", "issued"):
        frame[name] = pd.to_datetime(frame[name]).dt.date
    path = tmp_path / "all.parquet"
    frame.to_parquet(path)
    found: list[Case] = []
    for first, part in parts(parquet_records(path, str(path)), sheet.REQUEST, size=20_000):
        cases, errors, _ = read("all.parquet", policy, data=part, suffix=".csv")
        assert errors == []
        assert first >= 2
        found += cases
    compare(found, charts, policy)


def test_parts_are_whole_requests_with_their_row_numbers(
    policy: Policy, rows: dict[bool, list[dict[str, str]]]
) -> None:
    data = write(rows[False]).encode()
    whole = list(sheet.read(data, "s", policy))
    cut = list(parts(CsvRecords(io.BytesIO(data), "s"), sheet.REQUEST, size=20_000))
    assert len(cut) > 5
    assert max(len(part) for _, part in cut) < 60_000
    found = [one for first, part in cut for one in sheet.read(part, "s", policy, first=first)]
    assert [(one.source, one.quads()) for one in found] == [(one.source, one.quads()) for one in whole]


def test_quads_are_the_data_set_in_a_graph(policy: Policy) -> None:
    (found,) = sheet.read(
        (HEAD + FIRST + "adult-admission:3,affirmed,,Note,R. E.,2025-06-02,x\n").encode(), "s", policy
    )
    cases, errors, _ = read("s.nq", policy, data=found.quads().encode(), suffix=".nq")
    assert errors == []
    (direct,), _, _ = read(
        "s.csv", policy, data=(HEAD + FIRST + "adult-admission:3,affirmed,,Note,R. E.,2025-06-02,x\n").encode()
    )
    assert cases[0].digest == direct.digest
    assert [s.iri for s in direct.statements] == ["urn:necessity:request:r1#row-2"]


@pytest.mark.parametrize(
    ("cells", "triples"),
    [
        ({"severity": "mild to moderate"}, [(NEC.severity, NEC.MildToModerate)]),
        ({"severity": "nec:Severe"}, [(NEC.severity, NEC.Severe)]),
        ({"code": "F33.2"}, [(NEC.code, URIRef("http://hl7.org/fhir/sid/icd-10-cm/F33.2"))]),
        ({"code": "F33.2", "system": "ICD-10-CM"}, [(NEC.code, URIRef("http://hl7.org/fhir/sid/icd-10-cm/F33.2"))]),
        (
            {"code": "F33.2", "system": "http://hl7.org/fhir/sid/icd-10-cm"},
            [(NEC.code, URIRef("http://hl7.org/fhir/sid/icd-10-cm/F33.2"))],
        ),
        (
            {"finding": "Homelessness"},
            [(RDF.type, URIRef("https://w3id.org/necessity/mp9556/vocabulary#Homelessness"))],
        ),
        (
            {"finding": "iop:Homelessness"},
            [(RDF.type, URIRef("https://w3id.org/necessity/mp9556/vocabulary#Homelessness"))],
        ),
        ({"accepted_by": "R. Viewer"}, [(NEC.acceptedBy, URIRef("urn:necessity:request:r1#person-R.%20Viewer"))]),
    ],
)
def test_what_a_cell_names(policy: Policy, cells: dict[str, str], triples: list[tuple[Any, Any]]) -> None:
    row = dict(zip(HEAD.strip().split(","), (FIRST + ",Affirmed,,Note,R. E.,2025-06-02,").split(","), strict=True))
    (found,) = sheet.read(write([row | cells]).encode(), "s", policy)
    assert found.error is None
    graph = found.data_set().graph
    for predicate, value in triples:
        assert (URIRef("urn:necessity:request:r1#row-2"), predicate, value) in graph


BESIDE = """
:request nec:admitted "2025-05-20"^^xsd:date . :plan nec:lineOfBusiness nec:Medicaid .
:note nec:authorKind nec:Provider . :s1 nec:authorKind nec:Family .
:list a nec:Document ; dcterms:title "Problem list" ; nec:authorKind nec:Patient .
:a a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:words "nerves" ; nec:code icd10cm:F99.ABC ;
    nec:observed "2025-05-01"^^xsd:date ; nec:recorded "2025-05-20"^^xsd:date ; nec:reason "no such code" ; nec:source :list .
:b a nec:Unread ; nec:about :request ; nec:kind nec:OtherItem ; nec:code <urn:codes:X1> ; nec:reason "no words" ;
    nec:source "page 7" .
:c a nec:Unread ; nec:about :request ; nec:kind nec:Medication ; nec:words "pills" ; nec:reason "no code" .
"""


@pytest.mark.parametrize("often", [True, False])
def test_what_charts_say_beside_their_findings_comes_back_from_a_sheet(
    policy: Policy, tmp_path: Path, often: bool
) -> None:
    path = tmp_path / "chart.ttl"
    plan = "nec:plan :plan . :plan nec:jurisdiction nec:US-MO"
    text = chart([Attestation("adult-admission:3"), Attestation("adult-admission:5", "Denied")])
    path.write_text(text.replace("nec:plan [ nec:jurisdiction nec:US-MO ]", plan) + BESIDE)
    (whole,) = read_file(path, policy)
    assert [item.source for item in whole.unread] == ["Problem list", "page 7", ""]
    (data_set,) = parse_datasets(path.read_bytes(), SYNTAXES[".ttl"], "chart")
    rows = list(rows_of(data_set.graph, policy, often=often))
    found, errors, _ = read("s.csv", policy, data=write(rows).encode())
    assert errors == []
    compare(found, {whole.iri: whole}, policy)


@pytest.mark.parametrize(
    ("code", "system", "iri"),
    [
        ("F33.2", "", "http://hl7.org/fhir/sid/icd-10-cm/F33.2"),
        ("F33.ABC", "ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm/F33.ABC"),
        ("F33.ABC", "icd10cm", "http://hl7.org/fhir/sid/icd-10-cm/F33.ABC"),
        ("F33.ABC", "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm/F33.ABC"),
        ("X 1", "house codes", "urn:necessity:code:house%20codes/X%201"),
        ("X1", "", "urn:necessity:code:X1"),
        ("X1", "http://example.org/<codes>", "urn:necessity:code:http%3A%2F%2Fexample.org%2F%3Ccodes%3E/X1"),
        ("urn:codes:X1", "", "urn:codes:X1"),
    ],
)
def test_an_unread_item_has_any_code(policy: Policy, code: str, system: str, iri: str) -> None:
    head = HEAD.strip() + ",kind,reason,code,system\n"
    text = head + FIRST + f",,,,,,,condition,not known,{code},{system}\n"
    (case,), errors, _ = read("s.csv", policy, data=text.encode())
    assert errors == []
    assert [(item.code, item.kind, item.reason) for item in case.unread] == [(iri, str(NEC.Condition), "not known")]
    assert case.statements == ()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"reason": ""}, "row 2 <urn:necessity:request:r1#row-2>: The unread item needs one nec:reason"),
        ({"kind": ""}, "row 2 <urn:necessity:request:r1#row-2>: The unread item needs one nec:kind"),
        ({"kind": "gossip"}, "row 2, column 'kind': it names no ItemKind: write condition, document, encounter"),
        ({"words": ""}, "row 2 <urn:necessity:request:r1#row-2>: The unread item says nothing"),
        ({"assertion": "affirmed"}, "row 2 <urn:necessity:request:r1#row-2>: An unread item is no statement"),
        ({"criterion": "adult-admission:3"}, "row 2 <urn:necessity:request:r1#row-2>: An unread item is no statement"),
        ({"finding": "Homelessness"}, "row 2 <urn:necessity:request:r1#row-2>: An unread item is evidence of nothing"),
        ({"observed": "spring 2025"}, "row 2, column 'observed': it is not a date of the calendar"),
        (
            {"source": "page 2", "document": "Note"},
            "row 2 <urn:necessity:request:r1#row-2>: .* has to be one place in the record",
        ),
        ({"code": "X1|X2"}, "row 2 <urn:necessity:request:r1#row-2>: The nec:code of an unread item"),
        ({"admitted": "2025-06-03"}, "nec:admitted, the start of the stay, lies after"),
        ({"line_of_business": "Aetna"}, "row 2, column 'line_of_business': it names no LineOfBusiness: write Medicaid"),
        ({"author_kind": "nurse", "document": "Note"}, "row 2, column 'author_kind': it names no AuthorKind"),
    ],
)
def test_a_row_that_is_no_unread_item_is_rejected(policy: Policy, cells: dict[str, str], why: str) -> None:
    row = dict(zip(HEAD.strip().split(","), (FIRST + ",,,,,,").split(","), strict=True))
    row |= {"kind": "condition", "words": "nerves", "reason": "no code"}
    cases, errors, _ = read("s.csv", policy, data=write([row | cells]).encode())
    assert cases == []
    assert len(errors) == 1
    assert re.search(why, str(errors[0]))


GOOD = "adult-admission:3,affirmed,,Note,R. E.,2025-06-02,x\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + FIRST.replace("1980-05-05", "1980-02-30") + GOOD, "row 2, column 'birth_date': it is not a date"),
        (HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:99,affirmed,,N,,2025-06-02,\n", "row 3, column 'criterion'"),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:3,perhaps,,N,,2025-06-02,\n",
            "row 3, column 'assertion': it names no Assertion: write affirmed, denied, not applicable",
        ),
        (
            HEAD + FIRST + GOOD + "r1,continuation,,,,,,,adult-admission:3,denied,,N,,2025-06-02,\n",
            "the rows 2 and 3 differ in the column 'phase'",
        ),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:3,,,N,,2025-06-02,\n",
            "row 3 <urn:necessity:request:r1#row-3>: The statement needs one nec:assertion",
        ),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:3,denied,,,,,\n",
            "row 3 <urn:necessity:request:r1#row-3>: The statement needs one nec:documentedIn",
        ),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:3,denied,,N,,,\n",
            "row 3 <urn:necessity:request:r1#row-3>: The statement has no date",
        ),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:1,denied,,N,,2025-06-02,\n",
            "row 3 <urn:necessity:request:r1#row-3>: nec:addresses names the group",
        ),
        (
            HEAD + FIRST + GOOD + "r1,,,,,,,,adult-admission:3,denied,,N,,2025-06-02,x,more\n",
            "row 3: it has more cells than the header",
        ),
        (HEAD + "r1,,,,,,,," + GOOD, "needs one nec:phase"),
        (HEAD + "," + FIRST.partition(",")[2] + GOOD, "no request is named"),
    ],
)
def test_a_request_that_is_wrong_is_rejected_by_row_and_the_rest_goes_on(policy: Policy, text: str, why: str) -> None:
    rest = FIRST.replace("r1", "r2") + GOOD
    cases, errors, _ = read("s.csv", policy, data=(text + rest).encode())
    assert [case.iri for case in cases] == ["urn:necessity:request:r2"]
    (error,) = errors
    assert why in str(error)
    assert error.where.startswith("s.csv, row")
    assert not re.search(r"(row \d+)\W+\1\b", str(error))


def test_rows_that_stand_apart_are_to_be_sorted(policy: Policy) -> None:
    text = (
        HEAD
        + FIRST
        + GOOD
        + FIRST.replace("r1", "r2")
        + GOOD
        + "r1,,,,,,,,adult-admission:5,affirmed,,N,,2025-06-02,\n"
    )
    cases, errors, _ = read("s.csv", policy, data=text.encode())
    assert [case.iri for case in cases] == ["urn:necessity:request:r2"]
    assert [error.where for error in errors] == ["s.csv, row 2", "s.csv, row 4"]
    assert all("sort the sheet" in error.problem for error in errors)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"phase,criterion\nadmission,x\n", "no column 'request'"),
        (b"request,shoe_size\nr1,43\n", "row 1: the column 'shoe_size' has no meaning"),
        (b"request,iop:shoeSize\nr1,43\n", "has no meaning"),
        (b"request,phase,phase\nr1,admission,admission\n", "'phase' stands twice"),
        (b'request,phase\nr1,"admission\n', "not CSV"),
        (b"request,excerpt\nr1,\xff\xfe\n", "not UTF-8"),
        (b"", "no column 'request'"),
        (b"request,excerpt\nr1,a\x00b\n", "row 2"),
        (",".join(("request", "criterion", "assertion")).encode(), "the sheet has no rows beneath its header"),
        (b"request,criterion\n,\n\n", "the sheet has no rows beneath its header"),
    ],
)
def test_what_is_no_sheet_is_an_error(policy: Policy, data: bytes, why: str) -> None:
    cases, errors, _ = read("s.csv", policy, data=data)
    assert cases == []
    assert errors
    assert why in str(errors[0])
    assert all(isinstance(error, DocumentationError) for error in errors)


def test_no_error_repeats_the_words_of_a_record(policy: Policy) -> None:
    secret = "Said in confidence"
    text = HEAD + FIRST + f"adult-admission:3,{secret},{secret},{secret},{secret},{secret},{secret}\n"
    _, errors, _ = read("s.csv", policy, data=text.encode())
    assert errors
    assert secret not in str(errors[0])


@pytest.mark.parametrize("words", ["a\x01b", "a\bb", "a\fb", "a\ufffeb"])
def test_a_character_that_graphs_cannot_hold_is_an_error(policy: Policy, words: str) -> None:
    data = HEAD + FIRST + GOOD.replace(",x\n", f",{words}\n")
    cases, (error,), _ = read("s.csv", policy, data=data.encode())
    assert cases == []
    assert "a literal has the control character U+" in str(error)


@pytest.mark.parametrize(
    "words", ["plain", 'a "quoted" text', "back\\slash \\u0001", "two\nlines", "tab\tand é\u2028more"]
)
def test_texts_are_those_of_the_cells(policy: Policy, words: str) -> None:
    row = dict(zip(HEAD.strip().split(","), (FIRST + GOOD).strip().split(","), strict=True)) | {"excerpt": words}
    (case,), errors, _ = read("s.csv", policy, data=write([row]).encode())
    assert errors == []
    assert case.statements[0].excerpt == words


def test_parquet_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    path.write_text("request\n")
    with pytest.raises(NecessityError, match="not Parquet"):
        list(parquet_records(path, str(path)))


def test_every_column_is_documented(policy: Policy) -> None:
    for name, column in sheet.columns(policy).items():
        assert column.meaning, name
        assert column.property, name
        assert column.of, name
    assert set(FACTS) | set(OF_DOCUMENT) | set(OF_STATEMENT.values()) <= set(sheet.columns(policy))
    assert sheet.is_sheet(["request", "phase"])
    assert not sheet.is_sheet(["subject", "predicate", "object", "graph"])


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.csv"
    path.write_text(HEAD + FIRST + GOOD + FIRST.replace("r1,admission", "r2,whenever") + GOOD)
    assert main(["determine", str(path), "--format", "compact"]) == 3
    said = capsys.readouterr()
    assert "urn:necessity:request:r1" in said.out
    assert "row 3, column 'phase'" in said.err


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_understood_of_a_sheet_is_shown_with_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    path = tmp_path / f"s.{form}"
    undated = "adult-admission:3,affirmed,,Note,R. E.,,x\n"
    text = (
        HEAD + FIRST + GOOD + FIRST.replace("r1", "r2") + undated + FIRST.replace("r1,admission", "r3,whenever") + GOOD
    )
    if form == "csv":
        path.write_text(text)
    else:
        pytest.importorskip("pandas").read_csv(io.StringIO(text), dtype=str).to_parquet(path)
    assert main(["intake", str(path), "--to", "turtle"]) == 3
    said = capsys.readouterr()
    assert "urn:necessity:request:r1" in said.out
    assert "row 3 <urn:necessity:request:r2#row-3>: The statement has no date" in said.err
    assert "row 4, column 'phase'" in said.err


def test_parquet_of_neither_statements_nor_quads_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "q.parquet"
    pytest.importorskip("pandas").DataFrame({"subject": ["<urn:s>"]}).to_parquet(path)
    assert main(["intake", str(path)]) == 2
    error = capsys.readouterr().err
    assert f"{path}: the table has no column graph, object, predicate" in error
    assert "a sheet of statements has 'request'" in error


def test_ids_are_those_of_the_version_in_force(tmp_path: Path) -> None:
    toy = load_policy("toy", root=write_toy(tmp_path))
    for year, version in zip((2030, 2031), toy.versions, strict=True):
        text = HEAD + FIRST.replace("2025-0", f"{year}-0") + "criteria:1-b,affirmed,,Note,R. E.,2025-06-02,x\n"
        (case,), errors, _ = read("s.csv", toy, data=text.encode())
        assert errors == []
        assert case.statements[0].addresses == {version.by_id["criteria:1-b"].iri}
