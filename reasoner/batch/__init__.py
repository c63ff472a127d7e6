"""Many charts at a time: runs that can be resumed, worker processes, exports, reports, Spark and lakes.

It imports `store` and what is below.
"""
