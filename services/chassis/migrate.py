"""Migrations: each service has its own alembic history, kept in its own schema and run with its own role.

A service's `migrations/env.py` is two lines:

    from services.chassis.migrate import environment
    environment()
"""

from pathlib import Path

import sqlalchemy
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

SERVICES = Path(__file__).resolve().parent.parent


def upgrade(service: str, url: str, revision: str = "head") -> None:
    """Brings the schema of `service` in the database at `url` to `revision`.

    Two processes may call it at once: the second waits for the first and then finds nothing to do.
    Raises what alembic or the database raises; a failed migration leaves nothing behind, since each runs in
    one transaction.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            key = {"key": f"migrate:{service}"}
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(hashtext(:key))"), key)
            connection.exec_driver_sql(f'SET search_path TO "{service}"')
            connection.commit()
            config = _config(service)
            config.attributes["connection"] = connection
            config.attributes["service"] = service
            command.upgrade(config, revision)
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(hashtext(:key))"), key)
            connection.commit()
    finally:
        engine.dispose()


def revision(service: str, url: str) -> str | None:
    """The revision at which the schema of `service` stands; None when it was never migrated."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            options = {"version_table_schema": service}
            return MigrationContext.configure(connection, opts=options).get_current_revision()
    finally:
        engine.dispose()


def head(service: str) -> str | None:
    """The newest revision in the source tree."""
    return ScriptDirectory.from_config(_config(service)).get_current_head()


def environment() -> None:
    """The whole of a service's `migrations/env.py`: runs them on the connection that `upgrade` opened."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        version_table_schema=attributes["service"],
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: str) -> sqlalchemy.Engine:
    address = sqlalchemy.make_url(url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg2")
    return sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
