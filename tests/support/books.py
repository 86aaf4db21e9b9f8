"""Whether everything that was said has been published and has had effect with everybody who reads it."""

from services.cli.registry import OWNERS, sources
from tests.support.databases import Databases


def open_items(databases: Databases) -> list[str]:
    """One line for each service that has something on its way; empty when all is settled."""
    said = {}
    found = []
    for service in OWNERS:
        if not _has(databases, service, "outbox"):
            continue
        statement = "SELECT count(*), count(*) FILTER (WHERE published_at IS NULL) FROM outbox"
        said[service], unpublished = databases.rows(service, statement)[0]
        if unpublished:
            found.append(f"{service} has {unpublished} facts to publish")
    for service in OWNERS:
        statement = "SELECT source, count(*) FILTER (WHERE status = 'done') FROM inbox GROUP BY source"
        heard = dict(databases.rows(service, statement)) if sources(service) else {}
        for source in sources(service):
            if heard.get(source, 0) != said.get(source, 0):
                found.append(
                    f"{service} took {heard.get(source, 0)} of {said.get(source, 0)} facts of {source}"
                )
    waiting = (
        "SELECT count(*) FROM message WHERE state IN ('awaiting_recipient', 'pending', 'sending', 'retry')"
    )
    messages = databases.rows("notification", waiting)[0][0]
    if messages:
        found.append(f"{messages} messages are being sent")
    return found


def gaps(databases: Databases) -> list[str]:
    """Complaints of which a service's sequence of facts is not 1, 2, 3 …"""
    statement = """
        SELECT subject::text FROM outbox GROUP BY subject
        HAVING max(sequence) <> count(*) OR min(sequence) <> 1 OR count(DISTINCT sequence) <> count(*)
    """
    return [
        f"{service}: {subject}"
        for service in OWNERS
        if _has(databases, service, "outbox")
        for (subject,) in databases.rows(service, statement)
    ]


def _has(databases: Databases, service: str, table: str) -> bool:
    statement = "SELECT to_regclass(%(name)s) IS NOT NULL"
    return databases.rows(service, statement, {"name": f"{service}.{table}"})[0][0]
