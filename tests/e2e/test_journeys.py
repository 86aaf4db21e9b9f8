"""The way of a complaint through separate processes, RabbitMQ and PostgreSQL, as people see it."""

import re

from tests.support import journey
from tests.support.poll import until


def mails(sinks, to: str | None = None) -> list[dict]:
    return journey.ask(sinks["DEMO_SMTP_SINK_URL"] + (f"?to={to}" if to else "")).body


def texts(sinks, to: str) -> list[dict]:
    return journey.ask(f"{sinks['DEMO_SMPP_SINK_URL']}?to=%2B{to}").body


def received(gateway: str, coordinator: dict[str, str]) -> int:
    answer = journey.ask(f"{gateway}/v1/dashboard", headers=coordinator)
    assert answer.status == 200, answer
    return answer.body["totals"]["received"]["value"]


def test_a_complaint_goes_all_the_way(system, sinks, coordinator):
    before = received(system.gateway, coordinator)
    officers_before = {mail["number"] for mail in mails(sinks)}
    answer = journey.ask(
        f"{system.gateway}/v1/complaints",
        journey.complaint(
            category="health.waiting",
            governorate="JO-IR",
            complainant={"name": "هدى", "phone": "٠٧٩٥٥٥٠١٠١", "email": "huda@example.org"},
        ),
    )
    assert answer.status == 201
    tracking = answer.body["tracking_number"]
    assert answer.headers["location"] == f"/v1/complaints/{tracking}"
    assert re.fullmatch(r"BK(-[0-9A-Z]{5}){3}", tracking)

    seen = journey.wait_until_assigned(system.gateway, tracking)
    assert [step["status"] for step in seen["history"]] == ["received", "assigned"]
    assert seen["institution"] == "MOH"
    assert seen["due_at"] > seen["received_at"]

    # The complainant, by text message and by mail.
    for_her = until(lambda: [text for text in texts(sinks, "962795550101") if tracking in text["text"]], 20)
    assert "بخدمتكم" in for_her[0]["text"]
    assert journey.TEXT not in str(texts(sinks, "962795550101")), "no story in a text message"
    until(lambda: [mail for mail in mails(sinks, "huda@example.org") if tracking in str(mail)])

    # The officer, by mail, with a link to a case that staff can open.
    def mail_to_officer() -> str | None:
        for mail in mails(sinks):
            found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", mail["text"])
            if mail["number"] not in officers_before and mail["to"] != "huda@example.org" and found:
                return found.group()
        return None

    case = until(mail_to_officer, 20)
    shown = journey.ask(f"{system.gateway}/v1/staff/cases/{case}", headers=coordinator)
    assert shown.status == 200
    assert shown.body["institution"] == "MOH"
    notices = journey.ask(f"{system.gateway}/v1/staff/complaints/{case}/notices", headers=coordinator)
    assert notices.status == 200
    assert "huda" not in str(notices.body)

    until(lambda: received(system.gateway, coordinator) == before + 1)


def test_who_is_anonymous_is_told_nothing_and_can_follow_all_the_same(system, sinks):
    tracking = journey.file(system.gateway, category="rights.privacy", complainant=None)
    seen = journey.wait_until_assigned(system.gateway, tracking)
    assert seen["institution"]
    assert not [mail for mail in mails(sinks) if tracking in str(mail)]


def test_the_same_key_gives_the_same_complaint(system):
    body, key = journey.complaint(category="roads.damage"), {"Idempotency-Key": "journey-key-1"}
    first = journey.ask(f"{system.gateway}/v1/complaints", body, key)
    second = journey.ask(f"{system.gateway}/v1/complaints", body, key)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    other = journey.ask(f"{system.gateway}/v1/complaints", {**body, "governorate": "JO-AQ"}, key)
    assert other.status == 422


def test_the_dashboard_is_for_coordinators(system):
    assert journey.ask(f"{system.gateway}/v1/dashboard").status == 401
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJjb29yZGluYXRvciJdfQ."}
    assert journey.ask(f"{system.gateway}/v1/dashboard", headers=forged).status == 401
    officer = system.command("token", "issue", "--role", "officer", "--institution", "MOH").strip()
    headers = {"Authorization": f"Bearer {officer}"}
    assert journey.ask(f"{system.gateway}/v1/dashboard", headers=headers).status == 403


def test_a_wrong_tracking_number_and_one_that_does_not_exist_look_the_same(system):
    answers = [
        journey.ask(f"{system.gateway}/v1/complaints/{number}")
        for number in ("BK-00000-00000-00000", "nonsense", "BK-CP5YX-Q6Q00-22K9H")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({(answer.body["code"], answer.body["detail"]) for answer in answers}) == 1
