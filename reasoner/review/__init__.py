"""What people do about a determination: who may do what, decisions and acceptances as signed records, and turnaround
time.

It imports `assurance` and what is below.
"""
