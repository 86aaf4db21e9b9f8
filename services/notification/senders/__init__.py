"""How messages leave: one module per protocol behind the small interface of base.py."""
