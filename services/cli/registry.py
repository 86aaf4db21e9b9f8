"""Which services there are, and where the class of each is."""

from importlib import import_module

CLASSES = {
    "intake": "services.intake.service:IntakeService",
    "routing": "services.routing.service:RoutingService",
    "notification": "services.notification.service:NotificationService",
    "reporting": "services.reporting.service:ReportingService",
    "gateway": "gateway.service:GatewayService",
}
#: Those with a schema of their own. The gateway owns no data.
OWNERS = tuple(name for name in CLASSES if name != "gateway")


def service_class(name: str) -> type:
    """The nameko class of a service. Importing it reads settings that are needed at import, and no others."""
    module, attribute = CLASSES[name].split(":")
    return getattr(import_module(module), attribute)


def sources(name: str) -> tuple[str, ...]:
    """The services whose facts this service reads."""
    if name not in OWNERS:
        return ()
    reads = getattr(import_module(f"services.{name}.events"), "READ", ())
    return tuple(sorted({read.source for read in reads}))
