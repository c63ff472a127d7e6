"""The effective policy: routing, substitutions and readings, on policies sketched for it; and its shapes, on the toy."""

from __future__ import annotations

from pathlib import Path

import pyshacl
import pytest
from rdflib import Graph, URIRef

from reasoner import load_policy
from reasoner.ground.errors import PolicyError, UsageError
from reasoner.policy.effective import Part, choose_readings, effective_policy, leaf_shapes
from reasoner.rdf.namespaces import NEC, RDF, SH
from tests.conftest import write_toy
from tests.policies import all_of, any_of, effective, finding, interpretation, iri, leaf, replacing, version


def drawn(parts: tuple[Part, ...]) -> str:
    """The ids of parts, those below a group in parentheses."""
    return " ".join(
        f"{part.criterion.id}({drawn(part.members)})" if part.members else part.criterion.id for part in parts
    )


def test_what_does_not_apply_to_a_request_is_not_asked() -> None:
    sketched = version(
        all_of("s", leaf("a"), leaf("b", applies_to="minor")),
        all_of("t", leaf("c"), applies_to="substance-use"),
        exclusions=(leaf("x"),),
    )
    assert drawn(effective(sketched).sections) == "s(a)"
    assert drawn(effective(sketched, "minor").sections) == "s(a b)"
    assert drawn(effective(sketched, "minor", "substance-use").sections) == "s(a b) t(c)"


def test_a_list_is_routed_as_a_whole_and_its_items_come_last() -> None:
    policy = effective(version(all_of("s", leaf("a")), exclusions=(leaf("x"), leaf("y")), description=(leaf("z"),)))
    assert [part.criterion.id for part in policy.parts.values()] == ["s", "a", "x", "y", "z"]
    assert [item.id for item in policy.exclusions] == ["x", "y"]
    assert policy.leaves == tuple(map(iri, "axyz"))


@pytest.mark.parametrize(
    ("substitution", "tree"),
    [
        (replacing("b", "d"), "s(a d c)"),
        (replacing("b", "d", "e"), "s(a d e c)"),
        (replacing("b"), "s(a c)"),
        (replacing("b", "d", when="minor"), "s(a b c)"),
        (replacing("b", "d", when="adult"), "s(a d c)"),
        (replacing("b", "a"), "s(a c)"),
    ],
)
def test_a_substitution_stands_in_the_place_of_what_it_replaces(substitution: object, tree: str) -> None:
    sketched = version(
        all_of("s", leaf("a"), leaf("b"), leaf("c")), spare=(leaf("d"), leaf("e")), substitutions=(substitution,)
    )
    policy = effective(sketched, "adult")
    assert drawn(policy.sections) == tree
    assert policy.substitutions == ((substitution,) if "b" not in tree else ())


@pytest.mark.parametrize("class_bound_first", [False, True])
def test_what_is_said_of_a_class_of_requests_goes_before_what_a_reading_says_of_all(class_bound_first: bool) -> None:
    of_class, of_all = replacing("b", "d", when="adult"), replacing("b", "e")
    first, second = (of_class, of_all) if class_bound_first else (of_all, of_class)
    sketched = version(
        all_of("s", leaf("a"), leaf("b")),
        spare=(leaf("d"), leaf("e")),
        substitutions=(first,),
        interpretations=(interpretation("passage", plain=(), other=(second,)),),
    )
    assert drawn(effective(sketched, "adult", passage="other").sections) == "s(a d)"
    assert drawn(effective(sketched, "minor", passage="other").sections) == "s(a e)"
    assert drawn(effective(sketched, "adult").sections) == ("s(a d)" if class_bound_first else "s(a e)")


@pytest.mark.parametrize("condition", [None, "adult"])
def test_two_substitutions_of_one_rank_cannot_both_be_in_force(condition: str | None) -> None:
    sketched = version(
        all_of("s", leaf("b")),
        spare=(leaf("d"), leaf("e")),
        interpretations=(
            interpretation("one", plain=(), other=(replacing("b", "d", when=condition),)),
            interpretation("two", plain=(), other=(replacing("b", "e", when=condition),)),
        ),
    )
    assert drawn(effective(sketched, "adult", one="other").sections) == "s(d)"
    with pytest.raises(PolicyError, match="two substitutions are in force") as error:
        effective(sketched, "adult", one="other", two="other")
    assert error.value.where == iri("b")


def test_a_replacement_may_hold_what_it_replaces() -> None:
    sketched = version(
        all_of("s", leaf("a"), leaf("b")),
        spare=(any_of("either", leaf("b"), leaf("d")),),
        substitutions=(replacing("b", "either"),),
    )
    assert drawn(effective(sketched).sections) == "s(a either(b d))"


def test_a_replacement_goes_in_the_name_of_what_it_restates() -> None:
    sketched = version(
        all_of("s", any_of("g", leaf("a"), leaf("b"))),
        spare=(all_of("", leaf("a"), leaf("b"), restates=iri("g")),),
        substitutions=(replacing("g", ""),),
    )
    (section,) = effective(sketched).sections
    assert drawn((section,)) == "s(g(a b))"
    assert section.members[0].kind == "all"


def test_a_reading_may_test_another_class_of_requests() -> None:
    routed = version(
        all_of("s", leaf("a"), leaf("b", applies_to="class:narrow")),
        interpretations=(interpretation("scope", narrow=(), broad=(replacing("class:narrow", "broad"),)),),
    )
    assert drawn(effective(routed, "class:narrow").sections) == "s(a b)"
    assert drawn(effective(routed, "broad").sections) == "s(a)"
    assert drawn(effective(routed, "broad", scope="broad").sections) == "s(a b)"
    assert drawn(effective(routed, "class:narrow", scope="broad").sections) == "s(a)"


def test_a_leaf_that_restates_another_is_evaluated_in_its_place_and_goes_by_its_name() -> None:
    sketched = version(
        all_of("s", leaf("a"), leaf("b")),
        spare=(leaf("c", restates=iri("b"), finding=finding("b")), leaf("d", restates=iri("a"))),
        interpretations=(
            interpretation("shared", default=(), other=(replacing("b", "c"),)),
            interpretation("own", default=(), other=(replacing("a", "d"),)),
        ),
    )
    read = effective(sketched, shared="other")
    assert drawn(read.sections) == "s(a b)"
    assert read.leaves == (iri("a"), iri("c"))
    assert read.shown({iri("a"): 1, iri("b"): 2, iri("c"): 3}) == {iri("a"): 1, iri("b"): 3}
    assert effective(sketched).shown({iri("a"): 1, iri("b"): 2, iri("c"): 3}) == {iri("a"): 1, iri("b"): 2}
    # What is said of b is said of c, which has the same finding class; d has one of its own, and takes what is said of a.
    assert sketched.leaf_of[finding("b")].id == "b"
    assert [sketched.settled_as(iri(id_)) for id_ in "abcd"] == [iri("a"), iri("b"), iri("b"), iri("d")]
    assert sketched.restating == {iri("a"): (iri("d"),)}


def test_criteria_that_form_a_cycle_are_an_error() -> None:
    sketched = version(all_of("s", leaf("a"), any_of("g", leaf("b"), all_of("s"))))
    looped = version(
        criteria={**sketched.criteria, iri("s"): version(all_of("s", any_of("g"))).criteria[iri("s")]},
        sections=(iri("s"),),
    )
    with pytest.raises(PolicyError, match="cycle"):
        effective_policy(looped, frozenset(), ())


READ = version(
    all_of("s", leaf("a")),
    interpretations=(interpretation("lack", default=(), both=()), interpretation("scope", default=(), narrow=())),
)


@pytest.mark.parametrize(
    ("choices", "readings"),
    [
        (None, ["lack/default", "scope/default"]),
        ({"lack": "lack/both"}, ["lack/both", "scope/default"]),
        ({"scope": "narrow"}, ["lack/default", "scope/narrow"]),
        ({"scope": "narrow", "lack": "both"}, ["lack/both", "scope/narrow"]),
    ],
)
def test_every_passage_has_one_reading(choices: dict[str, str] | None, readings: list[str]) -> None:
    assert [reading.id for reading in choose_readings(READ, choices)] == readings


@pytest.mark.parametrize(
    ("choices", "problem"),
    [({"lack": "narrow"}, "no reading 'narrow'.*lack/both"), ({"lacks": "both"}, "no interpretation 'lacks'.*scope")],
)
def test_a_choice_that_is_not_there_is_refused_with_what_is(choices: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        choose_readings(READ, choices)


# The shapes, on the toy policy.

TOY = "https://example.org/toy/2030-01-01/"


@pytest.fixture(scope="module")
def toy(core_alone: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy"))


def test_the_shapes_of_leaves_target_requests_and_hold_nothing_of_other_leaves(toy: Path) -> None:
    version_of_toy = load_policy("toy", root=toy).versions[0]
    graph = leaf_shapes(version_of_toy, [f"{TOY}criteria/1-a", f"{TOY}exclusions/1"])
    targeted = {str(subject).removeprefix(TOY) for subject in graph.subjects(SH.targetClass, NEC.ReviewRequest)}
    assert targeted == {"criteria/1-a", "exclusions/1", "exclusions/1-affirmed", "exclusions/1-denied"}
    assert (URIRef(f"{TOY}criteria/1-a-documented"), SH.path, NEC.affirmed) in graph
    assert not any("1-b" in str(term) for triple in graph for term in triple)
    assert (None, NEC.reportsOn, None) not in graph


@pytest.mark.parametrize(
    ("affirmed", "conforms"), [(("JointStiffness", "ExercisePlan"), True), (("ExercisePlan",), False)]
)
def test_the_effective_shapes_stand_alone_in_any_processor(
    toy: Path, affirmed: tuple[str, ...], conforms: bool
) -> None:
    shapes = effective(load_policy("toy", root=toy).versions[0]).shapes
    request, data = URIRef("urn:r"), Graph()
    data.add((request, RDF.type, NEC.ReviewRequest))
    for number, name in enumerate(affirmed):
        data.add((request, NEC.affirmed, URIRef(f"urn:s{number}")))
        data.add((URIRef(f"urn:s{number}"), RDF.type, URIRef(f"https://example.org/toy/vocabulary#{name}")))
    result, _, _ = pyshacl.validate(data, shacl_graph=shapes)
    assert result is conforms
