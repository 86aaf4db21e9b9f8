"""What somebody reads and finds of a complaint that is directed against them: nothing."""

import dataclasses

from services.chassis import actor, database, seal
from services.chassis.clock import now
from services.intake import following, service
from tests.unit.intake.conftest import NOON
from tests.unit.intake.test_api import BODY, post
from tests.unit.intake.test_progress import assigned, deliver


def restricted(complaint_id, sequence, keys, **content):
    nobody: dict[str, list[str]] = {
        name: [] for name in ("officers", "bodies", "persons", "offices", "colleagues")
    }
    said = nobody | content
    sealed = seal.seal(keys["INTAKE_SEAL_PUBLIC_KEY"], said)
    event = assigned(complaint_id, sequence)
    return dataclasses.replace(event, type="ComplaintRestricted", data={"at": NOON, "sealed": sealed})


def test_whom_it_is_directed_against_reads_and_finds_nothing(client, databases, keys):
    post(client, BODY | {"title": "انقطاع"})
    [(complaint_id,)] = databases.rows("intake", "SELECT id::text FROM complaint")
    deliver([assigned(complaint_id, 3)])

    def seen(account: str, officer: str | None, *roles: str) -> tuple[int, int]:
        attributes = {"institution": "WAJ"} | ({"officer_id": officer} if officer else {})
        who = actor.Actor(account, frozenset(roles or ("officer",)), attributes)
        asking = {"Authorization": f"Bearer {actor.sign(who, 'intake', now())}", "Accept-Language": "en"}
        found = client.get("/staff/complaints?q=انقطاع", headers=asking).json["items"]
        named = client.get(f"/staff/complaints?q={complaint_id}", headers=asking).json["items"]
        assert len(found) == len(named)
        return client.get(f"/staff/complaints/{complaint_id}", headers=asking).status_code, len(found)

    with database.transaction("intake") as connection:
        said = restricted(complaint_id, 4, keys, officers=["one", "two"], persons=["one"])
        following.restricted(connection, [said], unseal=service._unseal)
        # Heard late, and out of date.
        following.restricted(connection, [restricted(complaint_id, 1, keys)], unseal=service._unseal)
    assert seen("an-account", "one") == (404, 0)
    assert seen("two", None, "approver") == (404, 0)
    assert seen("an-account", "three") == (200, 1)
    assert seen("an-account", "two", "coordinator") == (200, 1)
    assert seen("an-account", "one", "coordinator") == (404, 0)
    # Where the accused are of the body, whoever is not known to be none of them may be.
    with database.transaction("intake") as connection:
        said = restricted(complaint_id, 5, keys, officers=["two"], offices=["WAJ"], colleagues=["three"])
        following.restricted(connection, [said], unseal=service._unseal)
    assert seen("an-account", "three") == (200, 1)
    assert seen("an-account", "two") == (404, 0)
    assert seen("an-account", "three", "head") == (404, 0)
    assert seen("an-account", None, "officer") == (404, 0)
    assert seen("an-account", None, "coordinator") == (200, 1)
    with database.transaction("intake") as connection:
        said = restricted(complaint_id, 6, keys, bodies=["WAJ"])
        following.restricted(connection, [said], unseal=service._unseal)
    assert seen("an-account", "three") == (404, 0)
    assert seen("an-account", "three", "head") == (404, 0)
    assert seen("an-account", None, "coordinator") == (200, 1)
