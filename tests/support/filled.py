"""What a new installation starts with, written into a database of the tests."""

from datetime import datetime

import sqlalchemy

from tests.support.databases import Databases


def fill_routing(databases: Databases, at: datetime) -> None:
    """Bodies, rules, calendar and roster of an installation that begins at that moment."""
    from services.routing import seed

    engine = sqlalchemy.create_engine(
        databases.urls["routing"], connect_args={"options": "-c search_path=routing"}
    )
    with engine.begin() as connection:
        seed.fill(connection, at)
    engine.dispose()
