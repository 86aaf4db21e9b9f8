"""Measures the figures of the table in docs/performance.md, beside bare floors taken in the same run."""

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
