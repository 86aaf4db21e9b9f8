"""HTTP resources of the rules category → body: schema in, one handler, schema out."""

from typing import Any

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, current_actor, require
from services.routing.directory import handlers_rules, schemas_changes
from services.routing.directory import store as store_directory
from services.routing.directory.api import refusing
from services.routing.events import SOURCE

blueprint = Blueprint("rules", "rules", description="Which body answers for which category, where and when.")


@blueprint.get("/staff/directory/rules")
@require("coordinator")
@blueprint.arguments(schemas_changes.RulesQuerySchema, location="query")
@blueprint.response(200, schemas_changes.RuleSchema(many=True))
def rules(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules category → body, all versions or those in force at a moment."""
    wanted = {name: query[name] for name in ("category", "institution") if query[name]}
    with database.transaction(SOURCE) as connection:
        return [dict(row._mapping) for row in store_directory.rules(connection, wanted, query["at"])]


@blueprint.post("/staff/directory/rules")
@require("coordinator")
@blueprint.arguments(schemas_changes.NewRuleSchema)
@blueprint.response(201, schemas_changes.RuleSchema)
def add_rule(body: dict[str, Any]) -> dict[str, Any]:
    """Enters a rule, which ends the one that it replaces."""
    replaces = body.pop("replaces")
    with refusing(), database.transaction(SOURCE) as connection:
        return handlers_rules.add_rule(connection, body, replaces, actor=current_actor().id, now=now())


@blueprint.post("/staff/directory/rules/dry-run")
@require("coordinator")
@blueprint.arguments(schemas_changes.DryRunSchema)
@blueprint.response(200, schemas_changes.RehearsalSchema)
def try_rules(body: dict[str, Any]) -> dict[str, Any]:
    """What would have happened to the complaints of a period, had these rules been in force."""
    with refusing(), database.transaction(SOURCE) as connection:
        found = handlers_rules.rehearse(connection, body["begin"], body["end"], body["added"], body["ended"])
    moves = sorted(found.moves.items(), key=lambda each: (-each[1], each[0][0]))
    return {
        "cases": found.cases,
        "same": found.same,
        "moves": [
            {"category": category, "has": has, "would": would, "cases": cases}
            for (category, has, would), cases in moves
        ],
        "hits": [{"add": number, "cases": cases} for number, cases in enumerate(found.hits.values())],
    }
