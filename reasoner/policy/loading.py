"""Loading: a policy from the Turtle files of its ontology and shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reasoner.ground import cache, resources
from reasoner.ground.errors import PolicyError
from reasoner.ground.serialization import Codec
from reasoner.policy.lexicon import Lexicon
from reasoner.policy.model import Policy, Sources
from reasoner.policy.profile import refuse_unknown_terms, refuse_what_engines_read_otherwise
from reasoner.policy.reader import LEAVES, PolicyReader
from reasoner.rdf.namespaces import RDF

EXAMPLES = "examples"
"""The folder of a policy's ontology with its example sentences, which are no part of its vocabulary."""


@dataclass(frozen=True)
class PolicyLocation:
    """The place of a policy, which can be sent to a process that loads the policy itself."""

    name: str | None = None
    root: Path | None = None
    codes: Path | None = None
    """All three as `load_policy` takes them."""

    def load(self) -> Policy:
        """The policy, which is read once in a process; raises `PolicyError` as `load_policy` does."""
        return load_policy(self.name, root=self.root, codes=self.codes)


def installed(root: Path | None = None) -> tuple[str, ...]:
    """The names of the policies under a folder that holds ``ontology`` and ``shapes``."""
    base = (root / "ontology") if root else resources.ONTOLOGY
    shapes = (root / "shapes") if root else resources.SHAPES
    return tuple(sorted(p.name for p in base.glob("*/") if p.is_dir() and (shapes / p.name).is_dir()))


@lru_cache(maxsize=8)
def load_policy(name: str | None = None, *, root: Path | None = None, codes: Path | None = None) -> Policy:
    """Read a policy from Turtle.

    Args:
        name: the policy's folder under ``ontology`` and ``shapes``; may be left out where there is only one.
        root: the folder that holds ``ontology`` and ``shapes``; by default the one that ships with the package.
            The core vocabulary always comes from the package.
        codes: a code map of one's own (`reasoner.policy.codemap`), whose codes are read beside those of the vocabulary.

    Raises:
        PolicyError: the policy is not there, cannot be read, or is not well formed.
    """
    names = installed(root)
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        problem = f"there is no policy {name!r}" if name else "more than one policy is installed, or none"
        mend = f"Choose one of: {', '.join(names)}" if names else "Put one under ontology/ and shapes/"
        raise PolicyError(problem, where=str(root or resources.ROOT), mend=mend)
    base = root or resources.ROOT
    folder = base / "ontology" / name
    examples = folder / EXAMPLES
    sources = Sources(
        (
            *sorted(resources.ONTOLOGY.glob("*.ttl")),
            *(path for path in sorted(folder.rglob("*.ttl")) if examples not in path.parents),
        ),
        tuple(sorted((base / "shapes" / name).rglob("*.ttl"))),
        (codes,) if codes else (),
        tuple(sorted(examples.rglob("*.ttl"))),
    )
    key = _key(name, sources)

    def read() -> Policy:
        policy = _read(name, base / "ontology" / name, sources)
        if _key(name, sources) != key:
            # It would be cached as what the files were before.
            raise PolicyError("its files were changed while they were read", where=str(base), mend="Try again")
        return policy

    return cache.cached(key, Codec(Policy, shared=(Lexicon,), provided={Sources: sources}), read)


def _key(name: str, sources: Sources) -> str:
    try:
        return cache.key(name, (*sources.ontology_files, *sources.shape_files, *sources.code_maps))
    except OSError as error:
        raise PolicyError(f"a file cannot be read: {error.strerror}", where=str(error.filename)) from error


def _read(name: str, folder: Path, sources: Sources) -> Policy:
    ontology, shapes = sources.ontology, sources.shapes
    try:
        refuse_unknown_terms(shapes)
        policy = PolicyReader(sources, ontology, shapes).policy(name)
        leaves = {leaf for kind in LEAVES for leaf in ontology.subjects(RDF.type, kind)}
        refuse_what_engines_read_otherwise(shapes, leaves)
    except PolicyError as error:
        where = sources.located(error.where) if error.where else str(folder)
        raise PolicyError(error.problem, where=where, mend=error.mend) from error
    return policy
