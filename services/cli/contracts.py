"""Contracts: what the services promise each other, written down from their code."""

import sys

import click


@click.group(name="contracts")
def contracts_group() -> None:
    """The contracts between the services, as files under contracts/."""


@contracts_group.command()
def generate() -> None:
    """Write every generated file anew. Refuses a change that a version may not hold."""
    from contracts import files, openapi

    openapi.settle()
    try:
        changed = files.write(files.generated_facts())
    except files.Breaking as broken:
        for change in broken.changes:
            click.echo(change, err=True)
        click.echo(
            "Inside a version only optional fields may be added. Publish the next version beside this one"
            " (CONTRIBUTING.md, how to change a fact).",
            err=True,
        )
        sys.exit(1)
    # One after another: the gateway's document is composed from the files of the services.
    for service in openapi.SERVICES:
        changed += files.write(files.generated_http(service))
    for each in changed:
        click.echo(f"wrote {each}")
    if not changed:
        click.echo("nothing has changed")


@contracts_group.command()
def check() -> None:
    """Say which files differ from the code and which promises are broken; exit code 1 if any."""
    from contracts import facts, files, openapi

    openapi.settle()
    wanted = files.generated_facts()
    for service in openapi.SERVICES:
        wanted |= files.generated_http(service)
    wrong = [
        *files.broken(facts.published()),
        *facts.unanswered(),
        *(f"{each} differs: run `{files.COMMAND}`" for each in files.differing(wanted)),
        *(f"{each} is of a fact that nobody publishes" for each in files.left_over(wanted)),
    ]
    for line in wrong:
        click.echo(line)
    if wrong:
        sys.exit(1)
    click.echo("contracts and code agree")
