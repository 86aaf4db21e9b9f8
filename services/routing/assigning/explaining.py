"""Why this officer, and why not the others: read from what was kept, and decided again from it."""

from typing import Any

from sqlalchemy import Connection, select

from services.routing import store
from services.routing.assigning import decision
from services.routing.assigning import store as store_decisions
from services.routing.assigning.assignment import Rule, choose_rule
from services.routing.directory import store as store_directory
from services.routing.history import store as store_history

_BY_HAND = ("assign", "reassign", "accept_transfer", "decide_transfer", "resolve_dispute")


def explain(connection: Connection, complaint_id: str) -> dict[str, Any] | None:
    """What the newest decision about a case was made from, and whether the same comes of it again; None where none was kept.

    `by_hand` is who gave it to somebody since then, without a choice.
    """
    found = store_decisions.of_case(connection, complaint_id)
    if found is None:
        return None
    identity, row = found
    rules = {each.id: Rule(**each._mapping) for each in connection.execute(select(store.rule))}
    lines, pools, loads = store_decisions.read(connection, row, rules)
    line = next(each for each in lines if each.complaint_id == complaint_id)
    # Decided again in the order of the batch: what those before it left is what it saw.
    before = lines[: lines.index(line) + 1]
    outcome, seen = decision.again(before, complaint_id, pools, loads)
    pool = pools.get(line.body or "")
    candidates = decision.candidates(line, outcome, pool, seen)
    names = store_directory.names_of(connection, [each["officer_id"] for each in candidates])
    return {
        "complaint_id": complaint_id,
        "decision": identity,
        "at": row.at,
        "directory_version": row.directory_version,
        "institution": line.body,
        "rule_id": line.rule.id if line.rule else None,
        "officer_id": line.officer,
        "reason": line.reason,
        "need": {
            "category": line.need.category,
            "governorate": line.need.governorate,
            "language": line.need.language,
            "rights": line.need.rights,
        },
        "candidates": [each | {"name": names.get(each["officer_id"])} for each in candidates],
        "same": decision.is_same(line, outcome),
        "same_rule": line.rule is None or choose_rule(rules.values(), line.need, row.at) == line.rule,
        "by_hand": _given_since(connection, complaint_id, identity),
    }


def _given_since(connection: Connection, complaint_id: str, identity: str) -> str | None:
    by_hand = None
    for event in store_history.history(connection, complaint_id):
        if event.details.get("decision") is not None:
            by_hand = None
        elif event.action in _BY_HAND and event.details.get("officer") is not None:
            by_hand = event.actor
    return by_hand
