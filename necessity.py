"""The command ``necessity``, apart from what it does, so that Ctrl-C is told in a line also while that is imported."""

import sys
from typing import NoReturn


def entry() -> NoReturn:
    """Run as a program."""
    try:
        from reasoner import cli
    except KeyboardInterrupt:
        print("\nnecessity: interrupted", file=sys.stderr)
        sys.exit(130)
    cli.entry()
