"""The dashboard's figures: counted again from the complaints, compared, and mended."""

import sys

import click

from services.chassis import database, settings


@click.group(name="figures")
def figures_group() -> None:
    """The figures that reporting keeps."""


@figures_group.command()
def recount() -> None:
    """Count all complaints again and say where the kept figures differ; exit code 1 if they do. Changes nothing."""
    from services.reporting import figures

    with settings.fail_at_start(), database.transaction("reporting") as connection:
        differences = figures.recount(connection)
    for each in differences:
        wrong = ", ".join(
            f"{name} {each.kept[name]} instead of {each.counted[name]}"
            for name in each.kept
            if each.kept[name] != each.counted[name]
        )
        click.echo(f"{' '.join(str(value) for value in each.cell.values())}: {wrong}")
    if differences:
        click.echo("`figures rebuild` mends them; first find out what wrote past the handlers.")
        sys.exit(1)
    click.echo("the figures are those of a recount")


@figures_group.command()
def rebuild() -> None:
    """Replace the figures by a recount, month by month. Facts wait while theirs is written."""
    from services.reporting import figures

    with settings.fail_at_start():
        with database.transaction("reporting") as connection:
            months = figures.months(connection)
        for month in months:
            with database.transaction("reporting") as connection:
                cells = figures.rebuild(connection, [month])
            click.echo(f"{month:%Y-%m}: {cells} cells")
    click.echo("the figures are written anew")
