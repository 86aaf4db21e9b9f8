"""`python -m services.cli.health PORT [PATH]`: exit code 0 if the process there says that it is ready. For container checks."""

import sys
import urllib.request


def main(port: str, path: str = "/health/ready") -> int:
    """0 for an answer below 400 within three seconds, else 1. Standard library alone, so that a check costs little."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{int(port)}{path}", timeout=3):
            return 0
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
