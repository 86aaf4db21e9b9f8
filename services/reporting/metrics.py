"""Metrics of reporting, in one place. Labels are types of facts and nothing that grows."""

from collections.abc import Mapping
from datetime import date

from prometheus_client import Gauge, Histogram

from services.chassis.measuring import Measuring

# From the moment that a fact states to the moment at which its figures were written: what a reader of the dashboard is behind by.
projection_lag_seconds = Histogram(
    "bekhedmetkom_reporting_projection_lag_seconds",
    "Age of a fact when the figures show it.",
    ("type",),
    buckets=(0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 3600),
)
# Cells that the last recount of each month found wrong (at most 100 a month); anything but 0 is a fault to be looked into, then `rebuild`.
figures_drift_cells = Gauge(
    "bekhedmetkom_reporting_figures_drift_cells", "Cells of figures that differ from a recount."
)
# Complaints of which other services have spoken, but whose ComplaintReceived has not come; above 0 for minutes means a fact on its way to
# nowhere. Every replica shows the same figure: alert on the maximum.
complaints_without_receipt = Gauge(
    "bekhedmetkom_reporting_complaints_without_receipt", "Complaints that are known by later facts alone."
)


_drift: dict[date, int] = {}


def show_drift(cells_by_month: Mapping[date, int]) -> None:
    """Takes the result of a recount of some months; what was found in the others stands until they are counted again."""
    _drift.update(cells_by_month)
    figures_drift_cells.set(sum(_drift.values()))


def watch_without_receipt(without_receipt: Measuring[int]) -> None:
    """Has the gauge show what is measured."""
    complaints_without_receipt.set_function(without_receipt.figure(float))
