import json

import flask
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.chassis import problems
from services.chassis.actor import Actor
from services.chassis.http import UnguardedRoute
from services.chassis.web import Blueprint, create_app, require

GOOD = {"kind": "x", "text": "some text"}
TEXT_OF_EVERY_PROBLEM = {"type", "title", "status", "code", "detail", "correlation_id"}


def problem(response, status: int, code: str) -> dict:
    """The body of a refusal, after checking what all of them have."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    found = json.loads(response.data)
    assert set(found) - {"errors"} == TEXT_OF_EVERY_PROBLEM
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"] == "/problems/" + code.replace("_", "-")
    assert found["correlation_id"] == response.headers["X-Correlation-Id"]
    return found


def errors(response) -> set[tuple[str, str]]:
    return {(each["field"], each["code"]) for each in problem(response, 422, "validation")["errors"]}


def test_a_good_request_is_answered(client, bearer):
    response = client.post("/things", json=GOOD, headers=bearer())
    assert (response.status_code, response.json) == (201, {**GOOD, "who": "somebody"})
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_view_without_a_guard_is_refused_at_start(environment):
    blueprint = Blueprint("open", __name__)
    blueprint.route("/open")(lambda: "open")
    with pytest.raises(UnguardedRoute, match="/open"):
        create_app("things", blueprint, title="T", description="D")


def test_a_method_of_a_class_without_a_guard_is_refused_at_start(environment):
    blueprint = Blueprint("open", __name__)

    @blueprint.route("/half")
    class Half(flask.views.MethodView):
        @require("public")
        def get(self):
            return "guarded"

        def post(self):
            return "open"

    with pytest.raises(UnguardedRoute, match="POST /half"):
        create_app("things", blueprint, title="T", description="D")


def test_a_plain_blueprint_must_be_guarded_too(environment):
    blueprint = flask.Blueprint("pages", __name__, static_folder=".", static_url_path="/static")
    with pytest.raises(UnguardedRoute, match="/static"):
        create_app("things", blueprint, title="T", description="D")
    create_app("things", blueprint, title="T", description="D", open_endpoints=["pages.static"])


def test_a_blueprint_that_reads_loosely_is_refused_at_start(environment):
    import flask_smorest

    with pytest.raises(TypeError, match="loose"):
        create_app("things", flask_smorest.Blueprint("loose", __name__), title="T", description="D")


def test_the_guard_comes_before_the_body(client, bearer):
    junk = {"data": b"{", "content_type": "application/json"}
    response = client.post("/things", **junk)
    problem(response, 401, "token_missing")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    problem(client.post("/things", **junk, headers=bearer("other")), 403, "role_missing")
    problem(client.post("/things", **junk, headers=bearer()), 400, "malformed_json")
    problem(client.get("/secrets", headers=bearer()), 403, "role_missing")
    assert client.head("/secrets").status_code == 401
    assert client.get("/secrets", headers=bearer("keeper")).json == {"secret": True}


def test_a_gateway_brings_its_own_way_to_know_people(things, environment):
    app = create_app(
        "things",
        things,
        title="T",
        description="D",
        database=False,
        authenticate=lambda request: Actor(request.headers["Who"], frozenset({"public"})),
    )
    response = app.test_client().post("/things", json=GOOD, headers={"Who": "visitor"})
    assert response.json["who"] == "visitor"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "x", "text": 5}, {("text", "not_text")}),
        ({"kind": "x", "text": ["a"]}, {("text", "not_text")}),
        ({"kind": "x", "text": True}, {("text", "not_text")}),
        ({"kind": "x", "count": "3"}, {("count", "not_integer")}),
        ({"kind": "x", "count": 3.5}, {("count", "not_integer")}),
        ({"kind": "x", "count": 9}, {("count", "out_of_range")}),
        ({"kind": "x", "text": "ab"}, {("text", "wrong_length")}),
        ({"kind": "z"}, {("kind", "unknown_value")}),
        ({"kind": None}, {("kind", "null")}),
        ({"kind": "x", "more": 1, "and": 2}, {("more", "unknown_field"), ("and", "unknown_field")}),
        ({}, {("kind", "required")}),
        ([], {("body", "not_object")}),
        ("x", {("body", "not_object")}),
        (5, {("body", "not_object")}),
        (None, {("body", "not_object")}),
    ],
)
def test_a_wrong_field_is_named(client, bearer, given, expected):
    content = json.dumps(given)
    response = client.post("/things", data=content, content_type="application/json", headers=bearer())
    assert errors(response) == expected


def test_no_body_at_all_is_missing_fields(client, bearer):
    assert errors(client.post("/things", headers=bearer())) == {("kind", "required")}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json;charset=utf-16",
    ],
)
def test_another_content_type_is_refused(client, bearer, content_type):
    response = client.post("/things", data=b'{"kind": "x"}', content_type=content_type, headers=bearer())
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "application/vnd.x+json"])
def test_json_by_another_name_is_read(client, bearer, content_type):
    response = client.post("/things", data=b'{"kind": "x"}', content_type=content_type, headers=bearer())
    assert response.status_code == 201


def test_a_body_above_the_limit_is_refused(client, bearer):
    response = client.post("/things", json={"kind": "x", "text": "x" * 300_000}, headers=bearer())
    problem(response, 413, "content_too_large")


def test_queries_are_checked_too(client, bearer):
    assert errors(client.get("/things?page=x", headers=bearer())) == {("page", "not_integer")}
    assert errors(client.get("/things?pgae=1", headers=bearer())) == {("pgae", "unknown_field")}
    assert errors(client.get("/things?word=%00", headers=bearer())) == {("word", "forbidden_character")}
    assert client.get("/things?word=%D9%85%D8%A7%D8%A1", headers=bearer()).json[0]["text"] == "ماء"
    assert client.get("/things?word=%FF", headers=bearer()).status_code in (200, 422)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ar"),
        ("en", "en"),
        ("ar", "ar"),
        ("en-GB,en;q=0.9", "en"),
        ("ar-JO, en;q=0.5", "ar"),
        ("fr", "ar"),
        ("en;q=0, ar;q=0.1", "ar"),
        ("EN-us", "en"),
        ("fr, en;q=0.1", "en"),
        ("*", "ar"),
        (";;;,q=", "ar"),
        ("x" * 5000, "ar"),
    ],
)
def test_speaks_the_language_that_is_asked_for(client, header, language):
    response = client.get("/nowhere", headers={} if header is None else {"Accept-Language": header})
    found = problem(response, 404, "not_found")
    assert found["detail"] == problems.DETAILS["not_found"][language]
    assert found["title"] == problems.TITLES[404][language]
    assert response.headers["Content-Language"] == language
    assert response.headers["Vary"] == "Accept-Language"


def test_an_unknown_method_is_refused_with_those_allowed(client):
    response = client.delete("/things")
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    problem(client.open("/things", method="BREW"), 405, "method_not_allowed")
    problem(client.options("/things"), 405, "method_not_allowed")


def test_a_refusal_of_a_handler_is_passed_on(client, bearer):
    response = client.get("/refused", headers={**bearer(), "Accept-Language": "en"})
    assert problem(response, 409, "taken")["detail"] == "Taken."
    assert response.headers["X-Extra"] == "1"


def test_the_unknown_is_a_500_that_says_nothing(client, bearer):
    response = client.get("/broken", headers=bearer())
    problem(response, 500, "internal")
    assert b"0791234567" not in response.data
    assert b"ValueError" not in response.data


def test_a_database_that_is_away_is_a_503(client, bearer):
    response = client.get("/away", headers=bearer())
    problem(response, 503, "database_unavailable")
    assert int(response.headers["Retry-After"]) > 0


def test_an_id_from_outside_is_taken_over_if_it_is_harmless(client):
    assert (
        client.get("/nowhere", headers={"X-Correlation-Id": "abc-12345"}).json["correlation_id"]
        == "abc-12345"
    )
    for bad in ("short", "x" * 100, "has spaces in it", "<script>"):
        found = client.get("/nowhere", headers={"X-Correlation-Id": bad}).json["correlation_id"]
        assert found != bad
        assert len(found) == 36


@pytest.mark.parametrize("path", ["/%00", "/things/%00", "//things", "/things/../secrets", "/%ff", "/\u0661"])
def test_odd_paths_are_not_found(client, bearer, path):
    assert client.get(path, headers=bearer()).status_code in (400, 404)


def test_health_needs_nobody(client):
    assert client.get("/health/live").json == {"status": "live", "service": "things"}
    assert client.get("/health/ready").json == {"status": "ready", "service": "things"}


def test_not_ready_while_the_database_is_away(things, environment):
    environment({"DATABASE_URL_THINGS": "postgresql://nobody@127.0.0.1:1/nothing"})
    client = create_app("things", things, title="T", description="D").test_client()
    problem(client.get("/health/ready"), 503, "database_unavailable")
    assert client.get("/health/live").status_code == 200


def test_metrics_count_by_route_and_not_by_path(client, bearer):
    for number in range(3):
        client.get(f"/nowhere/{number}")
    client.post("/things", json=GOOD, headers=bearer())
    page = client.get("/metrics").text
    assert (
        'bekhedmetkom_http_requests_total{method="GET",route="unmatched",service="things",status="404"}'
        in page
    )
    assert 'method="POST",route="/things",service="things",status="201"' in page
    assert "/nowhere" not in page


def test_describes_itself(client):
    document = client.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {"/things", "/secrets", "/refused", "/broken", "/away", "/slow"}
    refusal = document["components"]["responses"]["UNPROCESSABLE_ENTITY"]["content"]
    assert list(refusal) == ["application/problem+json"]
    assert "://" not in client.get("/openapi.json").text.replace("http://127", "")
    assert client.get("/swagger-ui").status_code == 404


def test_every_problem_speaks_both_languages():
    for code, sentences in problems.DETAILS.items():
        assert set(sentences) == {"ar", "en"}, code
        assert any("\u0600" <= letter <= "\u06ff" for letter in sentences["ar"]), code
    assert set(problems._HTTP_CODES) <= set(problems.TITLES)
    assert set(problems._HTTP_CODES.values()) <= set(problems.DETAILS)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    content=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "text", "count", "parts"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_input_is_a_500(client, bearer, content):
    response = client.post("/things", data=content, content_type="application/json", headers=bearer())
    assert response.status_code in (201, 400, 422), response.text
