"""Links that sign the staff of one body in, so that its desks can be seen: the municipality of Salt, which has one officer of each kind."""

from sqlalchemy import select

from gateway import auth
from services.chassis import database
from services.routing import store

BODY = "SALT"
#: rank in the directory → (role, what the link is called)
_RANKS = {
    "sub": ("officer", "officer's desk"),
    "main": ("main_officer", "main officer's desk"),
    "approver": ("approver", "approver's desk"),
}


def links(base: str) -> list[tuple[str, str]]:
    """(label, address) of a link for each rank that the body has; each signs in once."""
    with database.transaction("routing") as connection:
        query = select(store.officer.c.id, store.officer.c.rank).where(store.officer.c.institution == BODY)
        found = {row.rank: str(row.id) for row in connection.execute(query.order_by(store.officer.c.email))}
    return [
        (label, f"{base}/staff/enter?code={auth.entry_codes.new(found[rank], [role], BODY)}")
        for rank, (role, label) in _RANKS.items()
        if rank in found
    ]
