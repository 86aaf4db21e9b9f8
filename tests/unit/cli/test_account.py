"""Accounts of staff from the command line."""

from click.testing import CliRunner

from services.cli.main import main


def account(*arguments: str) -> list[str]:
    done = CliRunner().invoke(main, ["account", *arguments, "--subject", "rana@salt.gov.jo"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_a_history_is_printed_whole_the_newest_first(databases):
    account("add", "--role", "officer", "--institution", "SALT")
    databases.rows(
        "routing",
        "INSERT INTO account_event (account_id, at, actor, what)"
        " SELECT id, now() + interval '1 day' * n, 'test', 'reset' FROM account, generate_series(1, 450) n",
    )
    lines = account("history")
    assert len(lines) == 451
    assert lines == sorted(lines, reverse=True)
    assert "\tmade\t" in lines[-1]
