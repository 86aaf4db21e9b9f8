"""These tests import the services, which run on eventlet: patched before anything else is imported."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()
