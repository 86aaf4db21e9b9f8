"""One database; in it a role and a schema of its own for each service."""

from collections.abc import Mapping
from contextlib import closing

import psycopg2
import sqlalchemy
from psycopg2 import sql

SERVICES = ("intake", "routing", "notification", "reporting")


def create(admin_url: str, urls: Mapping[str, str]) -> None:
    """Creates what is missing of: the database, each service's role (login, password) and its schema.

    `urls` maps a service to its own address; database, role and password are read from it. Running it again
    changes passwords to those given and nothing else. No service can read another's schema, and none can
    create a schema.
    """
    addresses = {service: sqlalchemy.make_url(url) for service, url in urls.items()}
    _create_roles(admin_url, {address.username: address.password for address in addresses.values()})
    for name in sorted({address.database for address in addresses.values()}):
        _create_database(admin_url, name)
        _create_schemas(admin_url, name, {s: a for s, a in addresses.items() if a.database == name})


def connect(url: str, database: str | None = None):
    """A psycopg2 connection with autocommit to an SQLAlchemy address."""
    address = sqlalchemy.make_url(url)
    connection = psycopg2.connect(
        host=address.host,
        port=address.port or 5432,
        user=address.username,
        password=address.password,
        dbname=database or address.database or "postgres",
        connect_timeout=10,
    )
    connection.autocommit = True
    return connection


def _create_database(admin_url: str, name: str) -> None:
    with closing(connect(admin_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
            )


def _create_schemas(admin_url: str, database: str, addresses: Mapping[str, sqlalchemy.URL]) -> None:
    with closing(connect(admin_url, database)) as connection, connection.cursor() as cursor:
        names = {"database": sql.Identifier(database)}
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))
        cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for service, address in addresses.items():
            names |= {"schema": sql.Identifier(service), "role": sql.Identifier(address.username)}
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}").format(**names))
            cursor.execute(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}").format(**names)
            )
            statement = "ALTER ROLE {role} IN DATABASE {database} SET search_path TO {schema}"
            cursor.execute(sql.SQL(statement).format(**names))


def _create_roles(admin_url: str, passwords: Mapping[str, str | None]) -> None:
    with closing(connect(admin_url)) as connection, connection.cursor() as cursor:
        # Roles belong to the whole server, and two sessions that change one at once fail.
        cursor.execute("SELECT pg_advisory_lock(hashtext('roles'))")
        for role, password in passwords.items():
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            if password:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                cursor.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
