"""A leaf of a policy version, compiled: its shapes as functions of evidence, and what they read of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from reasoner.determination.compiled_evidence import RELATIONS, Evidence, LeafAnswer
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.compiled_shacl import SH, CompiledShape, Compiler, UnsupportedError
from reasoner.rdf.property_paths import Steps, follow
from reasoner.rdf.terms import Term

_TO_EVIDENCE = frozenset((relation, False) for relation in RELATIONS)


class CompiledLeaf:
    """A leaf's shapes, compiled, and what they read."""

    def __init__(self, iri: str, version: PolicyVersion) -> None:
        self.iri = iri
        self.criterion = version.leaves[iri]
        self.item = iri in {i for section in version.lists if section.excluding for i in section.criterion.members}
        self.unsupported = ""
        """Why it is not compiled; empty if it is."""
        self.reads_all = False
        """Whether every evidence node may matter to it, not just those of the classes that trigger it."""
        self.reads_beyond = False
        """Whether it may read evidence that does not speak to it: what is known of a statement's own leaves is not enough then."""
        self.triggers: frozenset[Term] = frozenset()
        self.predicates: frozenset[Term] = frozenset()
        self.classes: frozenset[Term] = frozenset()
        self.contexts: tuple[Callable[[Evidence, Term], Sequence[Term]], ...] = ()
        self._reports: list[CompiledShape] = []
        compiler = Compiler(version.lexicon.shapes)
        try:
            own = {p for p in version.lexicon.shapes.get(f"<{iri}>", {}) if p.startswith(f"<{SH}")}
            if own - {f"<{SH}{name}>" for name in ("property", "targetClass", "rule")}:
                raise UnsupportedError(f"{iri} has constraints beside its property shapes")
            for shape in sorted(version.reporting(iri)):
                self._reports += compiler.reports(shape)
        except UnsupportedError as error:
            self.unsupported = str(error)
            return
        self._reports.sort(key=lambda report: (terms.name(report.shape), report.severity))
        use = compiler.use()
        self.classes = use.classes
        # A shape whose values are not statements reads the request, and answers are remembered for any request.
        self.reads_all = not all(_starts_at_evidence(report.path) for report in self._reports)
        self._read(use.paths)

    def _read(self, paths: Collection[tuple[Steps, frozenset[Term] | None]]) -> None:
        triggers: set[Term] = set()
        predicates: set[Term] = set()
        contexts: list[Steps] = []
        for steps, needs in paths:
            branches = steps.alternatives or (steps,)
            sequences = [branch.sequence for branch in branches]
            if all(_to_evidence(sequence) for sequence in sequences):
                self.reads_all |= needs is None
                triggers |= needs or set()
            elif len(sequences) == 1 and len(sequences[0]) == 1 and not sequences[0][0][1]:
                predicates.add(sequences[0][0][0])
            elif len(sequences) == 1 and sequences[0] and sequences[0][0][1] and sequences[0][0][0] in RELATIONS:
                contexts.append(Steps(sequences[0][1:]))
                self.reads_all |= any(back for _, back in sequences[0][1:])
            else:
                self.reads_all = True
            # An evidence kind has to keep the values of every property that a path names.
            predicates |= {name for sequence in sequences for name, _ in sequence if name not in RELATIONS}
        self.triggers, self.predicates = frozenset(triggers), frozenset(predicates)
        self.reads_beyond = self.reads_all or any(name in RELATIONS for steps in contexts for name, _ in steps.sequence)
        self.contexts = tuple(follow(steps) for steps in sorted(contexts, key=str))

    def answer(self, evidence: Evidence) -> LeafAnswer:
        """What the shapes report of some evidence."""
        return LeafAnswer([report for report in self._reports if report.breaks(evidence, evidence.request)])


def _to_evidence(sequence: tuple[tuple[Term, bool], ...]) -> bool:
    """Whether a path leads from the request to evidence nodes, or from one of them by the request to others."""
    if len(sequence) == 2 and sequence[0][1] and sequence[0][0] in RELATIONS:
        sequence = sequence[1:]
    return len(sequence) == 1 and not sequence[0][1] and sequence[0][0] in RELATIONS


def _starts_at_evidence(path: Steps) -> bool:
    """Whether a path from the request begins with the property that leads to evidence nodes of a stance."""
    return all(branch.sequence[0] in _TO_EVIDENCE for branch in path.alternatives or (path,))
