"""Imports point one way."""

import pytest

from tests.architecture.imports import RULES, violations
from tests.architecture.source import Module, assert_none, modules


def test_every_import_is_allowed():
    found = [line for module in modules("services", "gateway") for line in violations(module)]
    assert_none(found)


def test_every_rule_is_there():
    paths = {module.path for module in modules("services")}
    missing = [
        f"services/{s}/{r}.py"
        for s, rules in RULES.items()
        for r in rules
        if f"services/{s}/{r}.py" not in paths
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/intake/handlers.py", "from services.routing import store"),
        ("services/intake/handlers.py", "import gateway.app"),
        ("services/chassis/outbox.py", "import services.intake.store"),
        ("gateway/app.py", "from services.intake.complaint import KINDS"),
        ("services/routing/handlers.py", "def late():\n    import eventlet"),
        ("services/routing/deadlines/promise.py", "import sqlalchemy"),
        ("services/routing/deadlines/promise.py", "from services.routing.store import rows"),
        ("services/routing/store.py", "from . import handlers"),
        ("services/routing/cases/store.py", "from services.routing.cases import api as case_api"),
        ("services/routing/cases/transitions.py", "from services.routing.cases.store import add"),
        ("services/routing/api.py", "from services.routing import service"),
    ],
)
def test_the_guard_sees_a_forbidden_import(path, text):
    assert len(violations(Module(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "services/intake/handlers.py",
            "from services.chassis import outbox\nfrom services.intake import store",
        ),
        ("services/chassis/relay.py", "import eventlet"),
        ("services/intake/tracking.py", "from stdnum import damm"),
        ("gateway/app.py", "from services.chassis.web import Web"),
    ],
)
def test_the_guard_lets_an_allowed_import_be(path, text):
    assert violations(Module(path, text)) == []
