"""The rules of `promtool check metrics`, which the integration tests run on the real pages, kept where no promtool is needed."""

import re
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from services.chassis import metrics

ALL = {name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}
# A number of things has no unit in Prometheus' naming rules; everything measured in time or bytes has.
OF_THE_PROCESS = {"hub_lag_seconds"}


def problems(name: str, metric: MetricWrapperBase) -> list[str]:
    labels = metric._labelnames
    found = []
    if isinstance(metric, Counter) and not name.endswith("_total"):
        found.append("a counter ends in _total")
    if not isinstance(metric, Counter) and name.endswith("_total"):
        found.append("only a counter ends in _total")
    if re.search(r"_(ms|milliseconds|minutes|kb)(_|$)", name):
        found.append("base units only")
    if re.search(r"(^|_)(time|duration|age|lag)$", name):
        found.append("the unit is missing")
    if "service" not in labels and name not in OF_THE_PROCESS:
        found.append("the label service is missing")
    if {"path", "url", "user", "id"} & set(labels):
        found.append("a label without bounds")
    if not metric._documentation.endswith("."):
        found.append("the help is no sentence")
    return found


def test_every_metric_keeps_the_rules():
    assert len(ALL) > 20
    assert {name: problems(name, metric) for name, metric in ALL.items() if problems(name, metric)} == {}


def test_the_rules_can_fail():
    assert problems("x", Counter("x", "X", registry=None)) != []
    assert problems("lag", Gauge("lag", "X.", ["service"], registry=None)) == ["the unit is missing"]
    assert problems("x_ms", Histogram("x_ms", "X.", ["service"], registry=None)) == ["base units only"]


def test_every_metric_has_a_comment_and_our_prefix():
    source = Path(metrics.__file__).read_text(encoding="utf-8").splitlines()
    for name, metric in ALL.items():
        (line,) = [number for number, text in enumerate(source) if text.startswith(f"{name} = ")]
        before = source[line - 1]
        # Counters of one family share the comment of the first.
        assert before.startswith("#") or before.startswith("outbox_") or before == ")", name
        assert metric._name.startswith("bekhedmetkom_")
