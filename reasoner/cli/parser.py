"""The parser of the command line, which takes the options of request axes from the policy in use."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reasoner.ground.errors import PolicyError

if TYPE_CHECKING:
    from reasoner.policy.axes import Axis

AXIS = "axis "
"""What precedes the word of an axis in the name of its option's value."""
_HELP = {"-h", "--help"}


class Parser(argparse.ArgumentParser):
    """A parser whose commands can take an option for each axis of the policy.

    The policy is loaded for its axes only where help is asked for, or an option is given or required that may be one of theirs.
    """

    _pending: tuple[argparse._ArgumentGroup, bool] | None = None
    """The group that the options of the axes are to be added to, and whether they are required."""

    def axes(self) -> Iterable[Axis]:
        """The axes of the policy; raises `PolicyError` if it cannot be read."""
        return ()

    def take_axes(self, group: argparse._ArgumentGroup, *, required: bool = False) -> None:
        """Take an option for each axis, in a group of the help; each has to be given if `required`."""
        self._pending = (group, required)

    def parse_known_args(  # type: ignore[override]  # argparse calls it with these alone
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, after the options of the axes have been added where they are needed."""
        if self._pending:
            group, required = self._pending
            options = {arg.partition("=")[0] for arg in args or () if arg.startswith("-")}
            if required or options - (self._option_string_actions.keys() - _HELP):
                self._pending = None
                try:
                    for axis in self.axes():
                        _add_axis(group, axis, required)
                except PolicyError:
                    if options.isdisjoint(_HELP):  # help can be given without a policy
                        raise
        return super().parse_known_args(args, namespace)


def _add_axis(group: argparse._ArgumentGroup, axis: Axis, required: bool) -> None:
    words = tuple(value.word for value in axis.values)
    text = f"{axis.label}: {listed(words)}{'; required' if required else ''}"
    try:
        group.add_argument(
            f"--{axis.word}",
            dest=f"{AXIS}{axis.word}",
            required=required,
            choices=words,
            metavar=axis.word.upper(),
            help=text.replace("%", "%%"),
        )
    except argparse.ArgumentError as error:
        raise PolicyError(
            f"the word {axis.word!r} is an option of the command already",
            where=axis.iri,
            mend="Give the axis another skos:notation",
        ) from error


def listed(words: Sequence[str]) -> str:
    """Words as a list of alternatives: ``a, b or c``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
