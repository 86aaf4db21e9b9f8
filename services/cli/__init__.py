"""The command line of the project: `python -m services.cli`."""
