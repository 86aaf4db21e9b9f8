"""Who must not see a complaint: looked up by name, told to intake and notification, and looked at again when the directory changes."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection

from services.chassis.contract import Fact
from services.chassis.seal import SealError, seal, unseal
from services.chassis.subscriber import Permanent
from services.routing.cases import events as case_facts
from services.routing.exclusions import exclusion, persons
from services.routing.exclusions import store as store_exclusions
from services.routing.exclusions.store import Told
from services.routing.known import Directory


def look_up(known: Directory, sealed: str, key: str) -> frozenset[str]:
    """The subjects that are the persons named in words, of those whom the directory knows. The names leave this function in no form."""
    try:
        named = unseal(key, sealed)["persons"]
    except SealError:
        # Sealed with another key: no retry will open it, and without the names the accused might get it.
        raise Permanent("names_unreadable") from None
    units = known.units
    return frozenset(
        exclusion.person(identity)
        for each in named
        for identity in persons.find(
            # A body that the directory does not have hides nobody: then all are looked through.
            each["name"],
            known.named,
            each["institution"] if each["institution"] in known.names else units.get(each["unit"]),
        )
    )


def told(known: Directory, implicated: Collection[str]) -> Told:
    """What others must know of a case that is directed against these subjects."""
    accused = sorted(exclusion.named(implicated, exclusion.PERSON))
    bodies = sorted(exclusion.named(implicated, exclusion.BODY))
    kept = exclusion.named(implicated, exclusion.KEPT)
    excluded = {*exclusion.excluded(implicated, known.tied), *accused, *kept}
    offices = {code for code, subjects in known.of_bodies.items() if not subjects.isdisjoint(implicated)}
    colleagues = {who for who, code in known.posts.items() if code in offices and who not in excluded}
    return Told(*(tuple(sorted(each)) for each in (excluded, bodies, accused, offices, colleagues)))


def restrict(
    connection: Connection,
    known: Directory,
    complaint_id: str,
    implicated: Collection[str],
    *,
    names: str | None = None,
    intake_key: str,
    notification_key: str,
    now: datetime,
) -> list[Fact]:
    """Notes who must not see a complaint, and the fact that says so: none where others have been told the same."""
    wanted = told(known, implicated)
    if not store_exclusions.tell(connection, complaint_id, wanted, names):
        return []
    # Notification writes to officers alone, and those of a whole body are among them.
    for_notification = {"officers": list(wanted.officers), "persons": list(wanted.persons)}
    for_intake = {name: list(each) for name, each in asdict(wanted).items()}
    data = {
        "complaint_id": complaint_id,
        "at": now,
        "sealed": seal(intake_key, for_intake),
        "officers_sealed": seal(notification_key, for_notification),
    }
    return [case_facts.COMPLAINT_RESTRICTED.new(complaint_id, data)]
