"""The histories of cases: whether they are still what was written."""

import sys

import click

from services.chassis import database, settings

_CHUNK = 500


@click.group(name="case")
def case_group() -> None:
    """Cases and their histories."""


@case_group.command()
@click.argument("complaint_id", required=False, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="Every case there is.")
@click.option("--receipt", help="The history_hash that a complainant was shown, in hexadecimal.")
def verify(complaint_id: object, everything: bool, receipt: str | None) -> None:
    """Follow the chain of hashes through the history of a case; exit code 1 if it was altered. Changes nothing."""
    if (complaint_id is None) != everything:
        raise click.UsageError("give a complaint id, or --all")
    if receipt is not None and everything:
        raise click.UsageError("a receipt is of one case: give its complaint id")
    with settings.fail_at_start():
        sys.exit(_verify_all() if everything else _verify_one(str(complaint_id), _shown(receipt)))


@case_group.command()
@click.argument("complaint_id", type=click.UUID)
def explain(complaint_id: object) -> None:
    """Say why an officer was given a case and why others were not, and decide it again; exit code 1 if not the same. Changes nothing."""
    with settings.fail_at_start():
        sys.exit(_explain(str(complaint_id)))


def _explain(complaint_id: str) -> int:
    from services.routing.assigning import explaining

    with database.transaction("routing") as connection:
        found = explaining.explain(connection, complaint_id)
    if found is None:
        raise click.ClickException(f"nothing is kept of how case {complaint_id} was assigned")
    need = found["need"]
    wants = f"{need['category']} in {need['governorate']}, {need['language']}{', rights' if need['rights'] else ''}"
    click.echo(f"{complaint_id}: {wants}")
    by = f"rule {found['rule_id']}" if found["rule_id"] else "decision of a person"
    click.echo(f"{found['at'].isoformat()}  {found['institution'] or '-'} by {by}: {found['reason']}")
    for each in found["candidates"]:
        name = (each["name"] or {}).get("en", "")
        languages = ",".join(each["languages"])
        click.echo(
            f"  {each['officer_id']}  {each['why']:<18} open {each['open']:<4} ever {each['ever']:<5} {languages:<6} {name}"
        )
    if found["by_hand"]:
        click.echo(f"since then given by hand by {found['by_hand']}")
    same = found["same"] and found["same_rule"]
    click.echo("decided again: the same" if same else "decided again: NOT the same")
    return 0 if same else 1


def _verify_one(complaint_id: str, receipt: bytes | None) -> int:
    from services.routing.history import chain as history
    from services.routing.history import store as store_history

    with database.transaction("routing") as connection:
        version, lines = store_history.whole(connection, [complaint_id]).get(complaint_id, (0, []))
    if not version:
        raise click.ClickException(f"there is no case {complaint_id}")
    verdict = history.verify(complaint_id, lines, version, receipt)
    for wrong in verdict.wrong:
        click.echo(f"{complaint_id}: {wrong}")
    if not verdict.wrong:
        receipted = f"; the receipt is of line {verdict.receipt_line}" if verdict.receipt_line else ""
        click.echo(f"{complaint_id}: {version} lines, unaltered{receipted}")
    return 1 if verdict.wrong else 0


def _verify_all() -> int:
    from services.routing.history import chain as history
    from services.routing.history import store as store_history

    after, cases, altered = "00000000-0000-0000-0000-000000000000", 0, 0
    while True:
        with database.transaction("routing") as connection:
            ids = store_history.ids(connection, after, _CHUNK)
            found = store_history.whole(connection, ids)
        for complaint_id, (version, lines) in found.items():
            verdict = history.verify(complaint_id, lines, version)
            altered += bool(verdict.wrong)
            for wrong in verdict.wrong:
                click.echo(f"{complaint_id}: {wrong}")
        cases += len(found)
        if len(ids) < _CHUNK:
            break
        after = ids[-1]
    click.echo(f"{cases} cases, {altered} altered")
    return 1 if altered else 0


def _shown(receipt: str | None) -> bytes | None:
    if receipt is None:
        return None
    try:
        return bytes.fromhex(receipt)
    except ValueError:
        raise click.UsageError("a receipt is 64 hexadecimal digits") from None
