"""What every wing uses: errors, days of the calendar, the files that ship with the package, and a
cache of what is built from them.

It imports nothing of `reasoner`.
"""
