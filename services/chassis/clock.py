"""The clock and the ids of a process. Entry points ask here once and pass the answer inwards: rules and
handlers take both as arguments.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import uuid_utils

AMMAN = ZoneInfo("Asia/Amman")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def in_amman(moment: datetime) -> datetime:
    """The same aware moment as the wall clock in Amman shows it. Used at the edge only, where people read
    times.
    """
    return moment.astimezone(AMMAN)


def new_id() -> str:
    """A new UUIDv7 as text: unique everywhere, and in the order of creation within a process, which keeps
    indexes compact.
    """
    return str(uuid_utils.uuid7())
