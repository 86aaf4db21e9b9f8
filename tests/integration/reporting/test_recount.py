"""The figures counted again: what is wrong is found and mended, what counts nothing is swept out."""

from datetime import timedelta

from click.testing import CliRunner

from services.chassis import database
from services.cli.figures import figures_group
from services.reporting import figures, handlers, metrics, store
from tests.integration.reporting.facts import NOW, apply, assigned, differences, read, received, some_id


def test_a_recount_finds_a_wrong_figure_and_a_rebuild_mends_it(databases):
    one = some_id()
    apply([received(one), assigned(one)])
    databases.rows("reporting", "UPDATE figure SET received = received + 1 WHERE slice = 1")
    databases.rows("reporting", "DELETE FROM figure WHERE slice = 2")
    found = differences()
    assert sorted(
        (each.cell["slice"], each.kept["received"], each.counted["received"]) for each in found
    ) == [
        (1, 2, 1),
        (2, 0, 1),
    ]
    with database.transaction("reporting") as connection:
        assert handlers.audit(connection, now=NOW) == found
        figures.rebuild(connection)
    assert differences() == []


def test_a_sweep_leaves_what_counts(databases):
    one = some_id()
    apply([received(one)])
    apply([assigned(one)])
    before = read()
    with database.transaction("reporting") as connection:
        assert figures.sweep(connection) > 0
    after = read()
    assert after.totals == before.totals
    assert databases.rows("reporting", "SELECT count(*) FROM figure WHERE received = 0") == [(0,)]
    assert differences() == []


def test_the_commands_find_and_mend_a_wrong_figure(databases):
    def run(command: str) -> tuple[int, str]:
        result = CliRunner().invoke(figures_group, [command], catch_exceptions=False)
        return result.exit_code, result.output

    apply([received(some_id()), received(some_id(), received_at="2025-12-31T23:00:00Z")])
    assert run("recount") == (0, "the figures are those of a recount\n")
    databases.rows("reporting", "UPDATE figure SET received = 7 WHERE slice = 1 AND day > '2026-11-01'")
    code, said = run("recount")
    assert code == 1
    assert "received 7 instead of 1" in said
    code, said = run("rebuild")
    assert code == 0
    assert said.splitlines()[:2] == ["2026-01: 10 cells", "2026-02: 0 cells"]
    assert run("recount")[0] == 0


def test_the_migration_makes_the_tables_that_the_store_declares(databases):
    for name, table in store.metadata.tables.items():
        declared = {(column.name, column.nullable, column.computed is not None) for column in table.c}
        made = databases.rows(
            "reporting",
            "SELECT column_name, is_nullable = 'YES', is_generated = 'ALWAYS' FROM information_schema.columns"
            " WHERE table_schema = 'reporting' AND table_name = %(name)s",
            {"name": name},
        )
        assert set(made) == declared, name


def test_an_audit_comes_round_to_every_month_and_remembers_what_it_found(databases):
    apply([received(some_id(), received_at=f"2026-{month:02}-10T09:00:00Z") for month in range(1, 12)])
    databases.rows("reporting", "UPDATE figure SET received = 5 WHERE slice = 11 AND day = '2026-03-01'")
    found = []
    for hour in range(11):
        with database.transaction("reporting") as connection:
            found += handlers.audit(connection, now=NOW + timedelta(hours=hour))
    assert [str(each.cell["day"]) for each in found] == ["2026-03-01"]
    assert metrics.figures_drift_cells._value.get() == 1
    with database.transaction("reporting") as connection:
        figures.rebuild(connection)
        for hour in range(11):
            assert handlers.audit(connection, now=NOW + timedelta(hours=hour)) == []
    assert metrics.figures_drift_cells._value.get() == 0


def test_an_audit_of_nothing_finds_nothing(databases):
    with database.transaction("reporting") as connection:
        assert handlers.audit(connection, now=NOW) == []
