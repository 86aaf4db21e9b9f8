"""A command whose server is away says so in one line; anything else that goes wrong stays what it is."""

import click
import pytest
from click.testing import CliRunner

from services.cli.main import main

NOBODY = "127.0.0.1:9"
AWAY = {
    "DATABASE_ADMIN_URL": f"postgresql://postgres@{NOBODY}/postgres",
    "DATABASE_URL_INTAKE": f"postgresql://intake@{NOBODY}/none",
    "DATABASE_URL_ROUTING": f"postgresql://routing@{NOBODY}/none",
    "DATABASE_URL_NOTIFICATION": f"postgresql://notification@{NOBODY}/none",
    "DATABASE_URL_REPORTING": f"postgresql://reporting@{NOBODY}/none",
    "AMQP_URI": f"amqp://guest:not-to-be-shown@{NOBODY}//",
}


@pytest.fixture
def away(environment):
    environment(AWAY)


@pytest.mark.parametrize(
    ("server", "command"),
    [
        ("PostgreSQL", "parked list routing"),
        ("PostgreSQL", "migrate intake"),
        ("PostgreSQL", "database create"),
        ("PostgreSQL", "account list"),
        ("RabbitMQ", "topology declare"),
        ("RabbitMQ", "topology check"),
        ("RabbitMQ", "log send routing --to reporting.inbox"),
    ],
)
def test_the_server_that_is_away_is_named(away, server, command):
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {server} cannot be reached (")
    assert done.output.count("\n") == 1
    assert "not-to-be-shown" not in done.output


def test_a_fault_of_ours_is_not_taken_for_a_server(away, monkeypatch):
    @click.command()
    def faulty() -> None:
        raise LookupError

    monkeypatch.setitem(main.commands, "faulty", faulty)
    assert isinstance(CliRunner().invoke(main, ["faulty"]).exception, LookupError)
