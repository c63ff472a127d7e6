"""The command ``necessity``: a file a group of commands, each of which turns its options into frozen values once, at its edge.

It imports `workplace` and what is below.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from reasoner.cli import abstract, app, charts, completion, intake, kb, policy, query, questionnaire
from reasoner.cli import options as shared
from reasoner.cli.output import DONE, INTERRUPTED, NOTHING, TERMINATED, discard_output, open_streams, say
from reasoner.cli.parser import Parser
from reasoner.ground.errors import NecessityError

if TYPE_CHECKING:
    from reasoner.policy.axes import Axis


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with some arguments, by default the process's own, and return its exit code."""
    try:
        try:
            options = _parser(arguments).parse_args(arguments)
        finally:
            sys.stdout.flush()  # what help printed
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except NecessityError as error:
        say(f"necessity: {error}")
        return NOTHING
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does: what is still buffered goes nowhere.
        discard_output()
        return DONE
    except OSError as error:
        discard_output()
        say(f"necessity: {error.filename or 'standard output'}: {error.strerror or error}")
        return NOTHING


def entry() -> NoReturn:
    """Run as a program."""
    from reasoner.rdf.terms import hide_truth_values

    open_streams()
    hide_truth_values()
    gc.set_threshold(100_000)  # a policy and a chart are many objects that stay
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow's own keeps what was freed
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = main()
    except KeyboardInterrupt:
        say("", "necessity: interrupted")
        sys.exit(INTERRUPTED)
    except Exception:
        # A fault of this program. Python would exit with 1, which says that a gate is closed.
        traceback.print_exc()
        sys.exit(NOTHING)
    gc.freeze()  # the process gives back what is left as it ends, and need not look through it for cycles
    sys.exit(code)


def _terminate(*_: object) -> NoReturn:
    """End as after an error, so that nothing is left half-written or in a temporary file."""
    sys.exit(TERMINATED)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from reasoner.chart.fast import native
        from reasoner.determination.engine import software_version

        print(f"necessity {software_version()} (charts are cut in {native.language()})")
        parser.exit()


def _parser(arguments: Sequence[str] | None) -> Parser:
    named = argparse.ArgumentParser(prog="necessity", add_help=False)
    named.add_argument("--policy", metavar="NAME", help="the policy to use, if more than one is installed")
    named.add_argument(
        "--policies", metavar="DIR", type=shared.folder, help="a folder with ontology/ and shapes/ of your own policies"
    )
    named.add_argument(
        "--codes", metavar="FILE", type=shared.folder, help="a map of codes of your own, as Turtle or CSV"
    )

    class CommandParser(Parser):
        def axes(self) -> tuple[Axis, ...]:
            return shared.policy(named.parse_known_args(arguments)[0]).axes

    parser: Parser = CommandParser(
        prog="necessity",
        description="Determine from documentation whether a coverage policy's criteria are met.",
        examples=("necessity determine chart.ttl", "necessity policy show", "necessity determine --help"),
        parents=[named],
    )
    parser.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        help="print the version, and in which language charts of batches are cut, and exit",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (charts, intake, abstract, policy, questionnaire, kb, query, app):
        module.add(commands)
    completion.add(commands, parser)
    return parser
