"""Programs of the operating system that tests use: found, or fetched where that is possible, or asked for by name."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def promtool() -> str:
    """Prometheus' checker. Debian has it in the package `prometheus`, of which only this file is taken."""
    return _found("promtool") or _unpacked("prometheus", "usr/bin/promtool")


def chromium() -> str:
    """A Chromium that playwright can drive."""
    found = _found("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update", "-q")
        _apt("install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-noto-core")
        found = _found("chromium")
    if found is None:
        raise AssertionError("A browser is needed: install chromium, or name one with CHROMIUM=/path/to/it.")
    return found


def _found(*names: str) -> str | None:
    given = os.environ.get("CHROMIUM") if "chromium" in names else None
    return given or next((place for name in names if (place := shutil.which(name))), None)


def _unpacked(package: str, path: str) -> str:
    """A file out of a Debian package that is not installed: nothing is started, and no right is needed."""
    directory = ROOT / "var" / "tools"
    if not (directory / path).exists():
        directory.mkdir(parents=True, exist_ok=True)
        if shutil.which("apt-get"):
            if _apt("download", package, cwd=directory).returncode and os.geteuid() == 0:
                _apt("update", "-q")
                _apt("download", package, cwd=directory)
            for archive in directory.glob(f"{package}_*.deb"):
                subprocess.run(["dpkg", "-x", str(archive), str(directory)], check=False, timeout=60)
                archive.unlink()
    if not (directory / path).exists():
        raise AssertionError(f"{Path(path).name} is needed: install the package {package}.")
    return str(directory / path)


def _apt(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        ["apt-get", *arguments], cwd=cwd, env=environment, capture_output=True, timeout=400, check=False
    )
