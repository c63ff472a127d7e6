"""Sheets in: rows of CSV or Parquet become statements, each error with its row.

It imports what `chart` may import.
"""
