"""The OpenAPI documents of the services and the gateway, asked of their apps."""

import os
from typing import Any

from services.cli import keys, registry

#: Asked in this order: the gateway's document is composed from those of the services.
SERVICES = tuple(registry.CLASSES)
#: Settings that an app must have to be built, and that no document shows.
_PLACES = {
    "AMQP_URI": "embedded://",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "SMPP_URL": "smpp://nobody:nothing@127.0.0.1:1",
    "MAIL_FROM": "nobody@example.org",
    "SMS_FROM": "Nobody",
    "COORDINATOR_EMAIL": "nobody@example.org",
    **{f"{name.upper()}_URL": "http://127.0.0.1:1" for name in registry.OWNERS},
    **{f"{name.upper()}_PORT": "0" for name in SERVICES},
    **{f"DATABASE_URL_{name.upper()}": f"postgresql:///{name}" for name in registry.OWNERS},
}


def settle() -> None:
    """Gives every setting that is missing a value, so that apps can be built. Nothing is connected to."""
    for name, value in {**_PLACES, **keys.generate()}.items():
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
            os.environ[name] = value


def of(service: str) -> dict[str, Any]:
    """The document that the app of `service` serves at /openapi.json. Needs its settings; see `settle`."""
    app = registry.service_class(service).web.create()
    answer = app.test_client().get("/openapi.json")
    if answer.status_code != 200:
        raise RuntimeError(f"{service} answered {answer.status_code} for its OpenAPI document")
    return answer.get_json()
