"""Fresh databases for tests, copied from a template that was migrated once."""

import os
import secrets
from contextlib import closing
from pathlib import Path

import sqlalchemy
from psycopg2 import sql

from services.chassis import migrate
from services.cli import database

PASSWORD = "test"


class Databases:
    """One database with the roles and schemas of the four services, migrated."""

    def __init__(self, admin_url: str, name: str):
        self.admin_url = admin_url
        self.name = name
        self.urls = urls(admin_url, name)

    @property
    def environment(self) -> dict[str, str]:
        return {f"DATABASE_URL_{service.upper()}": url for service, url in self.urls.items()}

    def connect(self, service: str | None = None):
        """A psycopg2 connection with autocommit: as the service, in its schema, or as administrator."""
        if service is None:
            return database.connect(self.admin_url, self.name)
        connection = database.connect(self.urls[service])
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(service)))
        return connection

    def rows(self, service: str, statement: str, parameters: dict | None = None) -> list[tuple]:
        """What a statement answers, asked as administrator with the service's schema on the search path."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(service)))
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def drop(self) -> None:
        _drop(self.admin_url, self.name)


class Template:
    """The migrated database that the others are copies of."""

    def __init__(self, admin_url: str):
        self.admin_url = admin_url
        self.name = f"test_template_{os.getpid()}_{secrets.token_hex(4)}"
        addresses = urls(admin_url, self.name)
        database.create(admin_url, addresses)
        for service, url in addresses.items():
            if Path(migrate.SERVICES, service, "migrations", "env.py").exists():
                migrate.upgrade(service, url)

    def copy(self) -> Databases:
        """A fresh database; a tenth of a second."""
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        with closing(database.connect(self.admin_url)) as connection, connection.cursor() as cursor:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(self.name)))
        # Schemas come with their owners. What belongs to the database as such does not, and tests need none of it.
        return Databases(self.admin_url, name)

    def drop(self) -> None:
        _drop(self.admin_url, self.name)


def urls(admin_url: str, name: str) -> dict[str, str]:
    """Addresses by service. The roles are not a real installation's, whose passwords stay as they are."""
    admin = sqlalchemy.make_url(admin_url)
    return {
        service: admin.set(username=f"test_{service}", password=PASSWORD, database=name).render_as_string(
            hide_password=False
        )
        for service in database.SERVICES
    }


def _drop(admin_url: str, name: str) -> None:
    with closing(database.connect(admin_url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
