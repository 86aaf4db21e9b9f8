"""What an account is worth now: it may be disabled, and an officer's is worth nothing on a day on which the officer does not serve."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.routing.directory.presence import Presence, day_of, serves

ACTIVE, DISABLED, LEFT = "active", "disabled", "left"


def standing(row: Row[Any], now: datetime) -> str:
    """ACTIVE, DISABLED, or LEFT: the officer of the directory whose account it is does not serve today."""
    if row.state != ACTIVE or row.officer_id is None:
        return row.state
    return ACTIVE if serves(Presence(True, row.serves_from, row.serves_to), day_of(now)) else LEFT
