"""Flask apps that tests share. To build one takes longer than most tests, and it keeps nothing of what it was asked."""

import os
import re
from collections.abc import Callable

import flask

#: What an app looks up when it is asked, and what is no setting.
_LATE = re.compile(
    r"(INTAKE|ROUTING|NOTIFICATION|REPORTING)_URL|DATABASE_URL_.*|AMQP_URI|.*_PORT|PYTEST_CURRENT_TEST"
)
_built: dict[tuple, flask.Flask] = {}


def app_of(create: Callable[[], flask.Flask]) -> flask.Flask:
    """What `create` builds with the settings as they are now; built anew when one of them is another than before."""
    environment = tuple(sorted(each for each in os.environ.items() if not _LATE.fullmatch(each[0])))
    key = create, environment
    if key not in _built:
        _built[key] = create()
    return _built[key]
