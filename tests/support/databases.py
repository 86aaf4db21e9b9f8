"""Fresh databases for tests, copied from a template that was migrated once; one that was used is washed and used again."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import sqlalchemy
from psycopg2 import sql

from services.chassis import migrate
from services.cli import database
from tests.support import washing
from tests.support.poll import until

PASSWORD = "test"
#: What was deleted stays in the files as dead rows; before they make queries slow, a database is replaced.
_USES = 50
#: Ends whoever is still connected, as dropping the database would, and says whether there was anybody.
_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Databases:
    """One database with the roles and schemas of the four services, migrated."""

    def __init__(self, admin_url: str, name: str):
        self.admin_url = admin_url
        self.name = name
        self.urls = urls(admin_url, name)
        self.uses = 0
        self._idle: list[psycopg2.extensions.connection] = []

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
        with self._administrator() as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(service)))
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def wash(self) -> bool:
        """Puts it into the state of its template again; false if it cannot be, because more than rows was changed."""
        self._forget()
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            until(lambda: _answer(cursor, _OTHERS) == 0, every=0.002)
            return _answer(cursor, washing.WASH)

    def drop(self) -> None:
        self._forget()
        _drop(self.admin_url, self.name)

    @contextmanager
    def _administrator(self) -> Iterator[psycopg2.extensions.connection]:
        """A connection that is kept from call to call, since most calls take less time than connecting does."""
        connection = self._idle.pop() if self._idle else None
        if connection is None or not _alive(connection):
            connection = self.connect()
        try:
            yield connection
        except psycopg2.Error:
            # A statement may have left a session that the next one does not expect.
            connection.close()
            raise
        self._idle.append(connection)

    def _forget(self) -> None:
        while self._idle:
            self._idle.pop().close()


class Template:
    """The migrated database that the others are copies of."""

    def __init__(self, admin_url: str, name: str | None = None):
        """`name`: a database that is there already; without it one is made and migrated."""
        self.admin_url = admin_url
        self.name = name or _migrated(admin_url)
        self._free: list[Databases] = []
        self._further: dict[str, Template] = {}
        with closing(database.connect(admin_url, self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(washing.REMEMBER)

    def filled(self, name: str, fill: Callable[[Databases], None]) -> "Template":
        """A template of its own with what `fill` writes; made once for each name."""
        if name not in self._further:
            copy = self.copy()
            fill(copy)
            self._further[name] = Template(self.admin_url, copy.name)
        return self._further[name]

    def take(self) -> Databases:
        """A database as fresh as a copy, to be given back."""
        taken = self._free.pop() if self._free else self.copy()
        taken.uses += 1
        return taken

    def give_back(self, used: Databases) -> None:
        try:
            clean = used.uses < _USES and used.wash()
        except (psycopg2.Error, AssertionError):
            # Its server may be away, or the administrator may not do what washing takes.
            clean = False
        if clean:
            self._free.append(used)
        else:
            used.drop()

    def copy(self) -> Databases:
        """A fresh database; a tenth of a second."""
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        with closing(database.connect(self.admin_url)) as connection, connection.cursor() as cursor:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(self.name)))
        # Schemas come with their owners. What belongs to the database as such does not, and tests need none of it.
        return Databases(self.admin_url, name)

    def drop(self) -> None:
        """Removes it, and what is left of its copies and of the templates that were made of it."""
        for each in (*self._free, *self._further.values()):
            each.drop()
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


def _migrated(admin_url: str) -> str:
    """The name of a new database, migrated."""
    name = f"test_template_{os.getpid()}_{secrets.token_hex(4)}"
    addresses = urls(admin_url, name)
    database.create(admin_url, addresses)
    for service, url in addresses.items():
        if Path(migrate.SERVICES, service, "migrations", "env.py").exists():
            migrate.upgrade(service, url)
    return name


def _drop(admin_url: str, name: str) -> None:
    with closing(database.connect(admin_url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _alive(connection: psycopg2.extensions.connection) -> bool:
    try:
        with connection.cursor() as cursor:
            return _answer(cursor, "SELECT 1") == 1
    except psycopg2.Error:
        return False


def _answer(cursor: psycopg2.extensions.cursor, statement: str):
    cursor.execute(statement)
    return cursor.fetchone()[0]
