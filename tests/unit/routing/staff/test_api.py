"""Signing in over HTTP, as the gateway asks for it; and the commands."""

import base64
import statistics
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest
from click.testing import CliRunner

from gateway import auth, policy
from services.chassis.actor import Actor
from services.chassis.clock import now
from services.cli.main import main
from services.routing.service import create_app
from services.routing.staff import accounts, credentials, standing

RANIA = "rania@mwi.gov.jo"
HOME = {"place": "198.51.100.0/24", "agent": "Firefox, Android"}
GATEWAY = Actor("gateway", frozenset({"gateway"}))


def command(*arguments: str):
    return CliRunner().invoke(main, ["account", *arguments])


@pytest.fixture
def ask(call):
    """ask(path, body) → the answer to the gateway; `who`, `method` and `status` differ where given."""

    def send(path, body=None, who=GATEWAY, method="POST", status=200):
        answer = call(who, method, path, body)
        assert answer.status_code == status, answer.text
        return SimpleNamespace(**answer.get_json())

    return send


@pytest.fixture
def rania(ask):
    """Her account, signed in for the first time: `.password`, `.session`, `.account`."""
    made = command("add", "--subject", RANIA, "--role", "main_officer", "--institution", "MWI")
    assert made.exit_code == 0, made.output
    password = made.output.strip()
    half = ask("/accounts/sign-in", {**HOME, "subject": " Rania@MWI.gov.jo", "password": password})
    assert half.outcome == "code"
    secret = base64.b32decode(half.enrolment["secret"])
    code = credentials._totp(secret).generate(int(now().timestamp())).decode()
    entered = ask("/accounts/sign-in/code", {**HOME, "ticket": half.ticket, "code": code})
    assert entered.outcome == "in"
    assert len(entered.recovery_codes) == 10
    return SimpleNamespace(password=password, secret=secret, **vars(entered))


def test_the_whole_way(ask, rania):
    found = ask("/accounts/session", {"session": rania.session})
    assert found.fresh is None
    assert found.account == rania.account
    assert (found.account["roles"], found.account["institution"]) == (["main_officer"], "MWI")
    assert found.account["must_change"] is True
    own = ask("/accounts/sessions", {"session": rania.session})
    assert [each["agent"] for each in own.sessions] == ["Firefox, Android"]
    assert ask("/accounts/sessions/end", {"session": rania.session}).ended == 0
    assert ask("/accounts/session/end", {"session": rania.session}).ended == 1
    assert ask("/accounts/session", {"session": rania.session}).account is None
    assert ask("/accounts/sessions", {"session": rania.session}).account is None


def test_a_password_is_changed(ask, rania):
    wanted = {**HOME, "session": rania.session, "old": rania.password, "new": "a horse that is correct"}
    assert ask("/accounts/password", {**wanted, "old": "another one"}).outcome == "refused"
    assert ask("/accounts/password", {**wanted, "new": "short"}).outcome == "short"
    changed = ask("/accounts/password", wanted)
    assert changed.outcome == "changed"
    assert changed.session != rania.session
    assert ask("/accounts/session", {"session": changed.session}).account["must_change"] is False
    assert ask("/accounts/password", {**wanted, "session": "none"}).outcome == "over"
    body = {**HOME, "subject": RANIA}
    assert ask("/accounts/sign-in", {**body, "password": rania.password}).outcome == "refused"
    half = ask("/accounts/sign-in", {**body, "password": "a horse that is correct"})
    assert (half.outcome, half.enrolment) == ("code", None)


def test_answers_tell_nobody_whether_there_is_an_account(ask, rania):
    def answer(subject):
        return vars(ask("/accounts/sign-in", {**HOME, "subject": subject, "password": "wrong"}))

    known = [answer(RANIA) for _ in range(7)]
    assert known == [answer("nobody@mwi.gov.jo") for _ in range(7)]
    assert known[0] == {"outcome": "refused"}
    assert known[-1]["outcome"] == "wait"


def test_the_time_tells_nobody_either(ask, rania):
    """Without a comparison in vain, the unknown would be answered in a third of the time."""

    def seconds(subject, number):
        body = {"place": f"10.0.{number}.0/24", "agent": "x", "subject": subject, "password": "wrong"}
        started = time.perf_counter()
        assert ask("/accounts/sign-in", body).outcome == "refused"
        return time.perf_counter() - started

    known, unknown = [], []
    for number in range(18):
        known.append(seconds(RANIA, number))
        unknown.append(seconds("nobody@mwi.gov.jo", number))
    assert 0.7 < statistics.median(unknown) / statistics.median(known) < 1.43


PATHS = (
    "/accounts/sign-in",
    "/accounts/sign-in/code",
    "/accounts/session",
    "/accounts/session/end",
    "/accounts/sessions",
    "/accounts/sessions/end",
    "/accounts/password",
    "/accounts/recovery-codes",
    "/accounts/providers",
    "/accounts/providers/one",
    "/accounts/providers/begin",
    "/accounts/providers/back",
    "/accounts/providers/enter",
    "/accounts/providers/log-out",
)


@pytest.mark.parametrize("path", PATHS)
def test_only_the_gateway_in_its_own_name_asks(ask, path):
    ask(path, {}, status=200 if path == "/accounts/providers" else 422)
    for role in policy.ROLES:
        ask(path, {}, who=Actor("x", frozenset({role})), status=403)


def test_the_paths_above_are_all_of_them(environment):
    rules = {rule.rule for rule in create_app().url_map.iter_rules()}
    assert {rule for rule in rules if rule.startswith("/accounts")} == set(PATHS)


def test_nobody_can_be_issued_the_gateway_s_own_role(environment):
    with pytest.raises(ValueError, match="roles must be of"):
        auth.issue("x", ["gateway"], now())


def test_both_sides_know_the_same_roles():
    assert accounts.ROLES == policy.STAFF_ROLES
    assert set(policy.INSTITUTIONAL) == standing.OF_A_BODY


def test_sessions_are_ended_by_those_who_look_after_accounts(ask, rania):
    coordinator = Actor("c", frozenset({"coordinator"}))
    page = ask("/staff/accounts?institution=MWI", who=coordinator, method="GET")
    (row,) = page.items
    assert (row["subject"], row["state"], row["phone_known"], page.next) == (RANIA, "active", True, None)
    assert not {"password_hash", "totp_secret"} & set(row)
    path = f"/staff/accounts/{row['id']}/sessions/end"
    for role in ("officer", "main_officer", "head", "public", "gateway"):
        ask(path, {}, who=Actor("x", frozenset({role})), status=403)
    assert ask(path, {}, who=Actor("x", frozenset({"operations"}))).ended == 1
    assert ask("/accounts/session", {"session": rania.session}).account is None
    assert (
        ask(f"/staff/accounts/{uuid4()}/sessions/end", {}, who=coordinator, status=404).code
        == "account_not_found"
    )


def test_accounts_come_in_pages(ask, routing):
    for number in range(5):
        command("add", "--subject", f"one{number}@moh.gov.jo", "--role", "head", "--institution", "MOH")
    coordinator = Actor("c", frozenset({"coordinator"}))
    seen, path = [], "/staff/accounts?limit=2"
    while path:
        page = ask(path, who=coordinator, method="GET")
        seen += [each["subject"] for each in page.items]
        path = f"/staff/accounts?limit=2&after={page.next}" if page.next else None
    assert seen == [f"one{number}@moh.gov.jo" for number in range(5)]


def test_the_commands(ask, rania):
    again = command("add", "--subject", RANIA.upper(), "--role", "officer", "--institution", "MWI")
    assert (again.exit_code, again.output) == (1, "Error: there is an account of this name\n")
    assert command("add", "--subject", "x@y.z", "--role", "public").exit_code == 2
    assert "need an institution" in command("add", "--subject", "x@y.z", "--role", "officer").output
    assert RANIA in command("list").output
    assert command("change", "--subject", RANIA, "--role", "officer").exit_code == 1
    assert command("sessions", "revoke", "--subject", RANIA).output == "1 sessions ended\n"
    assert ask("/accounts/session", {"session": rania.session}).account is None
    assert command("disable", "--subject", RANIA).output == "disabled\n"
    body = {**HOME, "subject": RANIA, "password": rania.password}
    assert ask("/accounts/sign-in", body).outcome == "refused"
    assert command("enable", "--subject", RANIA).output == "active\n"
    assert ask("/accounts/sign-in", body).outcome == "code"
    password = command("reset", "--subject", RANIA).output.strip()
    assert ask("/accounts/sign-in", body).outcome == "refused"
    assert ask("/accounts/sign-in", {**body, "password": password}).enrolment is not None
    moved = command("change", "--subject", RANIA, "--role", "head", "--institution", "MOH")
    assert (moved.exit_code, moved.output) == (0, "changed\n")
    assert "head\tMOH\tactive" in command("list").output
    for name in ("reset", "disable", "enable"):
        assert command(name, "--subject", "nobody@y.z").exit_code == 1
    assert command("sessions", "revoke", "--subject", "nobody@y.z").exit_code == 1


def test_without_its_key_the_service_does_not_start(routing, environment):
    from services.chassis import settings

    environment({"ACCOUNT_KEY": None})
    with pytest.raises(settings.SettingError, match="ACCOUNT_KEY"):
        create_app()
