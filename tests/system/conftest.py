"""These tests run on eventlet, like the services: patched before anything else is imported."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()

import pytest  # noqa: E402 - the patch comes first.


@pytest.fixture
def sinks():
    """Local ends for text messages and mail; their settings by name."""
    from services.cli.sinks import running

    with running() as ends:
        yield ends


@pytest.fixture
def filled(databases):
    """`databases` with what a new installation starts with."""
    from services.cli.main import seed_all

    seed_all(databases.urls)
    return databases


@pytest.fixture
def inside(filled, sinks, environment):
    """All services in this process, over the in-memory broker."""
    from services.chassis import embedded
    from tests.support.inside import Inside, addresses

    environment({"AMQP_URI": "embedded://", **addresses(), **sinks, "LIMITS": "false"})
    running = Inside()
    yield running
    running.stop()
    embedded.forget()


@pytest.fixture(params=[1, 2, 3])
def disturbed(request, filled, sinks, environment):
    """All services in this process, over a broker that delivers everything twice and out of order."""
    from tests.support import disturbed
    from tests.support.inside import Inside, addresses

    disturbed.install(request.param)
    environment({"AMQP_URI": "embedded://", **addresses(), **sinks, "LIMITS": "false"})
    running = Inside()
    yield running
    running.stop()
    disturbed.remove()
