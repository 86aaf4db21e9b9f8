"""What the local sinks of a demonstration received: the text messages and mails that in production would have left the house.

The page exists only where DEMO_SMTP_SINK_URL or DEMO_SMPP_SINK_URL is set.
"""

import json
from typing import Any
from urllib.parse import urlsplit

import flask

from gateway.admission import limited
from gateway.clients import Client, ServiceFailed
from gateway.settings import Settings
from gateway.web import render
from services.chassis import settings
from services.chassis.actor import require

MOST = 50
_TIMEOUT = 3.0


def wanted() -> bool:
    """Whether this process shows the page."""
    chosen = settings.load(Settings)
    return bool(chosen.demo_smtp_sink_url or chosen.demo_smpp_sink_url)


@limited("reading")
@require("public")
def show() -> flask.Response:
    """The newest messages first."""
    chosen = settings.load(Settings)
    texts, texts_away = _listed(chosen.demo_smpp_sink_url)
    mails, mails_away = _listed(chosen.demo_smtp_sink_url)
    return render.page("messages.html", texts=texts, mails=mails, away=texts_away or mails_away)


def _listed(url: str) -> tuple[list[dict[str, Any]], bool]:
    """The messages of a sink, and whether it could not be asked."""
    if not url:
        return [], False
    parts = urlsplit(url)
    path = parts.path or "/messages"
    client = Client("sink", f"http://{parts.netloc}", connections=1, timeout=_TIMEOUT)
    try:
        # The listing begins with the oldest, so its end has to be asked for.
        count = json.loads(client.request("GET", path.removesuffix("/messages") + "/summary", {}).body)[
            "count"
        ]
        answer = client.request("GET", f"{path}?after={max(0, count - MOST)}&limit={MOST}", {})
        rows = json.loads(answer.body)
    except (ServiceFailed, ValueError, KeyError):
        return [], True
    finally:
        client.close()
    return list(reversed(rows)), False
