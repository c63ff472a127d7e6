"""The parser of the command line, which takes the options of request axes from the policy in use."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from reasoner.cli.output import say
from reasoner.ground.errors import PolicyError
from reasoner.ground.urls import text_shown

if TYPE_CHECKING:
    from reasoner.policy.axes import Axis

AXIS = "axis "
"""What precedes the word of an axis in the name of its option's value."""
_HELP = {"-h", "--help"}


class Parser(argparse.ArgumentParser):
    """A parser whose commands can take an option for each axis of the policy.

    The policy is loaded for its axes only where help is asked for, or an option is given or required that may be one of theirs.
    Usage is one line, and an error stands before it.

    Args:
        examples: command lines that the help ends with; ``{axes}`` stands for the options of the axes.
        prog, description, parents: as `argparse.ArgumentParser` takes them.
    """

    _pending: tuple[argparse._ArgumentGroup, bool] | None = None
    """The group that the options of the axes are to be added to, and whether they are required."""

    def __init__(
        self,
        *,
        prog: str,
        description: str,
        parents: Sequence[argparse.ArgumentParser] = (),
        examples: Sequence[str] = (),
    ) -> None:
        super().__init__(
            prog, description=description, parents=parents, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        self.register("action", "parsers", _Commands)
        self._examples = tuple(examples)

    def commands(self) -> Iterator[Parser]:
        """The parsers of the commands below this one, and of those below them."""
        for action in self._actions:
            if isinstance(action, _Commands):
                for parser in action.choices.values():
                    yield parser
                    yield from parser.commands()

    def actions(self) -> Sequence[argparse.Action]:
        """What it takes: options and positional arguments, those of axes among them."""
        self._add_axes()
        return self._actions

    def format_help(self) -> str:
        """The help, with the usage in one line."""
        self.usage = self._usage_line().replace("%", "%%")
        self.epilog = "\n".join(["examples:", *(f"  {example}" for example in self.examples())])
        return super().format_help()

    def examples(self) -> Iterator[str]:
        """Its examples, with a value for each axis where ``{axes}`` stands in them."""
        axes = [action for action in self._actions if action.dest.startswith(AXIS)]
        words = [f"{axis.option_strings[0]} {next(iter(axis.choices or ()))}" for axis in axes]
        for example in self._examples:
            yield example.format(axes=" ".join(words))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, then how the command is used, and end with the exit code of wrong usage."""
        say(f"{self.prog}: {text_shown(message)}", f"usage: {self._usage_line()} (see {self.prog} --help)")
        sys.exit(2)

    def _usage_line(self) -> str:
        """The command with what it needs, and its options left out."""
        needed = [action for action in self._actions if action.required or not action.option_strings]
        formatter = argparse.HelpFormatter(prog="", width=10**6)
        formatter.add_usage(None, needed, ())
        arguments = formatter.format_help().removeprefix("usage:").strip()
        return " ".join(part for part in (self.prog, "[option ...]", arguments) if part)

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
            options = {arg.partition("=")[0] for arg in args or () if arg.startswith("-")}
            if self._pending[1] or options - (self._option_string_actions.keys() - _HELP):
                try:
                    self._add_axes()
                except PolicyError:
                    if options.isdisjoint(_HELP):  # help can be given without a policy
                        raise
        return super().parse_known_args(args, namespace)

    def _add_axes(self) -> None:
        if self._pending:
            (group, required), self._pending = self._pending, None
            for axis in self.axes():
                _add_axis(group, axis, required)


if TYPE_CHECKING:
    _SubParsers = argparse._SubParsersAction[Parser]
else:
    _SubParsers = argparse._SubParsersAction


class _Commands(_SubParsers):
    """The commands of a parser, each described in its help as in the list of them."""

    def add_parser(  # type: ignore[override]  # what these commands are made with
        self, name: str, *, help: str, examples: Sequence[str]
    ) -> Parser:
        description = f"{help[:1].upper()}{help[1:]}."
        return super().add_parser(name, help=help, description=description, examples=examples)


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
