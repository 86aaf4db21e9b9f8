"""What an account is worth now: it may be disabled; it is worth nothing on a day when its officer does not serve, or its body is over."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.routing.directory.presence import Presence, day_of, serves

ACTIVE, DISABLED, LEFT = "active", "disabled", "left"
#: Roles that act for a body, so that their account must name one.
OF_A_BODY = frozenset({"officer", "main_officer", "approver", "head"})


def standing(row: Row[Any], now: datetime) -> str:
    """ACTIVE, DISABLED, or LEFT: the officer whose account it is does not serve today, or the body that it acts for is over.

    What the body had is its successor's (cases/succeeding.py), and who goes on there is given that post.
    """
    if row.state != ACTIVE:
        return row.state
    if row.body_to is not None and row.body_to <= day_of(now) and not OF_A_BODY.isdisjoint(row.roles):
        return LEFT
    if row.officer_id is None:
        return ACTIVE
    return ACTIVE if serves(Presence(True, row.serves_from, row.serves_to), day_of(now)) else LEFT


#: Of ranks whose account must have one of these roles; of the others any will do.
_ROLES = {"approver": {"approver"}, "main": {"main_officer", "officer"}}


def powerless(
    ranks: Mapping[str, Mapping[str, Iterable[str]]], accounts: Iterable[Row[Any]]
) -> dict[str, frozenset[str]]:
    """body → its officers who can do nothing with their account, or have none, by body → rank → officers and the accounts of officers.

    A body of which no officer was given an account yet is not in use by accounts (a demonstration has tokens): there everybody counts.
    """
    roles: defaultdict[str, dict[str, set[str]]] = defaultdict(dict)
    for row in accounts:
        held = roles[row.institution].setdefault(str(row.officer_id), set())
        held |= set(row.roles) if row.state == ACTIVE else set()
    return {
        code: frozenset(
            each
            for rank, officers in ranks.get(code, {}).items()
            for each in officers
            if not (held.get(each, set()) & _ROLES.get(rank, held.get(each, set())))
        )
        for code, held in roles.items()
    }
