"""What everything stands on: errors, the files that ship with the package, and a cache of what was built from them.

It imports nothing of `reasoner`.
"""
