"""These tests run on eventlet, like the services: patched before anything else is imported."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()
