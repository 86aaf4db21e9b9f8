"""`make demo`: sends a handful of complaints to what `make run` runs, and follows each one through all services."""

import os
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click
import requests

from gateway import auth
from services.chassis import clock
from services.cli import embedded, keys

T = TypeVar("T")
SECONDS = 20
#: Nobody that exists. What is written to them ends in the sinks of `make run`, the only ends that demo talks to.
COMPLAINTS: tuple[dict[str, Any], ...] = (
    {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-AM",
        "text": "انقطعت المياه عن حيّنا منذ خمسة أيام، ولم يصل الصهريج رغم تسجيل الطلب مرتين.",
        "complainant": {"name": "سلمى", "phone": "+962790000101", "email": "salma@example.org"},
    },
    {
        "kind": "complaint",
        "category": "health.waiting",
        "governorate": "JO-IR",
        "text": "موعد صورة الرنين لوالدي بعد تسعة أشهر، وحالته لا تحتمل الانتظار.",
        "complainant": {"name": "هيثم", "phone": "+962790000102", "email": "haitham@example.org"},
    },
    {
        "kind": "report",
        "category": "integrity.corruption",
        "governorate": "JO-AZ",
        "text": "طُلب مني مبلغ من المال مقابل تسريع معاملة يجب أن تُنجز دون رسوم.",
    },
    {
        "kind": "question",
        "category": "civil.documents",
        "governorate": "JO-KA",
        "text": "ما الوثائق المطلوبة لإصدار بدل فاقد لدفتر العائلة، وهل يمكن ذلك من أي مكتب؟",
        "complainant": {"name": "دعاء", "email": "duaa@example.org", "contact_preference": "any"},
    },
    {
        "kind": "praise",
        "category": "education.certificate",
        "governorate": "JO-AQ",
        "text": "أنجزت الموظفة معادلة الشهادة خلال ربع ساعة وبلطف كبير. شكرًا لها.",
        "complainant": {"name": "رامي", "phone": "+962790000105"},
    },
    # These two are for the body whose desks `make run` has links to.
    {
        "kind": "complaint",
        "category": "municipal.waste",
        "governorate": "JO-BA",
        "text": "حاوية الحي مكسورة منذ أسبوعين والنفايات في الشارع أمام المدرسة.",
        "complainant": {"name": "عبير", "phone": "+962790000106", "email": "abeer@example.org"},
    },
    {
        "kind": "complaint",
        "category": "municipal.permit",
        "governorate": "JO-BA",
        "text": "رُفض طلبي لرخصة كشك لأنني أستخدم كرسيًّا متحركًا، وقيل لي شفهيًّا إن المهنة لا تناسبني.",
        "rights_codes": ["CP-EQUAL"],
        "groups": ["disabilities"],
        "complainant": {"name": "يوسف", "phone": "+962790000107", "email": "yousef@example.org"},
    },
)


@click.command()
def demo() -> None:
    """Send a handful of complaints to what `make run` runs, and show each one's way."""
    running = embedded.state()
    if running is None:
        raise click.ClickException(
            "nothing runs here yet: `make run` in another terminal, then `make demo` again"
        )
    World(running).show()


class World:
    """What a complainant, the staff and the sinks can see of the running system, over HTTP."""

    def __init__(self, running: dict[str, Any]) -> None:
        self.gateway = f"http://{embedded.HOST}:{running['gateway_port']}"
        self.sinks = running["sinks"]
        self.session = requests.Session()
        self.session.trust_env = False
        place = keys.files(embedded.var() / "keys")["STAFF_TOKEN_KEY"]
        os.environ.setdefault("STAFF_TOKEN_KEY_FILE", str(place))
        token = auth.issue("demo", ["coordinator"], clock.now(), lifetime=timedelta(hours=1))
        self.staff = {"Authorization": f"Bearer {token}"}

    def show(self) -> None:
        """Files all complaints, one after the other, and prints each one's way."""
        before = self._figures()
        messages = self._count()
        for number, complaint in enumerate(COMPLAINTS, 1):
            click.echo(f"\n{number}. {self._title(complaint)}\n   «{complaint['text']}»")
            self._follow(complaint)
        after = _until(lambda: self._grown(before, messages))
        click.echo("\nThe coordinator's dashboard, before and after:")
        for name, label in (
            ("received", "received"),
            ("assigned", "assigned"),
            ("notices_delivered", "notices delivered"),
        ):
            click.echo(f"   {label:<20}{before[name]:>6} → {after[name]}")
        click.echo(
            f"\nSee them: {self.gateway}/track   {self.gateway}/demo/messages   {self.gateway}/staff/dashboard\n"
            "The last two lie on desks of Salt: `make run` shows links to them."
        )

    def _follow(self, complaint: dict[str, Any]) -> None:
        seen_mails = {mail["number"] for mail in self._messages("SMTP")}
        seen_texts = {text["number"] for text in self._messages("SMPP")}
        began = time.monotonic()
        answer = self.session.post(f"{self.gateway}/v1/complaints", json=complaint, timeout=15)
        if answer.status_code != 201:
            raise click.ClickException(f"the gateway answered {answer.status_code}: {answer.text}")
        tracking = answer.json()["tracking_number"]
        _line("accepted", f"{tracking}   after {1000 * (time.monotonic() - began):.0f} ms")

        status = _until(lambda: self._assigned(tracking, complaint["kind"]))
        case = _until(lambda: self._case(seen_mails))
        officer = self._officer(case)
        _line("assigned to", f"{status['institution_name']} ({status['institution']}): {officer}")
        _line("because", f"{case['reason']} (rule {case['rule_id']})")
        due = status["due_at"] and datetime.fromisoformat(status["due_at"]).astimezone(clock.AMMAN)
        _line(
            "promised by",
            f"{due:%A %d %B %Y, %H:%M} in Amman, {case['working_days']} working days"
            if due
            else "nothing: praise needs no reply",
        )
        self._told(complaint.get("complainant"), seen_texts, seen_mails)

    def _told(self, complainant: dict[str, Any] | None, seen_texts: set[int], seen_mails: set[int]) -> None:
        if complainant is None:
            _line("told", "nobody: anonymous; whoever has the number can follow it")
            return
        if phone := complainant.get("phone"):
            texts = _until(lambda: self._new("SMPP", seen_texts, phone))
            for text in texts:
                _line("text message", f"{text['text']}   [{text['parts']} parts]")
        if email := complainant.get("email"):
            mails = _until(lambda: self._new("SMTP", seen_mails, email))
            for mail in mails:
                _line("mail", mail["subject"])

    def _assigned(self, tracking: str, kind: str) -> dict[str, Any] | None:
        found = self._get(f"/v1/complaints/{tracking}")
        ready = found["institution"] and (found["due_at"] or kind == "praise")
        return found if ready else None

    def _case(self, seen: set[int]) -> dict[str, Any] | None:
        """The case, by the number in the mail that its officer got."""
        for mail in self._messages("SMTP"):
            number = re.search(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", mail["text"])
            if mail["number"] not in seen and number:
                return self._get(f"/v1/staff/cases/{number.group()}", self.staff)
        return None

    def _officer(self, case: dict[str, Any]) -> str:
        found = self._get(f"/v1/staff/officers?institution={case['institution']}", self.staff)
        return next(
            (each["name_ar"] for each in _items(found) if each["id"] == case["officer_id"]),
            case["officer_id"],
        )

    def _new(self, kind: str, seen: set[int], to: str) -> list[dict[str, Any]] | None:
        """All that came to one recipient, once three are there (received, assigned, promised) or nothing more comes."""
        found = [each for each in self._messages(kind) if each["number"] not in seen and each["to"] == to]
        return found if len(found) >= 2 else None

    def _figures(self) -> dict[str, int]:
        totals = self._get("/v1/dashboard", self.staff)["totals"]
        return {name: figure["value"] for name, figure in totals.items()}

    def _grown(self, before: dict[str, int], messages: int) -> dict[str, int] | None:
        """The figures, once they show all that was filed and all that the sinks received."""
        now = self._figures()
        grown = all(now[name] >= before[name] + len(COMPLAINTS) for name in ("received", "assigned"))
        told = now["notices_delivered"] - before["notices_delivered"] >= self._count() - messages
        return now if grown and told else None

    def _count(self) -> int:
        places = (self.sinks[f"DEMO_{kind}_SINK_URL"].removesuffix("/messages") for kind in ("SMTP", "SMPP"))
        return sum(self.session.get(f"{place}/summary", timeout=10).json()["count"] for place in places)

    def _title(self, complaint: dict[str, Any]) -> str:
        category = next(each for each in self._categories() if each["code"] == complaint["category"])
        about = "".join(f" · {code}" for code in complaint.get("rights_codes", ()))
        return f"{complaint['kind']} · {category['name']['ar']} · {complaint['governorate']}{about}"

    def _categories(self) -> list[dict[str, Any]]:
        return _items(self._get("/v1/categories"))

    def _messages(self, kind: str) -> list[dict[str, Any]]:
        return self.session.get(self.sinks[f"DEMO_{kind}_SINK_URL"], timeout=10).json()

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        answer = self.session.get(self.gateway + path, headers=headers, timeout=15)
        if answer.status_code != 200:
            raise click.ClickException(f"{path} answered {answer.status_code}: {answer.text}")
        return answer.json()


def _items(found: Any) -> list[dict[str, Any]]:
    return found["items"] if isinstance(found, dict) else found


def _line(label: str, text: str) -> None:
    click.echo(f"   {label:<14}{text}")


def _until(ask: Callable[[], T | None]) -> T:
    """Asks until there is an answer; gives up with a plain sentence."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise click.ClickException(f"it did not get there within {SECONDS} s; see the log that `make run` names")
