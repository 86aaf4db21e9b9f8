"""`python -m services.cli`. Patches the process for eventlet before anything else is imported."""

import warnings

with warnings.catch_warnings():
    # eventlet advises against itself at import; docs/adr/0001 says what we do about it.
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()

from services.cli import names  # noqa: E402 - the patch comes first.
from services.cli.main import main  # noqa: E402

names.ask_anew()

if __name__ == "__main__":
    main()
