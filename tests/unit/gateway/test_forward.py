"""What reaches a service, and what comes back: the bytes as they are, and of headers those that are named."""

import pytest

from services.chassis import actor
from services.chassis.clock import now
from tests.unit.gateway.conftest import problem

PATH = "/v1/complaints"


def test_the_body_goes_on_byte_for_byte(recording, service):
    body = ' {"text" : "ماء" ,"a":1, "a":2}\n'.encode()
    recording.post(PATH, data=body, content_type="application/json; charset=utf-8")
    assert (service.asked[0].method, service.asked[0].target, service.asked[0].body) == (
        "POST",
        "/complaints",
        body,
    )


def test_only_named_headers_go_on(recording, service):
    recording.post(
        PATH,
        json={},
        headers={
            "Accept-Language": "en",
            "Idempotency-Key": "mine",
            "X-Correlation-Id": "0192-abcd-efgh",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "Authorization": "Bearer forged",
            "Cookie": "staff=1",
            "X-Actor": "coordinator",
            "X-Forwarded-For": "1.2.3.4",
            "Accept": "text/html",
        },
    )
    headers = service.asked[0].headers
    assert headers["accept-language"] == "en"
    assert headers["idempotency-key"] == "mine"
    assert headers["x-correlation-id"] == "0192-abcd-efgh"
    assert headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    allowed = {
        "host",
        "content-length",
        "content-type",
        "authorization",
        "accept-language",
        "idempotency-key",
        "x-correlation-id",
        "traceparent",
    }
    assert set(headers) <= allowed


def test_the_service_is_told_who_asks_by_the_gateway_alone(recording, service):
    recording.post(PATH, json={}, headers={"Authorization": "Bearer forged"})
    given = service.asked[0].headers["authorization"]
    assert actor.from_header(given, "intake", now()) == actor.Actor("public", frozenset({"public"}))
    with pytest.raises(actor.TokenRefused, match="token_for_another_audience"):
        actor.from_header(given, "routing", now())


def test_a_change_without_a_key_gets_one_and_reading_does_not(recording, service):
    recording.post(PATH, json={})
    recording.post(PATH, json={})
    recording.get("/v1/categories")
    keys = [each.headers.get("idempotency-key") for each in service.asked]
    assert keys[0].startswith("gateway-")
    assert keys[0] != keys[1]
    assert keys[2] is None


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", None, 415, "unsupported_media_type"),
        (b"{}", "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (b"[]", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b'{"a":1', "application/json", 400, "malformed_json"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{" + b" " * 300_000 + b"}", "application/json", 413, "content_too_large"),
    ],
)
def test_what_is_no_json_object_goes_no_further(recording, service, body, content_type, status, code):
    answer = recording.post(PATH, data=body, content_type=content_type)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert service.asked == []


def test_a_compressed_body_is_refused(recording, service):
    answer = recording.post(
        PATH, data=b"{}", content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415
    assert service.asked == []


def test_answers_come_back_with_what_belongs_to_the_client(recording, service):
    service.status, service.body = "201 Created", '{"ق":1}'.encode()
    service.headers = [
        ("Location", "/complaints/BK-1"),
        ("Content-Language", "ar"),
        ("Server", "secret"),
        ("Set-Cookie", "a=1"),
        ("X-Internal", "1"),
    ]
    answer = recording.post(PATH, json={})
    assert (answer.status_code, answer.data) == (201, service.body)
    assert answer.headers["Location"] == "/v1/complaints/BK-1"
    assert answer.headers["Content-Language"] == "ar"
    assert not {"Server", "Set-Cookie", "X-Internal"} & set(answer.headers.keys())


def test_a_public_location_is_left_alone(recording, service):
    service.headers = [("Location", "/v1/complaints/BK-1")]
    assert recording.post(PATH, json={}).headers["Location"] == "/v1/complaints/BK-1"


def test_a_problem_of_the_service_passes_as_it_is(recording, service):
    service.status, service.body = "422 Unprocessable Entity", b'{"code":"validation"}'
    service.headers = [("Content-Type", "application/problem+json")]
    answer = recording.post(PATH, json={})
    assert (answer.status_code, answer.data) == (422, service.body)


def test_a_query_passes_only_where_one_is_read(recording, service):
    answer = recording.get("/v1/categories?x=1")
    assert (answer.status_code, problem(answer)["code"]) == (422, "unknown_parameter")
    assert service.asked == []


@pytest.mark.parametrize("number", ["a%2Fb", "..", "%2e%2e", "a%3Fx=1", "a%0d%0ab", "أ"])
def test_a_parameter_stays_one_part_of_the_path(recording, service, number):
    recording.get(f"{PATH}/{number}")
    for asked in service.asked:
        assert asked.target.startswith("/complaints/")
        assert "?" not in asked.target


def test_a_service_that_is_away_is_503_in_the_language_of_the_request(gateway):
    client = gateway(INTAKE_URL="http://127.0.0.1:1")
    answer = client.post(PATH, json={}, headers={"Accept-Language": "en", "Idempotency-Key": "mine"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Idempotency-Key"] == "mine"
    assert problem(answer)["detail"] == "The service is not available now; try again shortly."
    counted = b'bekhedmetkom_gateway_service_failures_total{outcome="unreachable",target="intake"}'
    assert counted in client.get("/metrics").data


def test_an_unknown_outcome_says_how_to_repeat_it_safely(gateway, serve):
    import eventlet

    listener = eventlet.listen(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.close()

    running = eventlet.spawn(hang_up)
    client = gateway(INTAKE_URL=f"http://127.0.0.1:{listener.getsockname()[1]}")
    answer = client.post(PATH, json={}, headers={"Accept-Language": "en"})
    running.kill()
    listener.close()
    assert answer.status_code == 503
    assert answer.headers["Idempotency-Key"].startswith("gateway-")
    assert "Send it again with the Idempotency-Key" in problem(answer)["detail"]


def test_a_service_that_does_not_answer_in_time_is_504(gateway):
    import eventlet

    listener = eventlet.listen(("127.0.0.1", 0))
    client = gateway(
        INTAKE_URL=f"http://127.0.0.1:{listener.getsockname()[1]}", SERVICE_TIMEOUT_SECONDS="0.1"
    )
    answer = client.get("/v1/categories")
    listener.close()
    assert (answer.status_code, problem(answer)["code"]) == (504, "service_timeout")
    assert answer.headers["Retry-After"] == "5"
