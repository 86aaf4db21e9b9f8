"""Who is counted, and when it is enough."""

import ipaddress
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage

from gateway.limits import KINDS, Limits, client_address
from gateway.settings import LimitSettings, networks
from services.chassis import settings
from tests.unit.gateway.conftest import problem

PROXIES = networks("10.0.0.0/8, 192.168.1.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        # Not from a proxy of ours: whatever it claims is its own invention.
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        # What stands before the address that our proxy saw was written by the client.
        ("10.1.2.3", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "198.51.100.1, 192.168.1.1", "198.51.100.1"),
        ("10.1.2.3", "10.9.9.9", "10.9.9.9"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "nonsense", "unknown"),
        ("2001:db8:1:2:aaaa::1", None, "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", None, "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
        ("::ffff:10.1.2.3", "1.2.3.4, 198.51.100.1, ::ffff:10.9.9.9", "198.51.100.1"),
        ("fe80::1%eth0", None, "fe80::"),
        (None, None, "unknown"),
    ],
)
def test_the_nearest_address_that_is_not_ours_is_counted(peer, forwarded, counted):
    assert client_address(peer, forwarded, PROXIES) == counted


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5), st.ip_addresses(v=4))
def test_a_client_cannot_choose_what_it_is_counted_as(invented, seen):
    if any(seen in network for network in PROXIES):
        return
    header = ", ".join([*invented, str(seen)])
    assert client_address("10.0.0.1", header, PROXIES) == str(ipaddress.ip_address(seen))


def build(**environ: str) -> Limits:
    return Limits(settings.load(LimitSettings, environ))


def test_what_is_over_the_rate_waits_and_others_do_not():
    limits = build(LIMIT_COMPLAINTS="3/minute")
    assert [limits.take("complaints", "a") for _ in range(3)] == [0, 0, 0]
    assert 1 <= limits.take("complaints", "a") <= 60
    assert limits.take("complaints", "b") == 0
    assert limits.take("lookups", "a") == 0


def test_every_rate_of_a_kind_counts():
    limits = build(LIMIT_COMPLAINTS="100/minute;2/hour")
    assert [limits.take("complaints", "a") for _ in range(2)] == [0, 0]
    # The wait may be short: the hour ends on the hour.
    assert limits.take("complaints", "a") > 0


def test_asking_whether_it_is_spent_counts_nothing():
    limits = build(LIMIT_MISSES="1/minute")
    assert [limits.spent("misses", "a") for _ in range(5)] == [0] * 5
    limits.take("misses", "a")
    assert limits.spent("misses", "a") > 0


def test_limits_can_be_switched_off():
    limits = build(LIMITS="off", LIMIT_READING="1/minute")
    assert {limits.take(kind, "a") for kind in KINDS for _ in range(9)} == {0}


def test_a_wrong_rate_stops_the_start():
    with pytest.raises(settings.SettingError, match="LIMIT_STAFF must be rates like"):
        build(LIMIT_STAFF="many")


def test_a_spent_limit_is_a_problem_with_the_time_to_wait(gateway, service):
    client = gateway(INTAKE_URL=service.url, LIMIT_COMPLAINTS="2/minute")
    answers = [client.post("/v1/complaints", json={}) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert problem(answers[2])["code"] == "too_many_requests"
    assert len(service.asked) == 2
    assert b'bekhedmetkom_gateway_limited_total{kind="complaints"}' in client.get("/metrics").data


def test_numbers_that_do_not_exist_are_counted_apart(gateway, service):
    client = gateway(INTAKE_URL=service.url, LIMIT_MISSES="2/minute")
    service.status = "404 Not Found"
    assert [client.get("/v1/complaints/X").status_code for _ in range(3)] == [404, 404, 429]
    service.status = "200 OK"
    assert client.get("/v1/complaints/X").status_code == 429
    assert client.get("/v1/categories").status_code == 200


def test_whoever_finds_their_complaint_is_not_taken_for_a_guesser(gateway, service):
    client = gateway(INTAKE_URL=service.url, LIMIT_MISSES="1/minute")
    assert {client.get("/v1/complaints/X").status_code for _ in range(20)} == {200}


def test_a_proxy_of_ours_is_believed_in_requests(gateway, service):
    client = gateway(INTAKE_URL=service.url, LIMIT_COMPLAINTS="1/minute", TRUSTED_PROXIES="127.0.0.1")
    first = {"X-Forwarded-For": "198.51.100.1"}
    assert client.post("/v1/complaints", json={}, headers=first).status_code == 200
    assert client.post("/v1/complaints", json={}, headers=first).status_code == 429
    other = {"X-Forwarded-For": "198.51.100.2"}
    assert client.post("/v1/complaints", json={}, headers=other).status_code == 200


def test_guessing_staff_tokens_is_stopped_and_good_ones_are_counted_by_person(gateway, service):
    client = gateway(REPORTING_URL=service.url, LIMIT_SIGN_IN="2/minute", LIMIT_STAFF="2/minute")
    wrong = {"Authorization": "Bearer wrong"}
    assert [client.get("/v1/dashboard", headers=wrong).status_code for _ in range(3)] == [401, 401, 429]
    client = gateway(REPORTING_URL=service.url, LIMIT_STAFF="2/minute")
    from gateway import auth
    from services.chassis.clock import now

    def headers(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {auth.issue(name, ['coordinator'], now())}"}

    assert [client.get("/v1/dashboard", headers=headers("a")).status_code for _ in range(3)] == [
        200,
        200,
        429,
    ]
    assert client.get("/v1/dashboard", headers=headers("b")).status_code == 200


class Far(MemoryStorage):
    """A store outside of the process, as `limits` takes them by address; while `away` it does not answer."""

    STORAGE_SCHEME: ClassVar = ["far"]
    away = False

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def acquire_sliding_window_entry(self, *given, **named) -> bool:
        self._reach()
        return super().acquire_sliding_window_entry(*given, **named)

    def get_sliding_window(self, *given, **named):
        self._reach()
        return super().get_sliding_window(*given, **named)

    def _reach(self) -> None:
        if Far.away:
            raise ConnectionRefusedError


def test_while_the_shared_store_is_away_each_replica_counts_for_itself(monkeypatch):
    limits = build(LIMIT_MISSES="2/hour", LIMITS_STORAGE="far://x")
    assert [limits.take("misses", "a") for _ in range(2)] == [0, 0]
    assert limits.spent("misses", "a") > 0
    monkeypatch.setattr(Far, "away", True)
    assert limits.spent("misses", "a") == 0
    assert [limits.take("misses", "a") > 0 for _ in range(3)] == [False, False, True]
    monkeypatch.setattr(Far, "away", False)
    assert limits.take("misses", "a") > 0
