"""What every service must have: guarded routes, a handler for all it reads, one place for metrics, tables, settings."""

import ast
import re
from collections.abc import Sequence
from importlib import import_module

import flask
import pytest

from services.chassis import actor
from services.chassis.http import UnguardedRoute
from services.chassis.web import Blueprint, create_app
from services.cli.registry import CLASSES, OWNERS, service_class
from tests.architecture.source import Module, assert_none, modules

#: Answered to anybody, and why.
OPEN = {
    "chassis_live": "the supervisor asks",
    "chassis_ready": "the load balancer asks",
    "chassis_metrics_page": "Prometheus asks, inside",
    "chassis_openapi": "a document",
}
METRICS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}


@pytest.fixture(params=list(CLASSES))
def app(request, environment, rest_of_settings) -> flask.Flask:
    environment(rest_of_settings)
    return service_class(request.param).web.create()


@pytest.fixture
def rest_of_settings() -> dict[str, str]:
    """What apps read beside the keys; nothing is there, and nothing is asked."""
    addresses = {f"DATABASE_URL_{name.upper()}": "postgresql://nobody@127.0.0.1:9/none" for name in OWNERS}
    return {
        **addresses,
        "AMQP_URI": "embedded://",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "SMPP_URL": "smpp://nobody:none@127.0.0.1:9",
        "MAIL_FROM": "no-reply@example.org",
        "SMS_FROM": "Test",
        "COORDINATOR_EMAIL": "coordinator@example.org",
    }


def unguarded(app: flask.Flask) -> list[str]:
    """Routes without roles that are not on the list of the open ones."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        of_class = [getattr(getattr(view, "view_class", None), method.lower(), None) for method in methods]
        marked = actor.required_roles(view) or all(each and actor.required_roles(each) for each in of_class)
        if not marked and rule.endpoint not in OPEN:
            found.append(f"{rule.rule} ({rule.endpoint})")
    return found


def test_every_route_is_guarded(app):
    assert_none(unguarded(app))


def test_a_route_without_roles_is_refused(environment):
    environment({})
    naked = Blueprint("naked", __name__)
    naked.route("/naked")(lambda: "")
    with pytest.raises(UnguardedRoute):
        create_app("intake", naked, title="", description="")
    bare = flask.Flask("bare")
    bare.add_url_rule("/bare", view_func=lambda: "", endpoint="bare")
    assert unguarded(bare) == ["/static/<path:filename> (static)", "/bare (bare)"]


def subscriptions(service: type) -> set[tuple]:
    """The keys of what a service class has handlers for."""
    return {
        reads.key
        for value in vars(service).values()
        for entrypoint in getattr(value, "nameko_entrypoints", ())
        for reads in getattr(entrypoint, "reads", ())
    }


@pytest.mark.parametrize("name", OWNERS)
def test_every_fact_that_a_service_reads_has_a_handler(name):
    reads = {each.key for each in import_module(f"services.{name}.events").READ}
    assert subscriptions(service_class(name)) == reads


def test_a_fact_without_a_handler_is_seen():
    assert subscriptions(type("Deaf", (), {"method": lambda self: None})) == set()


def metrics_elsewhere(module: Module) -> list[str]:
    """Metrics that are declared outside of a metrics.py."""
    if module.stem == "metrics":
        return []
    return [
        f"{module.path}:{call.lineno} declares a metric"
        for name, call in module.calls()
        if name.split(".")[-1] in METRICS
        and call.args
        and isinstance(call.args[0], ast.Constant)
        # Only of prometheus_client: collections has a Counter, too.
        and any(imported.startswith("prometheus_client") for imported, _ in module.imports)
    ]


def environment_elsewhere(module: Module) -> list[str]:
    """Reads of the environment outside of the settings and the command line, which is what starts processes."""
    # Tracing looks for the names that OpenTelemetry has standardised, which are its library's settings and not ours.
    if module.service == "cli" or module.path in (
        "services/chassis/settings.py",
        "services/chassis/tracing.py",
    ):
        return []
    return [
        f"{module.path}:{node.lineno} reads the environment"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and _is_os(node.value)
    ]


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


def tables(module: Module) -> list[tuple[str, str]]:
    """(table, path) of the tables that a module declares."""
    return [
        (call.args[0].value, f"{module.path}:{call.lineno}")
        for name, call in module.calls()
        if name.split(".")[-1] == "Table" and call.args and isinstance(call.args[0], ast.Constant)
    ]


def tables_twice(among: tuple[Module, ...]) -> list[str]:
    """Tables that one service declares twice, or outside of its store."""
    seen: dict[tuple, str] = {}
    wrong = []
    for module in among:
        for table, place in tables(module):
            key = (module.service, table)
            if key in seen:
                wrong.append(f"{place} declares {table}, as {seen[key]} does")
            if not module.stem.startswith("store"):
                wrong.append(f"{place} declares {table} outside of a store")
            seen.setdefault(key, place)
    return wrong


def test_metrics_tables_and_settings_have_one_place():
    ours = modules("services", "gateway")
    assert_none(line for module in ours for line in metrics_elsewhere(module))
    assert_none(line for module in ours for line in environment_elsewhere(module))
    assert_none(tables_twice(ours))


def test_a_setting_means_the_same_to_all_who_read_it():
    from services.cli.settings_page import declared

    differing = {
        name: readers
        for name, readers in declared().items()
        if len({(spec.kind, spec.secret, str(spec.choices)) for _, spec in readers}) > 1
    }
    assert differing == {}


def test_the_page_of_settings_is_true():
    from services.cli.settings_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run `make settings-page`"


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (metrics_elsewhere, "from prometheus_client import Counter\nx = Counter('a', 'b')"),
        (environment_elsewhere, "import os\nx = os.environ['A']"),
        (lambda module: tables_twice((module,)), "x = Table('a', metadata)"),
    ],
)
def test_the_guards_can_fail(guard, text):
    assert len(guard(Module("services/intake/handlers.py", text))) == 1


def test_a_table_that_is_declared_twice_is_seen():
    twice = Module("services/intake/store.py", "x = Table('a', metadata)\ny = Table('a', metadata)")
    assert len(tables_twice((twice,))) == 1


def own_names(module: Module) -> list[str]:
    """Constants in which a module keeps the name of its own service."""
    return [
        f"{module.path}:{node.lineno}"
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and node.value.value == module.service
    ]


def test_a_service_s_name_is_one_constant_by_one_name():
    for name in OWNERS:
        assert name == import_module(f"services.{name}.events").SOURCE
    assert_none(
        line for module in modules("services") if module.stem != "events" for line in own_names(module)
    )
    assert own_names(Module("services/intake/handlers.py", 'SERVICE = "intake"')) == [
        "services/intake/handlers.py:1"
    ]


def out_of_line(migrations: Sequence[Module]) -> list[str]:
    """Migrations of a service with a number or a place in the line that another one has: such a line cannot be run."""
    found, numbers, followed = [], set(), set()
    for module in migrations:
        said = dict(re.findall(r"^(revision|down_revision) = (\S+)$", module.text, re.MULTILINE))
        number, before = said["revision"], said["down_revision"]
        if number != f'"{module.stem[:4]}"' or number in numbers or before in followed:
            found.append(f"{module.path} is {number} and follows {before}")
        numbers.add(number)
        followed.add(before)
    return [
        *found,
        *(f"nothing is {number}, which another follows" for number in followed - numbers - {"None"}),
    ]


@pytest.mark.parametrize("name", OWNERS)
def test_migrations_follow_one_another(name):
    place = f"services/{name}/migrations/versions/"
    assert_none(
        out_of_line([m for m in modules("services") if m.path.startswith(place) and m.stem != "__init__"])
    )


def test_two_migrations_that_follow_the_same_one_are_seen():
    first = Module("a/0001_first.py", 'revision = "0001"\ndown_revision = None')
    second, twin = (Module(f"a/0002_{each}.py", 'revision = "0002"\ndown_revision = "0001"') for each in "ab")
    assert out_of_line([first, second]) == []
    assert out_of_line([first, second, twin]) == ['a/0002_b.py is "0002" and follows "0001"']
    assert out_of_line([second]) == ['nothing is "0001", which another follows']
