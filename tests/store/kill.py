"""Kills a process that loads and determines, again and again, and looks at what it leaves: `python -m tests.store.kill N DIR`.

The parent never opens a store, so that each child starts its own threads.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from reasoner import load_policy
from reasoner.chart.intake import read_file
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.render.provenance import iri
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind
from reasoner.store.contents import DeterminationRecord, read_chart, to_content
from tests.conftest import CASES

CHART = CASES / "mp9556" / "adult-admission" / "criteria-met.ttl"
NEW_STORE_EVERY = 10


def fork(work: Callable[[Callable[[str], None]], None]) -> tuple[int, TextIO]:
    """A child that does some work and tells what it has done; its process id and the pipe to read from, a line for each."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading)
    os.close(reading)
    code = 1
    try:
        work(lambda said: os.write(writing, f"{said}\n".encode()) and None)
        code = 0
    except Exception:  # whatever happened, the child says so before it ends
        traceback.print_exc()
    finally:
        os._exit(code)


def renamed(case: Case, number: int) -> Case:
    """The case of another request."""
    own, other = case.iri.rpartition("#")[0] + "#", f"urn:case:{number}#"
    return replace(
        case, iri=case.iri.replace(own, other), content=ordered(case.content.replace(f"<{own}", f"<{other}"))
    )


def ordered(lines: str) -> str:
    return "".join(sorted(lines.splitlines(keepends=True)))


def main(rounds: int, home: Path) -> None:
    chance = random.Random(1)
    policy = load_policy()
    (case,) = read_file(CHART, policy)
    (found,) = determine_case(case, policy, alternatives=False)
    ready = to_content(found)
    acknowledged: set[str] = set()
    total = killed = number = 0
    for turn in range(rounds):
        place = home / f"kb-{turn // NEW_STORE_EVERY}"
        if turn % NEW_STORE_EVERY == 0:
            acknowledged = set()
        really = turn % 2 == 0

        def work(tell: Callable[[str], None], first: int = number, place: Path = place, really: bool = really) -> None:
            kb = KnowledgeBase(open_store(place, write=True))
            tell("ready")
            for n in range(first, first + 1000):
                one = renamed(case, n)
                if really:
                    one = read_chart(one.iri, one.content, policy)
                kb.load_case(one)
                tell(one.iri)
                if really:
                    (made,) = determine_case(one, policy, alternatives=False)
                    kb.record([made])
                    tell(str(iri(made)))
                else:
                    name = f"urn:determination:{n}"
                    content = ordered(ready.content.replace(ready.determination, name).replace(case.iri, one.iri))
                    kb.record_contents([[DeterminationRecord(name, one.iri, content, ready.common_results)]])
                    tell(name)

        number += 1000
        child, pipe = fork(work)
        with pipe:
            lines = [pipe.readline() for _ in range(chance.randint(1, 4))]
            time.sleep(chance.uniform(0, 0.1 if really else 0.02))
            os.kill(child, signal.SIGKILL)
            lines += pipe
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        acknowledged |= {line.rstrip("\n") for line in lines[1:]}

        def look(
            tell: Callable[[str], None],
            place: Path = place,
            expected: frozenset[str] = frozenset(acknowledged),
            unsaid: int = turn % NEW_STORE_EVERY + 1,
        ) -> None:
            with KnowledgeBase(open_store(place, write=True)) as kb:
                for problem in kb.verify():
                    tell(f"problem: {problem}")
                told_of = (GraphKind.CHART, GraphKind.DETERMINATION)
                held = {entry.about for kind in told_of for entry in kb.entries(kind)}
                for lost in expected - held:
                    tell(f"lost: {lost}")
                if len(held - expected) > unsaid:
                    tell(f"{len(held - expected)} graphs that nobody acknowledged")

        child, pipe = fork(look)
        with pipe:
            told = pipe.read().splitlines()
        _, status = os.waitpid(child, 0)
        if told or status:
            sys.exit(f"round {turn}: status {status}: {told[:5]}")
        if turn % NEW_STORE_EVERY == NEW_STORE_EVERY - 1:
            total += len(acknowledged)
            shutil.rmtree(place)
    print(f"{killed} killed, {total} graphs acknowledged, nothing lost, nothing half-written")
    if killed < rounds:
        sys.exit("some ended before they were killed")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
