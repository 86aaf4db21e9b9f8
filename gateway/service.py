"""The gateway as a nameko service: the only HTTP edge. It owns no data and listens to no facts."""

from gateway import app
from services.chassis.web import Web


class GatewayService:
    """Serves the API and the pages."""

    name = "gateway"
    web = Web(app.create_app)
