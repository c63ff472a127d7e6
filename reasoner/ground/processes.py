"""Processes that work for another one."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, TypeVar

from reasoner.ground.errors import EngineError

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")
_SENT = 8
"""Items that a process is sent at once."""


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, in whatever way; nothing waits for what it would do."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="end with parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def spread(work: Callable[[T], R], items: Iterable[T], jobs: int, *, ahead: int) -> Iterator[R]:
    """What comes of each item, in order, by this process or several others.

    Args:
        work: what is done with an item; where there are several processes, it can be sent to them.
        items: the items, each asked for when there is room.
        jobs: how many processes; with one, this process does the work itself.
        ahead: how many items the others may have taken on while what came of one is looked at.

    Raises:
        EngineError: a process was lost.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    from concurrent.futures import ProcessPoolExecutor

    rest = iter(items)
    lost = EngineError(
        "a process was ended from outside, perhaps because memory ran out",
        mend="Run it again with fewer --jobs: what was finished is kept",
    )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent) as pool:
        some = iter(lambda: list(islice(rest, _SENT)), [])
        for found in in_order(lambda chunk: pool.submit(_each, work, chunk), some, ahead // _SENT + 1, lost):
            yield from found


def in_order(submit: Callable[[T], Future[R]], items: Iterable[T], most: int, lost: EngineError) -> Iterator[R]:
    """What a pool of processes makes of each item, in order.

    Args:
        submit: gives the pool an item.
        items: the items, each asked for when there is room.
        most: how many the pool may have at a time.
        lost: raised if a process was lost.
    """
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise lost from error
    finally:
        for future in waiting:
            future.cancel()


def _each(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return list(map(work, items))
