"""``python -m reasoner``: the command."""

from reasoner.cli import entry

entry()
