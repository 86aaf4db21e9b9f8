"""Choosing officers, under the lock that makes the balance exact, and keeping what each choice was made from."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from services.chassis import database
from services.chassis.clock import new_id
from services.routing import store
from services.routing.assigning import decision
from services.routing.assigning import store as store_decisions
from services.routing.assigning.assignment import (
    NOTHING,
    OPEN_TO_ALL,
    Assigned,
    Bars,
    Need,
    Outcome,
    Rule,
    assign,
)
from services.routing.assigning.decision import Line, Pool
from services.routing.known import Directory


class Deciding:
    """A batch of decisions: each sees the loads that those before it left.

    The loads of the bodies concerned are locked until the commit: so the balance is as exact with three replicas as with one
    (docs/adr/0017). `keep` writes down what was decided from (docs/adr/0024).
    """

    def __init__(
        self, connection: Connection, known: Directory, bodies: Collection[str], now: datetime
    ) -> None:
        self._connection, self._known, self._now = connection, known, now
        self._id: str | None = None
        store.lock_loads(connection, bodies)
        self._before = store.loads(connection, bodies)
        self._loads = dict(self._before)
        self._pools = {code: known.pool(code, now) for code in bodies}
        self._lines: list[Line] = []

    @property
    def id(self) -> str:
        """What the history of a case calls these decisions by."""
        if self._id is None:
            self._id = new_id()
        return self._id

    def choose(
        self,
        complaint_id: str,
        kind: str,
        need: Need,
        *,
        rule: Rule | None = None,
        institution: str | None = None,
        bars: Bars = OPEN_TO_ALL,
        given: Outcome | None = None,
    ) -> Outcome:
        """The outcome for a complaint: by its rule, or in a body that somebody decided on; or `given`, by the rota."""
        body = rule.institution if rule else institution
        among: Pool | None = self._pools.get(body or "")
        officers = among.officers if among else ()
        outcome = given or assign(need, rule, officers, self._loads, bars=bars, institution=institution)
        weight = self._known.load_of(kind)
        self._lines.append(decision.line_of(complaint_id, weight, need, bars, outcome, among))
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            self._loads[chosen] = self._loads.get(chosen, NOTHING).plus(weight)
        return outcome

    def keep(self, complaint_ids: Collection[str]) -> None:
        """Writes down what was decided from, if any of these cases was decided here."""
        if self._lines and complaint_ids:
            kept = {each.key for each in self._pools.values()} - self._known.kept_pools
            if kept:
                store_decisions.add_pools(
                    self._connection, [each for each in self._pools.values() if each.key in kept]
                )
                database.after_commit(self._connection, partial(self._known.kept_pools.update, kept))
            store_decisions.add(
                self._connection,
                self.id,
                version=self._known.version,
                pools=self._pools,
                loads=self._before,
                lines=self._lines,
                at=self._now,
            )
