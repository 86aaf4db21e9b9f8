"""Loads the system while everything in it is killed, frozen and cut off at random; then the books must balance.

`python -m tests.chaos --seed 7 --complaints 2000`, or `make chaos SEED=7`. It is a program and not a part of `make test`; that its
reconciler can find what is wrong is shown by tests/integration/chaos.
"""

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
