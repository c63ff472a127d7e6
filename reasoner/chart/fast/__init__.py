"""The fast path of batches over N-Quads and pieces of large inputs, which hands to the reader of graphs whatever it
does not know.

It imports what `chart` may import.
"""
