"""What must hold after every step, of the cases that it touched; and every week, of all.

Each check reads rows and facts and recounts them in its own way; it returns lines, none if all is well.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.chassis import database
from services.chassis.event import Event
from services.reporting import figures
from services.routing.cases import transitions as t
from services.routing.deadlines import store as store_calendar
from services.routing.history import chain as history
from services.routing.history import store as store_history
from tests.simulation import questions
from tests.simulation.accused import Accusations
from tests.simulation.ledger import Case, Ledger
from tests.simulation.post import Handed
from tests.simulation.slow import Slow

#: Lines of the history that change no state.
_QUIET = frozenset({"promised", "promise_moved"})
_STATE_OF = {"assigned": t.ASSIGNED, "assignment_failed": t.RECEIVED}
_ALLOWED = frozenset((row.source, row.action, row.target) for row in (*t.TABLE, *t.BY_TIME))
_SAMPLE = 4
_SLICES = 8


class Broken(AssertionError):
    """Something that must hold does not; the text has everything to see it again."""


class Checks:
    """The checks with what they remember from step to step."""

    def __init__(self, seed: int, ledger: Ledger):
        self.seed = seed
        self.ledger = ledger
        self.slow = Slow()
        self.accusations = Accusations(seed)
        self.done = self.steps = self.counted = 0
        self.weeks = 0
        self._chance = random.Random(f"{seed}/checks")
        self._held: dict[str, tuple[str | None, str | None]] = {}
        self._levels: dict[str, tuple[datetime | None, int]] = {}
        self._given: list[tuple[str, str, datetime]] = []
        self._seen: dict[str, tuple[int, bytes, str, datetime]] = {}

    def step(
        self, facts: Sequence[Event], circulars: Collection[str], since: datetime, now: datetime
    ) -> None:
        """What the step touched. `circulars` are what was recorded of the calendar in it."""
        ids = sorted({event.subject for event in facts})
        if not ids:
            return
        found: list[str] = []
        with database.transaction("routing") as connection:
            self.slow.look(connection)
            rows = {str(row.complaint_id): row for row in connection.execute(questions.CASES, {"ids": ids})}
            found += self._history(connection, rows)
            for identity in ids:
                row, case = rows.get(identity), self.ledger.cases.get(identity)
                if row is None:
                    found.append(f"{identity} was received and has no case")
                elif case is not None:
                    found += self._case(row, case)
            found += self._there(connection)
            found += self.accusations.check(connection, ids)
            waiting = [row for row in rows.values() if _promised(row)]
            found += self._due(connection, self._chance.sample(waiting, min(_SAMPLE, len(waiting))))
            if circulars:
                # What no fact was told of may be just what should have moved.
                found += self._due(
                    connection, connection.execute(questions.SOME, {"seed": now.isoformat()}).all()
                )
            found += self._moves(connection, ids, circulars, since)
        found += self._elsewhere(rows)
        self._report(found, now)
        self.done += len(ids)
        self.steps += 1

    def handed(self, messages: Sequence[Handed], now: datetime) -> None:
        """What was handed to a provider in the step."""
        with database.transaction("routing") as connection:
            self._report(self.accusations.handed(connection, messages), now)

    def week(self, now: datetime, *, whole: bool = False) -> None:
        """What can only be counted over all."""
        found: list[str] = []
        with database.transaction("routing") as connection:
            for officer, kept, counted in connection.execute(questions.LOADS, {"desk": sorted(t.ON_DESK)}):
                found.append(f"the load of {officer} is {kept}, and a recount says {counted}")
            for identity, version, lines, last in connection.execute(questions.VERSIONS):
                found.append(f"{identity} is at version {version} and has {lines} lines up to {last}")
            if connection.execute(questions.UNOWNED).scalar_one():
                found.append("a case that nobody has is without its clock")
            found += [
                f"the facts about {identity} have a gap" for (identity,) in connection.execute(questions.GAPS)
            ]
            ids = list(connection.execute(questions.OTHERS).scalars())
            slice_ = ids if whole else ids[self.weeks % _SLICES :: _SLICES]
            for begin in range(0, len(slice_), 500):
                for identity, (version, lines) in store_history.whole(
                    connection, slice_[begin : begin + 500]
                ).items():
                    found += [
                        f"{identity}: {wrong}" for wrong in history.verify(identity, lines, version).wrong
                    ]
        with database.transaction("notification") as connection:
            found += [f"told twice: {row}" for row in connection.execute(questions.TWICE)]
        with database.transaction("reporting") as connection:
            found += [f"figures: {each}" for each in figures.recount(connection, limit=3)]
        self.weeks += 1
        self._report(found, now)

    def fail(self, lines: Iterable[str], now: datetime) -> None:
        """What somebody else found."""
        self._report(list(lines), now)

    # --- the checks of a step ----------------------------------------------------------------------

    def _case(self, row: Row[Any], case: Case) -> list[str]:
        """Ownership, promise, and what the facts said."""
        found = []
        status = row.status
        if (status == t.RECEIVED) != (row.unowned_since is not None):
            found.append("is unowned without its clock, or the clock runs though somebody has it")
        if status in t.ON_DESK and (row.officer_id is None or row.institution is None):
            found.append("lies on a desk that is nobody's")
        if status not in t.SETTLED and row.kind != "praise" and row.due_at is None:
            found.append("is open without a promise")
        began, level = self._levels.get(case.id, (None, 0))
        if row.promised_from != began:
            # It is answered anew, and its levels begin anew.
            level = 0
        if row.escalation_level < level:
            found.append(f"was raised to level {level} and is at {row.escalation_level}")
        if row.escalation_level > max(case.escalations, default=0):
            found.append(f"is at level {row.escalation_level}, and nobody was told")
        self._levels[case.id] = row.promised_from, row.escalation_level
        if case.due_at != row.due_at:
            found.append(f"is due at {row.due_at}, and the complainant was told {case.due_at}")
        if case.status != status:
            found.append(f"is {status}, and its facts say {case.status}")
        if status in t.ON_DESK and (case.institution, case.officer) != (row.institution, str(row.officer_id)):
            found.append(
                f"is with {row.officer_id} of {row.institution}, and its facts say {case.officer} of {case.institution}"
            )
        return [f"{row.complaint_id} {each}" for each in found]

    def _history(self, connection: Connection, rows: dict[str, Row[Any]]) -> list[str]:
        """Versions count up by one, each line is bound to the one before, leads on from its state, and is in the table."""
        found = []
        since = {identity: self._seen[identity][0] for identity in rows if identity in self._seen}
        query = text(
            "SELECT e.* FROM case_event e JOIN unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[])) AS s (id, after)"
            " ON e.complaint_id = s.id AND e.number > s.after ORDER BY e.complaint_id, e.number"
        )
        parameters = {"ids": list(rows), "numbers": [since.get(each, 0) for each in rows]}
        lines: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        for line in connection.execute(query, parameters):
            lines[str(line.complaint_id)].append(line)
        for identity, row in rows.items():
            received = (
                self.ledger.cases[identity].received_at if identity in self.ledger.cases else row.received_at
            )
            number, head, state, at = self._seen.get(
                identity, (0, history.beginning(identity), t.RECEIVED, received)
            )
            for line in lines[identity]:
                if line.number != number + 1:
                    found.append(f"{identity}: line {line.number} follows line {number}")
                expected = history.hash_of(head, line.number, line.action, line.actor, line.at, line.details)
                if bytes(line.previous_hash) != head or bytes(line.hash) != expected:
                    found.append(f"{identity}: line {line.number} is not bound to the one before")
                if line.at < at:
                    found.append(f"{identity}: line {line.number} was written before the one before it")
                found += _move(identity, line, state)
                if line.details.get("officer"):
                    self._given.append((identity, line.details["officer"], line.at))
                state = line.details.get("to", _STATE_OF.get(line.action, state))
                number, head, at = line.number, bytes(line.hash), line.at
                self._held[identity] = _holder(self._held.get(identity), line)
            if number != row.version:
                found.append(f"{identity} is at version {row.version}, and its history at {number}")
            # So the time that each holder had it is in the history alone, and adds up to the whole.
            holder = (row.institution, str(row.officer_id))
            if row.status in t.ON_DESK and self._held.get(identity) != holder:
                found.append(f"{identity} is with {holder}, and its history says {self._held.get(identity)}")
            if state != row.status:
                found.append(f"{identity} is {row.status}, and its history says {state}")
            self._seen[identity] = number, head, state, at
        return found

    def _there(self, connection: Connection) -> list[str]:
        """Nothing is given to who is not at work, and nothing about a right to who is not certified for it."""
        given, self._given = self._given, []
        cases, officers, moments = ([each[place] for each in given] for place in range(3))
        parameters = {"cases": cases, "officers": officers, "moments": moments}
        absent = connection.execute(questions.ABSENT, parameters)
        found = [f"{case} was given to {officer} at {at}, who was away" for case, officer, at in absent]
        for case, officer, at in connection.execute(questions.UNCERTIFIED, parameters):
            found.append(f"{case} is about a right and was given to {officer} at {at}, who was not certified")
        return found

    def _due(self, connection: Connection, chosen: Sequence[Row[Any]]) -> list[str]:
        """That the due time is the one that a finger on the calendar finds."""
        if connection.execute(
            text("SELECT count(*) FROM recompute_job WHERE finished_at IS NULL")
        ).scalar_one():
            return ["promises are still to be counted again"]
        pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in chosen])
        self.counted += len(chosen)
        found = []
        for row in chosen:
            expected = self.slow.due(row, pauses.get(str(row.complaint_id), ()))
            if expected != row.due_at:
                found.append(
                    f"{row.complaint_id} is due at {row.due_at}, and counted with a finger at {expected}"
                )
        return found

    def _moves(
        self, connection: Connection, ids: list[str], circulars: Collection[str], since: datetime
    ) -> list[str]:
        """No closure brings a due time nearer."""
        if set(circulars) != {"closed"}:
            return []
        moves = connection.execute(questions.MOVES, {"since": since, "ids": ids})
        return [
            f"{identity} was due at {before}, and a closure moved it to {after}"
            for identity, before, after, cause in moves
            if cause == "calendar" and after < before
        ]

    def _elsewhere(self, rows: dict[str, Row[Any]]) -> list[str]:
        """Reporting counts each in the state that it has."""
        found = []
        with database.transaction("reporting") as connection:
            shown = dict(connection.execute(questions.STATUSES, {"ids": list(rows)}).all())
        for identity, row in rows.items():
            if shown.get(identity) != row.status:
                found.append(f"{identity} is {row.status}, and reporting counts it as {shown.get(identity)}")
        return found

    def _report(self, found: list[str], now: datetime) -> None:
        if not found:
            return
        told = "\n  ".join(found[:10])
        raise Broken(
            f"seed {self.seed}, {now.isoformat()}, {len(found)} found:\n  {told}\n{self._story(found[0])}"
        )

    def _story(self, line: str) -> str:
        """The history of the case that a line begins with."""
        identity = line.split()[0].rstrip(":")
        if identity not in self.ledger.cases:
            return ""
        with database.transaction("routing") as connection:
            rows = store_history.history(connection, identity)
        lines = [
            f"    {row.number:3} {row.at.isoformat()} {row.actor} {row.action} {row.details}" for row in rows
        ]
        return "\n".join(["  its history:", *lines])


def _promised(row: Row[Any]) -> bool:
    return row.due_at is not None and row.status not in t.SETTLED


def _holder(held: tuple[str | None, str | None] | None, line: Row[Any]) -> tuple[str | None, str | None]:
    """Who has the case after a line of its history."""
    body, officer = held or (None, None)
    if line.details.get("officer"):
        return line.details.get("institution", body), line.details["officer"]
    if line.action in ("assignment_failed", "take_away", "succeed"):
        return line.details.get("institution", body), None
    return body, officer


def _move(identity: str, line: Row[Any], state: str) -> list[str]:
    """Whether a line is a row of the table from the state that the case was in."""
    if line.action in _QUIET or line.action in _STATE_OF:
        return []
    source, target = line.details.get("from"), line.details.get("to")
    if source != state:
        return [f"{identity}: line {line.number} starts from {source}, and the case was {state}"]
    if line.action != "said_too_late" and (source, line.action, target) not in _ALLOWED:
        return [f"{identity}: {line.action} from {source} to {target} is not in the table"]
    return []
