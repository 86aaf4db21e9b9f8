"""Measures the figures of the table in docs/performance.md, beside bare floors taken in the same run."""
