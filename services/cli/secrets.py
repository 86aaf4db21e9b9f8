"""The secret files of docker-compose.yml."""

import secrets as chance
from pathlib import Path

import click

from services.cli import database, keys


@click.command(name="secrets")
@click.option(
    "--directory", type=click.Path(path_type=Path), default=Path("deploy/secrets"), show_default=True
)
def secrets_command(directory: Path) -> None:
    """Write the secret files that are missing; those that are there stay as they are."""
    click.echo(f"{directory}: {len(write(directory))} files")


def write(directory: Path) -> list[str]:
    """As the command; the names of all files."""
    # The directory keeps others of this machine out. The files themselves can be read by all, since a container sees
    # them with the owner that they have here, and reads them as a user of its own.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    keys.files(directory)
    postgres = _keep(directory / "postgres_password", chance.token_urlsafe(32))
    _keep(directory / "database_admin_url", f"postgresql+psycopg2://postgres:{postgres}@postgres/postgres")
    for name in database.SERVICES:
        url = f"postgresql+psycopg2://{name}:{chance.token_urlsafe(32)}@postgres/bekhedmetkom"
        _keep(directory / f"database_url_{name}", url)
    rabbit = _keep(directory / "rabbitmq_password", chance.token_urlsafe(32))
    _keep(directory / "rabbitmq.conf", f"default_user = bekhedmetkom\ndefault_pass = {rabbit}")
    _keep(directory / "amqp_uri", f"amqp://bekhedmetkom:{rabbit}@rabbitmq:5672//")
    smpp = _keep(directory / "smpp_password", chance.token_hex(4))
    _keep(directory / "smpp_url", f"smpp://bekhedm:{smpp}@smpp-sink:2775")
    _keep(directory / "smtp_url", "smtp://smtp-sink:2525")
    _keep(directory / "grafana_password", chance.token_urlsafe(24))
    for place in directory.iterdir():
        place.chmod(0o444)
    return sorted(place.name for place in directory.iterdir())


def _keep(place: Path, value: str) -> str:
    """What the file holds; `value`, written now, if there was none."""
    if not place.exists():
        place.write_text(value + "\n")
    return place.read_text().strip()
