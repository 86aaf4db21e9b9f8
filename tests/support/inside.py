"""All services in the process of the test: what `make run` does, over a database and a broker that tests chose."""

import os
from collections.abc import Iterable

from nameko import config
from nameko.runners import ServiceRunner

from gateway import clients, limits
from services.cli.postgres import free_port
from services.cli.registry import CLASSES, OWNERS, service_class


def addresses() -> dict[str, str]:
    """Free ports for all services, and the addresses that lead the gateway to them."""
    found = {f"{name.upper()}_PORT": str(free_port()) for name in CLASSES}
    for name in OWNERS:
        found[f"{name.upper()}_URL"] = f"http://127.0.0.1:{found[f'{name.upper()}_PORT']}"
    return found


class Inside:
    """Started on creation. `gateway` is the address that the world sees."""

    def __init__(self, names: Iterable[str] = tuple(CLASSES)):
        config.setup({"AMQP_URI": os.environ["AMQP_URI"]})
        self.gateway = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        self._runner = ServiceRunner()
        for name in names:
            self._runner.add_service(service_class(name))
        self._runner.start()

    def stop(self) -> None:
        """As SIGTERM does."""
        self._runner.stop()
        _forget()

    def kill(self) -> None:
        """Abruptly: what is under way in a green thread is cut off where it waits."""
        self._runner.kill()
        _forget()


def _forget() -> None:
    """A process would have ended; what modules kept of it is let go."""
    clients.forget()
    limits.current.cache_clear()
