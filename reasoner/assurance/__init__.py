"""What makes a policy trustworthy: its check, and the difference of two versions with what it does to charts.

It imports `determination` and what is below.
"""
