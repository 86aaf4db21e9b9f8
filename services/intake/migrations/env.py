"""Runs the migrations of intake on the connection that the chassis opened."""

from services.chassis.migrate import environment

environment()
