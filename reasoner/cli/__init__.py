"""The ``necessity`` command. Results go to standard output, errors and progress to standard error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from reasoner.cli import charts, desk, intake, kb, options, policy, query, questionnaire
from reasoner.cli.output import DONE, NOTHING
from reasoner.errors import NecessityError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with some arguments, by default the process's own, and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
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
    from reasoner.terms import hide_truth_values

    hide_truth_values()
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="necessity", description="Determine from documentation whether a coverage policy's criteria are met."
    )
    parser.add_argument("--policy", metavar="NAME", help="policy to use, where more than one is installed")
    parser.add_argument(
        "--policies", metavar="DIR", type=options.folder, help="folder with ontology/ and shapes/ of other policies"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (charts, intake, policy, questionnaire, kb, query, desk):
        module.add(commands)
    return parser
