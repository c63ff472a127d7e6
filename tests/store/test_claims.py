"""Charts that say what another chart, a policy or a record has to say are refused by name, and nothing else is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.cli import main
from reasoner.ground.errors import StoreError
from reasoner.store import claims
from reasoner.store.backends import DirectoryStore
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind, LoadChange
from tests.conftest import PREFIXES
from tests.store.sample_charts import CHANGED, FIRST, cases

CHART = """
:NAME-request a nec:ReviewRequest ; nec:phase nec:Admission ; nec:focus nec:MentalHealth ; nec:asOf "2025-08-15"^^xsd:date ;
    nec:serviceStart "2025-06-02"^^xsd:date ; nec:member :NAME-member ; nec:plan :plan .
:NAME-member nec:birthDate "1984-02-19"^^xsd:date .
:plan nec:jurisdiction nec:US-MO .
:NAME-note a nec:Document ; dcterms:title "Note" ; dcterms:creator "A" ; dcterms:issued "2025-06-02"^^xsd:date .
:NAME-housing a nec:Statement , iop:Homelessness ; nec:about :NAME-request ; nec:assertion nec:Affirmed ;
    nec:documentedIn :NAME-note ; nec:excerpt "No home." .
"""
ONE, TWO = (CHART.replace("NAME", name) for name in ("one", "two"))


@pytest.fixture
def kb(policy: Policy) -> KnowledgeBase:
    """A base with the policy and one chart."""
    found = KnowledgeBase()
    found.load_policy(policy)
    found.load_case(*cases(ONE, policy))
    return found


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            ":two-request nec:currentDetermination :two-note .",
            "two-request>: <.*currentDetermination> is said of records",
        ),
        (":two-housing a nec:Determination .", "two-housing>: <.*Determination> is said of records"),
        (":two-housing nec:outcome nec:CriteriaMet .", "two-housing>: <.*outcome> is said of records"),
        (":two-member a nec:Snapshot .", "two-member>: <.*Snapshot> is said of records"),
        (":two-note a nec:ChartGraph ; nec:holds :two-request .", "two-note>: <.*ChartGraph> is said of records"),
        (":two-note nec:disposition nec:Approved .", "two-note>: <.*disposition> is said of records"),
    ],
)
def test_a_chart_that_speaks_as_a_record(kb: KnowledgeBase, policy: Policy, said: str, problem: str) -> None:
    with pytest.raises(StoreError, match=problem):
        kb.load_case(*cases(TWO + said, policy))
    assert len(kb.entries(GraphKind.CHART)) == 1


@pytest.mark.parametrize(
    ("own", "others"),
    [(":two-note", "adult-admission:7-a"), (":plan", "nec:US-MO"), (":two-housing", "iop:Homelessness")],
)
def test_a_chart_that_describes_a_term_of_the_policy(kb: KnowledgeBase, policy: Policy, own: str, others: str) -> None:
    chart = re.sub(rf"(?<!\w){own}\b(?!-)", others, TWO)
    with pytest.raises(StoreError, match="a policy, a vocabulary or a record describes it"):
        kb.load_case(*cases(chart, policy))


def test_a_chart_that_describes_a_record(kb: KnowledgeBase, policy: Policy) -> None:
    from reasoner.determination.determine import determine_case
    from reasoner.render import provenance

    made = determine_case(*cases(ONE, policy), policy, alternatives=False)
    kb.record(made)
    with pytest.raises(StoreError, match="a policy, a vocabulary or a record describes it"):
        kb.load_case(*cases(TWO.replace(":two-note", f"<{provenance.iri(made[0])}>"), policy))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"two-housing": "one-housing"},
            "one-housing>: the chart of <.*one-request> means something of another person",
        ),
        ({"two-note": "one-note", '"A"': '"B"'}, "one-note>: the chart of <.*one-request> means something of another"),
        (
            {"two-note": "one-note", '"A"': '"B"', '"No home."': '"No home." ; nec:member :one-member'},
            "one-note>: the chart of <.*one-request> means something of another",
        ),
        (
            {"two-member": "one-member", "1984": "1990"},
            "one-member>: the chart of <.*one-request> means somebody born on",
        ),
    ],
)
def test_two_patients_are_never_merged(kb: KnowledgeBase, policy: Policy, change: dict[str, str], problem: str) -> None:
    chart = TWO
    for old, new in change.items():
        chart = chart.replace(old, new)
    with pytest.raises(StoreError, match=problem):
        kb.load_case(*cases(chart, policy))
    both = KnowledgeBase()
    first, second = both.load_cases([*cases(ONE, policy), *cases(chart, policy)])
    assert first is LoadChange.ADDED
    assert isinstance(second, StoreError), "the first that says it keeps it"


def test_what_charts_may_share(kb: KnowledgeBase, policy: Policy) -> None:
    """A plan; a document that both describe alike; all that is of one person, even where one chart is newer."""
    (chart,) = cases(TWO.replace("two-note", "one-note"), policy)
    assert kb.load_case(chart) is LoadChange.ADDED
    base = KnowledgeBase()
    assert [base.load_case(case) for case in cases(FIRST, policy)] == [LoadChange.ADDED] * 2
    assert [base.load_case(case) for case in cases(CHANGED, policy)] == [LoadChange.REPLACED] * 2


def test_charts_of_several_people_that_say_alike_several_values(policy: Policy) -> None:
    """A note of a family session with two authors, of each person; another note with one of them alone is refused."""
    one, two = (chart.replace(f"{name}-note", "note") for name, chart in (("one", ONE), ("two", TWO)))
    both, alone = '"A" , "B"', '"B"'
    kb = KnowledgeBase()
    assert kb.load_case(*cases(one.replace('"A"', both), policy)) is LoadChange.ADDED
    with pytest.raises(StoreError, match="something of another person"):
        kb.load_case(*cases(two.replace('"A"', alone), policy))
    assert kb.load_case(*cases(two.replace('"A"', both), policy)) is LoadChange.ADDED


def test_a_program_of_many_is_named_anew(policy: Policy) -> None:
    kb = KnowledgeBase()
    for chart, title in ((ONE, "'P'@en , 'P'@es"), (TWO, "'P'@en , 'P'@es"), (ONE, "'R'@en")):
        name = "one" if chart is ONE else "two"
        program = f":{name}-request nec:program :program . :program dcterms:title {title} ."
        assert isinstance(kb.load_case(*cases(chart + program, policy)), LoadChange)


def test_a_day_of_birth_is_corrected_in_all_charts_of_a_person_at_once(policy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_cases(cases(FIRST, policy))
    corrected = cases(FIRST.replace("1984-02-19", "1984-02-20"), policy)
    with pytest.raises(StoreError, match="to correct both charts, load them together"):
        kb.load_case(corrected[0])
    assert kb.load_cases(corrected) == [LoadChange.REPLACED] * 2


@pytest.mark.parametrize(
    ("shared", "said"), [("member", '"1984-02-19"'), ("note", '"Note"')], ids=["day of birth", "title of a common note"]
)
def test_a_correction_in_all_charts_of_a_command(
    shared: str,
    said: str,
    policy: Policy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many charts stand between those that share it; a chart that another still contradicts is rejected, once."""
    monkeypatch.setattr("reasoner.cli.kb_loading.AT_ONCE", 2)
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    assert main(["kb", "init"]) == 0
    names = ("one", "two", "three", "four")

    def load(corrected: str, files: int) -> int:
        for number, name in enumerate(names):
            owner = "one" if name in ("one", "four") else name
            chart = CHART.replace(f"NAME-{shared}", f"{owner}-{shared}").replace("NAME", name)
            (tmp_path / f"{number}.ttl").write_text(PREFIXES + chart.replace(said, f'"{corrected}"'))
        capsys.readouterr()
        return main(["kb", "load", *(str(tmp_path / f"{number}.ttl") for number in range(files))])

    assert load("1984-02-19", 4) == 0
    assert load("1984-02-20", 4) == 0
    told = capsys.readouterr()
    assert told.out.count("replaced   chart") == 4
    assert "rejected" not in told.err
    assert load("1984-02-21", 3) == 3
    told = capsys.readouterr()
    assert told.out.count("replaced   chart") == 2
    assert told.err.count("rejected: ") == 1


def test_of_many_charts_the_others_are_loaded(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form with one IRI for the statement of everybody, one that claims a record, and one without a request's IRI."""
    charts = [CHART.replace("NAME", f"p{number}") for number in range(6)]
    charts[2] = charts[2].replace("p2-housing", "p0-housing")
    charts[3] = charts[3].replace("p3-housing", "p0-housing")
    charts[4] += ":p4-housing a nec:Determination ."
    charts[5] = charts[5].replace(":p5-request", "_:request")
    for number, chart in enumerate(charts):
        (tmp_path / f"{number}.ttl").write_text(PREFIXES + chart)
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    assert main(["kb", "init"]) == 0
    capsys.readouterr()
    assert main(["kb", "load", *map(str, sorted(tmp_path.glob("*.ttl")))]) == 3
    told = capsys.readouterr()
    assert told.out.count("added      chart") == 2
    rejected = [line for line in told.err.splitlines() if line.startswith("rejected")]
    for number in (2, 3, 4, 5):
        assert sum(f"{number}.ttl: " in line for line in rejected) == 1, "each names its file"
    assert main(["kb", "verify"]) == 0
    with KnowledgeBase(DirectoryStore(tmp_path / "kb")) as kb:
        assert len(kb.entries(GraphKind.CHART)) == 2


def test_a_document_with_a_chart_and_what_was_signed_loses_neither(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decision = """:signed a nec:Decision ; nec:determination <urn:x> ; nec:disposition nec:Approved ;
        prov:generatedAtTime "2026-02-01T10:00:00Z"^^xsd:dateTime ; prov:wasAttributedTo :nurse .
        :nurse skos:prefLabel "R. Example" ; nec:authorRole "utilization nurse" ."""
    prefixes = (
        PREFIXES
        + "@prefix prov: <http://www.w3.org/ns/prov#> .\n@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    )
    file = tmp_path / "both.ttl"
    file.write_text(prefixes + ONE + decision)
    base = str(tmp_path / "kb")
    assert main(["kb", "init", "--kb", base]) == 0
    assert main(["kb", "load", str(file), "--kb", base]) == 3
    told = capsys.readouterr()
    assert "added      chart" in told.out
    assert "its determination is not in the knowledge base" in told.err


@pytest.mark.parametrize("form", ["nquads", "trig"])
def test_a_base_is_carried_over_kind_by_kind(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """What two charts share stands in a graph of its own; an export of charts has each whole, one of all graphs has not."""
    both = (
        ONE
        + TWO
        + ":one-request nec:program :program . :two-request nec:program :program . :program dcterms:title 'P' ."
    )
    old, new, file = (
        str(tmp_path / "old"),
        str(tmp_path / "new"),
        str(tmp_path / {"nquads": "a.nq", "trig": "a.trig"}[form]),
    )
    with KnowledgeBase(DirectoryStore(tmp_path / "old", write=True)) as kb:
        kb.load_policy(policy)
        kb.load_cases(cases(both, policy))
        charts = {entry.about: entry.digest for entry in kb.entries(GraphKind.CHART)}
        assert kb.entries(GraphKind.SHARED)
    assert main(["kb", "init", "--kb", new]) == 0
    assert main(["kb", "export", "--format", form, "--out", file, "--kb", old]) == 0
    assert main(["kb", "load", file, "--kb", new]) == 2
    assert f"rejected: {file}: it is the export of a whole base" in capsys.readouterr().err
    assert main(["kb", "export", "--kind", "chart", "--format", form, "--out", file, "--kb", old]) == 0
    assert main(["kb", "load", file, "--kb", new]) == 0
    with KnowledgeBase(DirectoryStore(tmp_path / "new")) as kb:
        assert {entry.about: entry.digest for entry in kb.entries(GraphKind.CHART)} == charts


def test_the_terms_of_records_are_those_of_the_vocabulary() -> None:
    terms = claims._record_terms()
    for name in (
        "Determination",
        "CriterionResult",
        "Decision",
        "Acceptance",
        "Snapshot",
        "Run",
        "result",
        "determination",
    ):
        assert f"<https://w3id.org/necessity/core#{name}>" in terms
    for name in ("Statement", "ReviewRequest", "about", "assertion", "excerpt", "acceptedBy", "words", "text", "rank"):
        assert f"<https://w3id.org/necessity/core#{name}>" not in terms
