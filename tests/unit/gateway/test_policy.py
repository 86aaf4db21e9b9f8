"""The table of who may what against the running app: every endpoint, every role, and every token that is none."""

import re
from datetime import timedelta

import flask
import pytest

from gateway import auth, policy
from services.chassis import actor
from services.chassis.actor import require
from services.chassis.clock import now
from tests.support.apps import app_of
from tests.unit.gateway.conftest import problem

SINKS = ("DEMO_SMTP_SINK_URL", "DEMO_SMPP_SINK_URL")
#: What a path parameter is filled with.
NOBODY = "0191d4c0-0000-7000-8000-000000000000"
#: Answered without a service: there is nothing to be asked there.
FROM_MEMORY = ("/health/live", "/health/ready", "/metrics", "/openapi.json")


@pytest.fixture
def client(gateway, service):
    """A gateway with every page, behind which every service notes what it is asked and says that it is busy."""
    service.status = "503 Service Unavailable"
    urls = {f"{name}_URL": service.url for name in ("INTAKE", "ROUTING", "NOTIFICATION", "REPORTING")}
    return gateway(**urls, **dict.fromkeys(SINKS, service.url + "/messages"), LIMITS="off")


def token(role: str, **changes) -> str:
    institution = "WAJ" if role in policy.INSTITUTIONAL else None
    return auth.issue("somebody", [role], now(), **{"institution": institution, **changes})


@pytest.fixture
def refused_tokens(environment, keys) -> tuple[str, ...]:
    """Tokens of a coordinator that are none: signed by somebody else, out of date, not a token."""
    environment({"STAFF_TOKEN_KEY": "k" * 48})
    forged = token("coordinator")
    environment({"STAFF_TOKEN_KEY": keys["STAFF_TOKEN_KEY"]})
    past = now() - timedelta(hours=2)
    expired = auth.issue("somebody", ["coordinator"], past, lifetime=timedelta(hours=1))
    return forged, expired, "x.y.z"


def ask(client, method: str, path: str, text: str | None, language: str = ""):
    """One request as the bearer of a token: in the header where programs ask, in the cookie of pages."""
    filled = re.sub(r"\{[^}]+\}", NOBODY, path)
    headers = {"Accept": "text/html" if is_page(path) else "*/*"}
    client.delete_cookie(auth.COOKIE)
    if text and is_page(path):
        client.set_cookie(auth.COOKIE, text)
    elif text:
        headers["Authorization"] = f"Bearer {text}"
    body = {"data": {}} if is_page(path) else {"json": {}}
    return client.open(language + filled, method=method, headers=headers, **({} if method == "GET" else body))


def is_page(path: str) -> bool:
    return not path.startswith(("/v1/", *FROM_MEMORY))


def languages(path: str) -> tuple[str, ...]:
    whole = is_page(path) and not path.startswith(("/leave", "/static"))
    return ("", "/en") if whole else ("",)


def to_sign_in(answer) -> bool:
    return answer.status_code == 303 and answer.location.endswith("/staff/sign-in")


ROWS = sorted(policy.POLICY)
EVERY = [pytest.param(*key, id=" ".join(key)) for key in ROWS]
GUARDED = [pytest.param(*key, id=" ".join(key)) for key in ROWS if not policy.POLICY[key].public]


def test_the_table_has_every_route_and_no_other(client):
    assert {(method, path) for method, path, _ in policy.routes(client.application)} == set(ROWS)


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_every_role_may_what_the_table_says(client, service, method, path):
    row = policy.POLICY[method, path]
    for role in policy.STAFF_ROLES:
        for language in languages(path):
            service.asked.clear()
            answer = ask(client, method, path, token(role), language)
            if row.cells[role] == policy.NO:
                assert answer.status_code == 403, role
                assert service.asked == [], role
                continue
            assert answer.status_code not in (401, 403), role
            assert not to_sign_in(answer) or path == "/staff/sign-in", role
            if row.path.startswith("/v1/"):
                vouched(service, row, role)


def vouched(service, row, role: str) -> None:
    """The service was told who asks: the role, and for which institution."""
    (asked,) = service.asked
    claims = asked.headers["authorization"].removeprefix("Bearer ")
    audience = next(
        name for name in ("intake", "routing", "notification", "reporting") if taken(claims, name) is not None
    )
    who = taken(claims, audience)
    if row.public:
        assert who == auth.PUBLIC
    else:
        assert role in who.roles
        assert who.roles == policy.expanded({role})
        assert row.cells[role] != policy.OWN or who.attributes["institution"] == "WAJ"


def taken(claims: str, audience: str):
    try:
        return actor.verify(claims, audience, now())
    except actor.TokenRefused:
        return None


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_without_a_token_one_may_what_everybody_may(client, service, method, path):
    for language in languages(path):
        answer = ask(client, method, path, None, language)
        if policy.POLICY[method, path].public:
            assert answer.status_code not in (401, 403)
        else:
            refused(answer, path, "token_missing")
            assert service.asked == []


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_token_that_is_none_opens_nothing(client, service, refused_tokens, method, path):
    for text in refused_tokens:
        for language in languages(path):
            refused(ask(client, method, path, text, language), path, "token_refused")
    assert service.asked == []


def refused(answer, path: str, code: str) -> None:
    if is_page(path):
        assert to_sign_in(answer)
    else:
        assert (answer.status_code, problem(answer)["code"]) == (401, code)


def test_the_cookie_of_a_page_opens_no_route_of_the_api(client, service):
    client.set_cookie(auth.COOKIE, token("coordinator"))
    for method, path in ROWS:
        if path.startswith("/v1/") and not policy.POLICY[method, path].public:
            answer = client.open(re.sub(r"\{[^}]+\}", NOBODY, path), method=method, json={})
            assert answer.status_code == 401
    assert service.asked == []


def app_with(path: str, *roles: str) -> flask.Flask:
    made = flask.Flask("made", static_folder=None)
    made.add_url_rule(path, view_func=require(*roles)(lambda: ""), methods=["GET"])
    return made


def test_a_route_that_is_not_in_the_table_does_not_start():
    with pytest.raises(policy.NotInPolicy, match="GET /v1/new is not in the table"):
        policy.check(app_with("/v1/new", "officer"))


@pytest.mark.parametrize("roles", [("public",), ("coordinator", "officer"), ("operations",)])
def test_a_route_with_other_roles_than_the_table_does_not_start(roles):
    policy.check(app_with("/v1/staff/unowned", "coordinator"))
    with pytest.raises(policy.NotInPolicy, match="GET /v1/staff/unowned: the table says"):
        policy.check(app_with("/v1/staff/unowned", *roles))


def test_a_page_with_other_roles_in_english_does_not_start():
    app = app_with("/staff/dashboard", "coordinator")
    app.add_url_rule("/en/staff/dashboard", "en", require("public")(lambda: ""), methods=["GET"])
    with pytest.raises(policy.NotInPolicy, match="other roles in English"):
        policy.check(app)


@pytest.mark.parametrize(
    "table",
    [
        "GET /x yes",
        "GET /x yes yes yes yes yes yes maybe",
        "GET /x yes - yes yes yes yes yes",
        "GET /x own yes yes yes yes yes yes",
        "GET /x everybody\nGET /x everybody",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(table):
    with pytest.raises(ValueError, match="GET /x"):
        policy.read(table)


def test_a_main_officer_may_at_least_what_an_officer_may():
    for key, row in policy.POLICY.items():
        for role, implied in policy.IMPLIED.items():
            for less in implied:
                assert row.cells[less] == policy.NO or row.cells[role] != policy.NO, key


def test_pages_ask_the_table_what_they_may_show():
    assert policy.allows("GET", "/staff/dashboard", ["coordinator"])
    assert not policy.allows("GET", "/staff/dashboard", ["officer", "operations"])
    assert policy.allows("GET", "/file", [])


@pytest.fixture
def of_waj(databases, keys, serve, gateway):
    """A gateway before the real services, and what WAJ has: (client, ids by the name of the path's parameter)."""
    from services.chassis import database
    from services.intake.api import create_intake_app
    from services.routing import handlers
    from services.routing.api import create_routing_app
    from tests.unit.routing.conftest import received

    client = gateway(
        INTAKE_URL=serve(app_of(create_intake_app)), ROUTING_URL=serve(app_of(create_routing_app))
    )
    filed = {"category": "water.outage", "governorate": "JO-IR", "text": "المياه مقطوعة عن الحي منذ أسبوع"}
    assert client.post("/v1/complaints", json=filed).status_code == 201
    ((complaint,),) = databases.rows("intake", "SELECT id::text FROM complaint")
    step = "INSERT INTO progress (complaint_id, sequence, at, status, institution) VALUES (%(id)s, 1, now(), 'assigned', 'WAJ')"
    databases.rows("intake", step, {"id": complaint})
    with database.transaction("routing") as connection:
        event = received(complaint, received_at=now())
        handlers.receive(connection, [event], now=now(), seal_key=keys["SEAL_PUBLIC_KEY"])
    officer = "SELECT id::text FROM officer WHERE institution = 'WAJ' AND rank = 'sub' ORDER BY email LIMIT 1"
    ((officer_id,),) = databases.rows("routing", officer)
    leave = client.post(
        f"/v1/staff/directory/officers/{officer_id}/leave",
        json={"first_day": "2098-01-01", "last_day": "2098-01-02"},
        headers={"Authorization": f"Bearer {token('coordinator')}"},
    ).json
    template = client.post(
        "/v1/staff/reply-templates",
        json={"name": "x", "language": "ar", "found": "x"},
        headers={"Authorization": f"Bearer {token('main_officer')}"},
    ).json
    ids = {"complaint_id": complaint, "officer_id": officer_id, "leave_id": leave["id"], "action": "accept"}
    return client, ids | {"template_id": template["id"]}


#: Lists are asked for what WAJ has: whoever names no body gets their own.
QUERIES = {
    "/v1/staff/worklist": "?institution=WAJ",
    "/v1/staff/team": "?institution=WAJ",
    "/v1/staff/directory/units": "?institution=WAJ",
    "/v1/staff/directory/officers": "?institution=WAJ",
    "/v1/staff/directory/on-call": "?institution=WAJ",
    "/v1/staff/directory/export": "?institution=WAJ&kind=officers",
}
#: With these a change is whole, so that it is refused for no other reason than who asks.
BODIES = {
    "/v1/staff/cases/{complaint_id}/actions/{action}": {"version": 2},
    "/v1/staff/reply-templates/{template_id}": {"name": "x", "language": "ar", "found": "y"},
    "/v1/staff/directory/officers/{officer_id}/leave": {"first_day": "2099-01-01", "last_day": "2099-01-02"},
}


def test_what_is_for_one_s_own_institution_is_for_no_other(of_waj):
    client, ids = of_waj
    tried = 0
    # Pages ask the same of the same services, in the name of who is signed in.
    of_the_api = {key: row for key, row in policy.POLICY.items() if key[1].startswith("/v1/")}
    for (method, path), row in of_the_api.items():
        filled = re.sub(r"\{([^}]+)\}", lambda name: ids.get(name[1], NOBODY), path) + QUERIES.get(path, "")
        for role in (role for role in policy.STAFF_ROLES if row.cells[role] == policy.OWN):
            for institution, own in (("WAJ", True), ("MOH", False), (None, False)):
                headers = {"Authorization": f"Bearer {token(role, institution=institution)}"}
                body = {} if method == "GET" else {"json": BODIES.get(path, {})}
                answer = client.open(filled, method=method, headers=headers, **body)
                if own and method == "GET":
                    assert answer.status_code == 200, (path, role)
                elif own:
                    # Of those who may, one is first.
                    assert answer.status_code in (200, 201, 204, 409, 412), (path, role)
                else:
                    assert answer.status_code in (403, 404, 422), (path, role, institution)
                tried += 1
    assert tried > 20


def test_the_head_of_a_body_acts_by_page_on_what_was_raised(of_waj, databases):
    client, ids = of_waj
    raised = "UPDATE cases SET escalated_at = now(), escalation_level = 2 WHERE complaint_id = %(id)s"
    databases.rows("routing", raised, {"id": ids["complaint_id"]})
    client.set_cookie(auth.COOKIE, token("head"))
    case = f"/en/staff/cases/{ids['complaint_id']}"
    page = client.get(case).get_data(as_text=True)
    assert f'href="{case}/send_back"' in page
    form = client.get(f"{case}/send_back").get_data(as_text=True)
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    done = client.post(f"{case}/send_back", data={"version": version, "reason": "Answer it by Sunday."})
    assert (done.status_code, done.location) == (303, f"{case}?done=send_back")
