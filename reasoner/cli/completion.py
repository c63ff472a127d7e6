"""The command that lets a shell complete commands, options and their values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.output import DONE, write

if TYPE_CHECKING:
    from reasoner.cli.options import Commands
    from reasoner.cli.parser import Parser
    from reasoner.policy.model import Policy

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
"""The shells that there are scripts for."""


def add(commands: Commands, root: Parser) -> None:
    """Add the command to the parser, which it is about."""
    completion = commands.add_parser(
        "completion",
        help="print the script with which a shell completes commands, options and their values",
        examples=(
            "necessity completion bash > ~/.local/share/bash-completion/completions/necessity",
            "necessity completion zsh > ~/.zfunc/_necessity",
        ),
    )
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh, fish, tcsh or powershell")
    completion.set_defaults(run=_completion, root=root)


def _completion(options: argparse.Namespace) -> int:
    import shtab

    root: Parser = options.root
    values = _values(shared.policy(options))
    for parser in (root, *root.commands()):
        for action in parser.actions():
            if action.dest in values and action.nargs != 0:
                action.choices = values[action.dest]
            elif action.metavar in ("FILE", "PATH", "LOCATION", "REVIEWED.csv"):
                action.complete = shtab.FILE  # type: ignore[attr-defined]  # how shtab is told
            elif action.metavar == "DIR":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    write(shtab.complete(root, shell=options.shell) + "\n", None)
    return DONE


def _values(policy: Policy) -> dict[str, tuple[str, ...]]:
    """What can be given for some options and arguments, by the name of the value."""
    from reasoner.logic.fold import Outcome
    from reasoner.store.questions import library

    criteria = dict.fromkeys(criterion.id for version in policy.versions for criterion in version.criteria.values())
    versions = tuple(version.id for version in policy.versions)
    return {
        "criterion": tuple(criteria),
        "fail_on": tuple(outcome.value for outcome in Outcome),
        "name": tuple(library()),
        **dict.fromkeys(("version", "earlier", "later"), versions),
    }
