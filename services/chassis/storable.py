"""What PostgreSQL can store of a text: whatever comes in from outside is asked before it gets that far."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether it holds no NUL and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None
