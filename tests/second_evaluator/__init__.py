"""MP9556 a second time: the policy as its reading says, in plain Python, for tests to hold the reasoner against.

It shares no code with `reasoner`. It reads charts and the policy's vocabulary with rdflib alone, never the shapes, and
states criteria, facts, dates and readings itself, so that an error has to be made twice to pass. Clinical terms of this
one policy are meant to stand here. Where the reading can be taken in two ways, it takes the one by which a criterion is
neither met nor denied.

From the bottom up: `record` (what a chart says), `vocabulary` (what findings say of criteria), `kleene`, `currency` (when
a statement counts), `facts` (which statements of one fact are current, and facts to a leaf), `disorders` (item 1 and
8.a.ii of adult admission), `leaves`, `sections` (which criteria apply, by reading) and `evaluate`.
"""

from tests.second_evaluator.evaluate import Result, evaluate, set_aside

__all__ = ["Result", "evaluate", "set_aside"]
