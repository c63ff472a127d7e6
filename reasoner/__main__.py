"""``python -m reasoner``: the command."""

from necessity import entry

entry()
