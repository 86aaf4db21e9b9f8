"""Whatever is sent, the gateway answers with something that was meant: never a 500, never a trace of what it is made of."""

import urllib.parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import auth
from gateway.web import filing
from services.chassis.clock import now

# 503 is meant: intake has no database here.
MEANT = {200, 201, 303, 400, 401, 403, 404, 405, 413, 415, 422, 503}
WILD = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
BROKEN = st.binary(max_size=60)
RELAXED = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def client(gateway, pages, environment):
    """A client without limits, in front of the same intake."""
    from gateway.settings import Settings
    from services.chassis import settings as chassis_settings

    return gateway(INTAKE_URL=chassis_settings.load(Settings).intake_url[0], LIMITS="off")


def meant(answer) -> None:
    assert answer.status_code in MEANT, (answer.status_code, answer.data[:300])
    assert b"Traceback" not in answer.data


@RELAXED
@given(
    step=st.one_of(st.sampled_from(filing.STEPS), WILD),
    go=st.one_of(
        st.sampled_from(["next", "back", "stay", *(f"change-{step}" for step in filing.STEPS)]), WILD
    ),
    values=st.dictionaries(
        st.sampled_from([name for fields in filing.FIELDS.values() for name in fields]), WILD, max_size=6
    ),
    draft=st.one_of(st.none(), WILD),
)
def test_any_form_of_filing(client, step, go, values, draft):
    found = filing.Draft.new()
    found.values.update(values)
    sealed = found.seal() if draft is None else draft
    meant(client.post("/file", data={"draft": sealed, "step": step, "go": go, **values}))


@RELAXED
@given(
    body=BROKEN,
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    ),
)
def test_any_bytes_as_a_form(client, body, kind):
    for path in ("/file", "/en/track", "/staff/sign-in"):
        meant(client.post(path, data=body, content_type=kind))


@RELAXED
@given(number=WILD)
def test_any_tracking_number(client, number):
    meant(client.post("/track", data={"number": number}))
    meant(client.get("/v1/complaints/" + number.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")))


@RELAXED
@given(
    body=st.one_of(BROKEN, BROKEN.map(lambda inner: b"{" + inner + b"}")),
    key=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
)
def test_any_body_and_key(client, body, key):
    meant(
        client.post(
            "/v1/complaints", data=body, content_type="application/json", headers={"Idempotency-Key": key}
        )
    )


@RELAXED
@given(query=st.dictionaries(WILD, WILD, max_size=4))
def test_any_query(client, query):
    token = auth.issue("c", ["coordinator"], now())
    meant(client.get("/v1/dashboard", query_string=query, headers={"Authorization": f"Bearer {token}"}))
    meant(client.get("/track", query_string=query))
    meant(client.get("/staff/enter", query_string=query))


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "//", "http://a b", "javascript:1"])
@pytest.mark.parametrize("path", ["/staff/sign-in", "/en/file"])
def test_a_form_from_nowhere_is_one_of_another_site(client, origin, path):
    assert client.post(path, data={}, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("wild", ["a%0d%0aX:y", "a%0a", "%ff", "a%26b%23c", "%0b", "a" * 3000])
@pytest.mark.parametrize("language", ["", "/en"])
def test_an_address_is_led_on_from_with_nothing_of_it_in_a_header(client, wild, language):
    for path in ("/staff/sign-in/with/{}/back", "/staff/sign-in/with/{}?language=ar"):
        answer = client.get(language + path.format(wild))
        assert answer.status_code == 303
        assert "X" not in answer.headers
        assert answer.location.startswith(language + "/staff/sign-in")
    answer = client.get(f"{language}/staff/sign-in/with/{wild}/back")
    assert set(urllib.parse.parse_qs(answer.location.partition("?")[2])) == {"from", "fault"}


@RELAXED
@given(
    name=st.sampled_from(
        [
            "Accept-Language",
            "Authorization",
            "Cookie",
            "X-Forwarded-For",
            "Origin",
            "traceparent",
            "X-Correlation-Id",
            "Accept",
            "Content-Type",
        ]
    ),
    value=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
)
def test_any_header(client, name, value):
    for path in ("/v1/categories", "/v1/dashboard", "/file", "/nothing"):
        meant(client.get(path, headers={name: value}))
