"""The directory of bodies and officers from the command line: files in, files out, and rules tried on what has come in."""

import os
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from services.chassis import database, settings
from services.chassis.clock import AMMAN, now
from services.routing.directory.files import cells, sheet
from services.routing.directory.plan import Plan
from services.routing.directory.refusals import Refused

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KIND = click.option("--kind", required=True, type=click.Choice(cells.KINDS))
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(name="directory")
def directory_group() -> None:
    """Bodies, units, officers, leave and certificates."""


@directory_group.command(name="import")
@click.argument("file", type=_FILE)
@_KIND
@click.option("--apply", "carry_out", is_flag=True, help="Change the directory; else the file is only tried.")
def import_file(file: Path, kind: str, carry_out: bool) -> None:
    """Try a CSV or XLSX FILE, or carry it out whole. With an error in it nothing changes, and the exit code is 1."""
    from services.routing.directory.files import handlers as handlers_import

    rows = _read(file)
    with settings.fail_at_start(), database.transaction("routing") as connection:
        if carry_out:
            # Whoever has a shell here is the operator; the history says which account of the machine it was.
            plan = handlers_import.carry_out(
                connection, kind, rows, version=None, actor=f"cli:{os.getuid()}", now=now()
            )
        else:
            plan, _ = handlers_import.try_file(connection, kind, rows, now=now())
    _show(plan)
    if plan.errors:
        click.echo("nothing has changed; mend the lines above", err=True)
        sys.exit(1)
    click.echo("carried out" if carry_out else "a dry run: nothing has changed; --apply carries it out")


@directory_group.command(name="export")
@_KIND
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--institution", help="Code of a body; default all.")
def export_file(file: Path, kind: str, institution: str | None) -> None:
    """Write the entries of the directory to FILE (.csv or .xlsx), with the addresses and numbers of officers."""
    from services.routing.directory.files import exporting

    with settings.fail_at_start(), database.transaction("routing") as connection:
        content = exporting.export(connection, kind, _format(file), institution=institution, contacts=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_bytes(content)
    click.echo(f"wrote {file}")


@click.group(name="rules")
def rules_group() -> None:
    """Rules that say which body answers a category of complaints."""


@rules_group.command(name="dry-run")
@click.argument("file", type=_FILE)
@click.option("--from", "begin", required=True, type=_DAY, help="First day of receipt, in Amman.")
@click.option("--to", "end", required=True, type=_DAY, help="Last day of receipt, in Amman.")
def dry_run(file: Path, begin: datetime, end: datetime) -> None:
    """Say where the complaints of a period would have gone, had the rules of FILE been in force. Changes nothing."""
    first, after = _midnight(begin.date()), _midnight(end.date() + timedelta(days=1))
    if first >= after:
        raise click.UsageError("--to comes before --from")
    from services.routing.directory import handlers_rules
    from services.routing.directory.files import handlers as handlers_import

    rows = _read(file)
    with settings.fail_at_start(), database.transaction("routing") as connection:
        plan, _ = handlers_import.try_file(connection, "rules", rows, now=now())
        if plan.errors:
            _show(plan)
            sys.exit(1)
        added = [each.after for each in plan.changes if each.before is None]
        ended = [each.key for each in plan.changes if each.before and each.after["valid_to"] is not None]
        found = handlers_rules.rehearse(connection, first, after, added, ended)
    for (category, has, would), cases in sorted(found.moves.items(), key=lambda each: -each[1]):
        click.echo(f"{cases:8}  {category}  {has or 'nobody'} → {would or 'nobody'}")
    for rule, hits in zip(added, found.hits.values(), strict=True):
        place = rule["governorate"] or "everywhere"
        click.echo(f"{hits:8}  would go by {rule['category']} ({place}) → {rule['institution']}")
    click.echo(f"{found.same} of {found.cases} complaints would be where they are")


def _read(file: Path) -> Any:
    from services.routing.directory.files import handlers as handlers_import

    try:
        if file.stat().st_size > sheet.MOST_BYTES:
            raise Refused("file_too_large")
        return handlers_import.read(file.read_bytes(), _format(file))
    except Refused as refused:
        column = f" ({refused.field})" if refused.field else ""
        raise click.ClickException(f"{refused.text.en}{column}\n{refused.text.ar}") from None


def _format(file: Path) -> str:
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in sheet.FORMATS:
        raise click.UsageError("the name of the file ends in .csv or .xlsx")
    return suffix


def _show(plan: Plan) -> None:
    for error in plan.errors:
        told = error.as_dict()
        column = f" {error.column}" if error.column else ""
        click.echo(f"row {error.row}{column}: {told['message']['en']} · {told['message']['ar']}")
    click.echo(", ".join(f"{number} {what}" for what, number in plan.counts().items()))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), AMMAN).astimezone(UTC)
