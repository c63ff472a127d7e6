"""The command ``necessity``: a file a group of commands, each of which turns its options into frozen values once, at its edge.

It imports `workplace` and what is below.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from reasoner.cli import app, charts, intake, kb, options, policy, query, questionnaire
from reasoner.cli.output import DONE, NOTHING
from reasoner.cli.parser import Parser
from reasoner.ground.errors import NecessityError

if TYPE_CHECKING:
    from reasoner.policy.axes import Axis


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with some arguments, by default the process's own, and return its exit code."""
    try:
        given = _parser(arguments).parse_args(arguments)
        return int(given.run(given))
    except NecessityError as error:
        print(f"necessity: {error}", file=sys.stderr)
        return NOTHING
    except BrokenPipeError:
        # The reader has left, as `head` does; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def entry() -> NoReturn:
    """Run as a program."""
    from reasoner.rdf.terms import hide_truth_values

    hide_truth_values()
    sys.exit(main())


def _parser(arguments: Sequence[str] | None) -> Parser:
    named = argparse.ArgumentParser(prog="necessity", add_help=False)
    named.add_argument("--policy", metavar="NAME", help="policy to use, where more than one is installed")
    named.add_argument(
        "--policies", metavar="DIR", type=options.folder, help="folder with ontology/ and shapes/ of other policies"
    )

    class CommandParser(Parser):
        def axes(self) -> tuple[Axis, ...]:
            return options.policy(named.parse_known_args(arguments)[0]).axes

    parser = CommandParser(
        prog="necessity",
        description="Determine from documentation whether a coverage policy's criteria are met.",
        parents=[named],
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (charts, intake, policy, questionnaire, kb, query, app):
        module.add(commands)
    return parser
