"""Rules category → body: entered as new versions, and tried on the complaints of a period before that."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from services.routing.assigning.assignment import Rule
from services.routing.directory import entries, rehearsal, store_changes
from services.routing.directory import store as store_directory
from services.routing.directory.entries import Row
from services.routing.directory.plan import Change
from services.routing.directory.refusals import Refused
from services.routing.directory.rehearsal import Group, Rehearsal


def add_rule(connection: Connection, rule: Row, replaces: str | None, *, actor: str, now: datetime) -> Row:
    """Enters a rule: category, governorate, institution, priority, valid_from, valid_to. Ends the one it replaces, if any. Raises Refused.

    A rule that says the same from the same moment, or from now when it does so already, is there, and is returned.
    """
    store_changes.lock(connection)
    known = store_changes.known(connection)
    valid_from = entries.begins(rule["valid_from"], now)
    there = next((each for each in known.rules.values() if _says(each, rule, valid_from, now)), None)
    if there is not None:
        return there
    replaced = known.rules.get(replaces) if replaces else None
    if replaces and replaced is None:
        raise Refused("unknown_rule", "replaces")
    stem = entries.rule_stem(rule)
    number = entries.highest_numbers(known.rules)[stem] + 1
    made = rule | {"valid_from": valid_from, "id": f"{stem}{number}"}
    entries.check_rule(made, replaced, known.institutions, now)
    changes = [Change("rule", made["id"], None, made)]
    if replaced is not None:
        ended = replaced | {"valid_to": made["valid_from"]}
        changes.insert(0, Change("rule", replaced["id"], replaced, ended))
    store_changes.write(connection, changes, actor=actor, now=now)
    return made


def rehearse(
    connection: Connection, begin: datetime, end: datetime, added: Sequence[Row], ended: Collection[str]
) -> Rehearsal:
    """What the added rules, instead of those with the ids `ended`, would have done with the complaints received in [begin, end).

    Reads only. Raises Refused for a rule or a body that is not there.
    """
    known = store_changes.known(connection)
    rules = [Rule(**row) for row in known.rules.values()]
    for identity in ended:
        if identity not in known.rules:
            raise Refused("unknown_rule", "end")
    new: list[Rule] = []
    for number, row in enumerate(added):
        if row["institution"] not in known.institutions:
            raise Refused("unknown_institution", f"add.{number}.institution")
        entries.check_place(row)
        names = ("category", "governorate", "institution", "priority")
        new.append(Rule(id=f"new#{number + 1:04d}", valid_from=begin, **{name: row[name] for name in names}))
    segments = rehearsal.marks(rules, begin, end)
    groups = [Group(*row) for row in store_directory.case_groups(connection, begin, end, segments)]
    found = rehearsal.rehearse(groups, segments, rules, new, ended)
    # By the place in the request: the rules have no ids yet.
    return replace(found, hits={str(number): found.hits[rule.id] for number, rule in enumerate(new)})


def _says(there: Row, rule: Row, valid_from: datetime, now: datetime) -> bool:
    begins = there["valid_from"] == valid_from or (valid_from == now and there["valid_from"] < now)
    over = there["valid_to"] is not None and there["valid_to"] <= now
    return begins and not over and all(there[name] == rule[name] for name in rule if name != "valid_from")
