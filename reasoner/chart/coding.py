"""Reading a coding: the concept that a code of a code system is, as people write both.

The systems with their names, and the concepts, are those of the policy's lexicon (``ontology/core-codes.ttl``); nothing here knows a
code system. A code that is no notation of its system is repaired if, apart from case, spaces and missing dots, it is exactly
one. A code of a system that is known by name only, or of an unknown one, is none of another system.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import quote

from reasoner.policy.code_systems import CodeSystem, code_system_key, plain_code
from reasoner.policy.model import Policy
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, SKOS

_KEPT = 65536
_WITH_TERM = re.compile(r"\s*(\S+?)\s*\|[^|]*\|\s*")  # a code with its words, as in "123 |words|"
_IRI = re.compile(r"https?://|urn:", re.IGNORECASE)
_CODE_IN_TEXT = re.compile(r"(?<![\w.])[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)?(?!\.?\w)")
_WORDS = 40  # of a text that are looked through for names


@dataclass(frozen=True)
class Coding:
    """What a coding says."""

    system: str
    """IRI of its code system; empty if that is not known."""
    code: str
    """The notation of the concept; as it is written if there is none."""
    concept: str
    """IRI of the concept; empty if the coding cannot be read."""
    note: str = ""
    """What was repaired, in words; empty if nothing was."""
    reason: str = ""
    """Why it cannot be read, in words; empty if it can."""
    iri: str = ""
    """IRI of the code in its system, known or not; empty if the system is not known."""


class CodeSystems:
    """The code systems and the concepts of a policy's vocabulary."""

    def __init__(self, policy: Policy) -> None:
        lexicon = policy.lexicon
        self._systems = {system.iri: system for system in lexicon.systems}
        self._exact = {name for system in lexicon.systems for name in (system.iri, *system.names)}
        self._by_key: dict[str, str] = {}
        for system in lexicon.systems:
            for name in (system.iri, system.label, *system.names):
                if name and self._by_key.setdefault(code_system_key(name), system.iri) != system.iri:
                    self._by_key[code_system_key(name)] = ""  # a name of two systems names neither
        self._concepts: dict[tuple[str, str], set[str]] = {}
        self._alike: dict[tuple[str, str], set[str]] = {}
        self._base: dict[str, str] = {}
        for term, schemes in lexicon.schemes.items():
            notation, concept = lexicon.notations.get(term), terms.name(term)
            if notation is None:
                continue
            for scheme in schemes & self._systems.keys():
                if concept.endswith(notation):
                    self._base.setdefault(scheme, concept.removesuffix(notation))
                self._concepts.setdefault((scheme, notation), set()).add(concept)
                for spelt in {plain_code(notation), plain_code(notation).replace(".", "")}:
                    self._alike.setdefault((scheme, spelt), set()).add(concept)
        self._notations = {terms.name(term): notation for term, notation in lexicon.notations.items()}
        for prefix, namespace in policy.prefixes.items():
            of = [scheme for scheme, base in self._base.items() if base == namespace]
            if len(of) == 1:
                self._by_key.setdefault(code_system_key(prefix), of[0])
        concepts = {term for term, kinds in lexicon.types.items() if terms.of(SKOS.Concept) in kinds}
        self._listed = {
            scheme for term in concepts & lexicon.schemes.keys() for scheme in lexicon.schemes[term]
        } & self._systems.keys()
        self._schemes = {terms.name(term): schemes for term, schemes in lexicon.schemes.items()}
        self._broader = {terms.name(term): set(map(terms.name, above)) for term, above in lexicon.broader.items()}
        self._relations = lexicon.relations
        self._labels = lexicon.labels
        self._means = {
            terms.name(term): lexicon.relations.narrowest(classes) for term, classes in lexicon.codes.items() if classes
        }
        roles = {terms.name(term) for term, schemes in lexicon.schemes.items() if str(NEC.Roles) in schemes}
        self._disorders = {name for name in roles if lexicon.notations[terms.iri(name)] == "disorder"}
        self._read: dict[tuple[str, str], Coding] = {}

    def system(self, name: str) -> CodeSystem | None:
        """The code system that a name or an IRI is of; None if it is of none that is known."""
        key = code_system_key(name)
        iri = self._by_key.get(key)
        while iri is None and "/" in key and _IRI.match(name.strip()):
            key = key.rpartition("/")[0]  # an edition or a version follows the IRI
            iri = self._by_key.get(key)
        return self._systems[iri] if iri else None

    def read(self, system: str, code: str) -> Coding:
        """The concept of a coding, or why it has none.

        Args:
            system: the code system, as the record writes it; empty if the record names none.
            code: the code, as the record writes it. Without a system it is read if it is the code of one system only.
        """
        known = self._read.get((system, code))
        if known is None:
            if len(self._read) > _KEPT:
                self._read.clear()
            known = self._read[system, code] = self._coding(system, code)
        return known

    def may_be_disorder(self, coding: Coding) -> bool:
        """Whether a coding names a disorder, wherever it stands, or a condition that is not known.

        An unknown code of a system that is read without its chapters may be of anything, and is none.
        """
        system = self._systems.get(coding.system)
        if system is None or system.kind != str(NEC.Condition):
            return False
        if coding.concept:
            return self._agree(self._means.get(coding.concept, ()), self._disorders)
        return system.iri not in self._base or bool(system.ranges)

    def findings(self, concepts: Iterable[str]) -> list[str]:
        """Those of some concepts that stand for a finding, each for another one than those before it, by IRI."""
        found: list[str] = []
        for concept in sorted(self._means.keys() & set(concepts)):
            if all(self._differ(concept, other) for other in found):
                found.append(concept)
        return found

    def named_in(self, text: str) -> list[str]:
        """The concepts that stand for a finding and that a text names, by IRI: by their codes, else by the whole of their labels.

        A label counts if it has several words, and its concept none below it in its code system and none above it in another; of
        labels that stand in a longer one the longest alone counts.
        """
        tokens = {token for token in _CODE_IN_TEXT.findall(text) if any(map(str.isdigit, token))}
        coded = {self.read("", token).concept for token in tokens} & self._means.keys()
        if coded:
            return sorted(coded)
        return sorted(set().union(*_longest(_words(text), self._labelled)))

    @cached_property
    def _labelled(self) -> dict[str, set[str]]:
        """The concepts whose labels count in a text, by the words of these."""
        of, none = self._schemes, frozenset[str]()
        pairs = ((one, above) for one, some in self._broader.items() for above in some)
        left_out = {above if of.get(one, none) & of.get(above, none) else one for one, above in pairs}
        found: dict[str, set[str]] = {}
        for concept in self._means.keys() - left_out:
            words = _words(self._labels.get(terms.iri(concept), ""))
            if len(words) > 1:
                found.setdefault(" ".join(words), set()).add(concept)
        return found

    def beside(self, codings: Sequence[Coding], words: Iterable[str] = ()) -> tuple[str, str]:
        """What is to be said of the codings of one thing that do not say the same, and of words beside them that name another.

        Args:
            codings: what each of them says.
            words: what the record calls the thing.

        Returns:
            In words why it cannot be told what the thing is, since two of them stand for different findings; if it can be told, what
            does not count beside the ones that stand for a finding. Either can be empty, and both are where nothing differs.
        """
        found = sorted({coding.concept: coding for coding in codings if coding.concept in self._means}.items())
        if not found:
            return "", ""
        for place, (one, coding) in enumerate(found):
            for other, next_ in found[place + 1 :]:
                if self._differ(one, other):
                    named = f"{self._shown(coding)} and {self._shown(next_)}"
                    return f"its codes stand for different things, {named}, so which of them it is cannot be told", ""
        silent = {
            self._shown(coding)
            for coding in codings
            if coding.concept not in self._means
            and not any(coding.concept and self._lies_with(coding.concept, one) for one, _ in found)
        }
        counted = ", ".join(self._shown(coding) for _, coding in found)
        notes = []
        if silent:
            notes.append(
                f"it counts by {counted} alone: whether {', '.join(sorted(silent))} says the same is not known here"
            )
        means = set().union(*(self._means[concept] for concept, _ in found))
        if another := next((text for text in words if self._names_another(text, means)), ""):
            notes.append(f'it counts by {counted}, and its words, "{another}", name something else')
        return "", "; ".join(notes)

    def _names_another(self, text: str, means: Collection[str]) -> bool:
        """Whether words name findings, and none of them is one of some classes, nor broader or narrower than one.

        Of names that stand in a longer one the longest alone counts.
        """
        named = _longest(_words(text)[:_WORDS], self._named)
        return bool(named) and not any(self._agree(classes, means) for classes in named)

    @cached_property
    def _named(self) -> dict[str, set[str]]:
        """The classes of findings that a name of several words can mean, by its words: labels of concepts and of the classes."""
        named: dict[str, set[str]] = {}
        for concept, classes in self._means.items():
            for name, meant in ((concept, classes), *((class_, {class_}) for class_ in classes)):
                words = _words(self._labels.get(terms.iri(name), ""))
                if len(words) > 1:
                    named.setdefault(" ".join(words), set()).update(meant)
        return named

    def _agree(self, some: Iterable[str], others: Collection[str]) -> bool:
        """Whether one of some classes is one of others, or broader or narrower than one."""
        relations = self._relations
        return any(
            relations.is_within(one, other) or relations.is_within(other, one) for one in some for other in others
        )

    def _differ(self, one: str, other: str) -> bool:
        """Whether two concepts stand for findings of which neither is the other, nor narrower than it.

        A concept and one above it mean the same, more or less exactly.
        """
        return not self._lies_with(one, other) and not self._agree(self._means[one], self._means[other])

    def _lies_with(self, one: str, other: str) -> bool:
        """Whether one concept is the other, or is above it."""
        return one == other or one in self._broader.get(other, ()) or other in self._broader.get(one, ())

    def _shown(self, coding: Coding) -> str:
        system = self._systems.get(coding.system)
        return f"{coding.code} ({system.label if system else 'an unknown code system'})"

    def _coding(self, system: str, code: str) -> Coding:
        if not system.strip():
            return self._of_any(code)
        of = self.system(system)
        if of is None:
            return Coding("", code, "", reason="its code is of a code system that is not known here")
        iri = self._base.get(of.iri, f"{of.iri}/") + quote(re.sub(r"\s", "", code), safe="", errors="replace")
        if of.iri not in self._base and not any(scheme == of.iri for scheme, _ in self._concepts):
            reason = f"its code is of {of.label}, another code system, whose codes are not read here"
            return Coding(of.iri, code, "", reason=reason, iri=iri)
        concepts = self._find(of.iri, code)
        if len(concepts) == 1:
            (concept,) = concepts
            notation = self._notations[concept]
            return Coding(of.iri, notation, concept, self._repair(of, system, code, notation), iri=concept)
        bare = code.strip()
        return Coding(of.iri, bare, "", self._repair(of, system, code, bare), reason=_unknown(of, code), iri=iri)

    def _of_any(self, code: str) -> Coding:
        """A code without a system, as sheets may have it."""
        found = {scheme: concepts for scheme in sorted(self._listed) if (concepts := self._find(scheme, code))}
        exact = {scheme: concepts for scheme, concepts in found.items() if (scheme, code) in self._concepts}
        candidates = {concept: scheme for scheme, concepts in (exact or found).items() for concept in concepts}
        if len(candidates) == 1:
            ((concept, scheme),) = candidates.items()
            notation = self._notations[concept]
            return Coding(
                scheme, notation, concept, self._repair(self._systems[scheme], "", code, notation), iri=concept
            )
        several = f"it is a code of {'more than one' if candidates else 'no'} code system that is known here"
        return Coding("", code, "", reason=several)

    def _find(self, scheme: str, code: str) -> set[str]:
        if concepts := self._concepts.get((scheme, code)):
            return concepts
        with_term = _WITH_TERM.fullmatch(code)
        return self._alike.get((scheme, plain_code(with_term[1] if with_term else code)), set())

    def _repair(self, of: CodeSystem, system: str, code: str, notation: str) -> str:
        """What had to be repaired, in words."""
        repaired = []
        if code != notation:
            repaired.append(f'its code "{code}" is read as {notation} of {of.label}')
        edition = system.startswith(f"{of.iri}/") and not system.endswith("/")
        if _IRI.match(system.strip()) and system not in self._exact and not edition:
            repaired.append(f'its code system "{system}" is read as that of {of.label}')
        return " and ".join(repaired)


@lru_cache(maxsize=4)
def code_systems(policy: Policy) -> CodeSystems:
    """The code systems of a policy, which are put in order once."""
    return CodeSystems(policy)


def _longest(words: Sequence[str], named: Mapping[str, set[str]]) -> list[set[str]]:
    """What the longest names among some words mean."""
    found, end = list[set[str]](), 0
    for start in range(len(words)):
        for stop in range(len(words), max(start + 1, end), -1):
            if meant := named.get(" ".join(words[start:stop])):
                found.append(meant)
                end = stop
                break
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _unknown(of: CodeSystem, code: str) -> str:
    """Why a code of a system that is read is no concept, in words."""
    if of.expressions and re.search(of.expressions, code):
        return f"it is an expression made of codes of {of.label} (post-coordinated), which is not read"
    if of.is_formed(code) is False:
        return f"its code does not have the form of a code of {of.label}"
    reason = f"its code is none of those of {of.label} that are known here"
    if within := of.range_of(code):
        return f"{reason}; it lies in {within.notation}, {within.label}"
    return f"{reason}, and lies in no chapter of it" if of.ranges else reason
