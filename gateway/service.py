"""The gateway as a nameko service: the only HTTP edge. It owns no data and listens to no facts."""

import dataclasses

from gateway import app
from gateway.settings import Settings
from services.chassis import settings, web


class Edge(web.Web):
    """Admits more requests than a service does: here they wait for services, and one that hangs must not use up the places of all."""

    def limits(self, service: str) -> web.Settings:
        """As for any service, with the gateway's own number of requests at once."""
        return dataclasses.replace(super().limits(service), admitted=settings.load(Settings).admitted)


class GatewayService:
    """Serves the API and the pages."""

    name = "gateway"
    web = Edge(app.create_app)
