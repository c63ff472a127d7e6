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
    """A parser of which commands can take an option for each axis of the policy.

    The axes are read once such an option is given, has to be given, or help is asked for: other commands start without.
    """

    _use: tuple[str, bool] | None = None

    def axes(self) -> Iterable[Axis]:
        """The axes of the policy; raises `PolicyError` if it cannot be read."""
        return ()

    def take_axes(self, use: str, *, required: bool = False) -> None:
        """Take an option for each axis, each of which has to be given if `required`; `use` tells in the help of what."""
        self._use = (use, required)

    def parse_known_args(  # type: ignore[override]  # argparse calls it with these alone
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, after the options of the axes have been added where they are needed."""
        if self._use:
            use, required = self._use
            given = {arg.partition("=")[0] for arg in args or () if arg.startswith("-")}
            if required or given - (self._option_string_actions.keys() - _HELP):
                self._use = None
                try:
                    for axis in self.axes():
                        self._add_axis(axis, use, required)
                except PolicyError:
                    if given.isdisjoint(_HELP):  # help can be given without a policy
                        raise
        return super().parse_known_args(args, namespace)

    def _add_axis(self, axis: Axis, use: str, required: bool) -> None:
        labels = ", ".join(value.label for value in axis.values)
        try:
            self.add_argument(
                f"--{axis.word}",
                dest=f"{AXIS}{axis.word}",
                required=required,
                choices=tuple(value.word for value in axis.values),
                help=f"{axis.label} {use}: {labels}".replace("%", "%%"),
            )
        except argparse.ArgumentError as error:
            raise PolicyError(
                f"the word {axis.word!r} is an option of the command already",
                where=axis.iri,
                mend="Give the axis another skos:notation",
            ) from error
