"""What a run was made on, so that its figures can be judged."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import django

from benchmarks.contestants import WORKERS
from tests.environment import ROOT


def describe_run() -> dict[str, str]:
    """Commit, date, versions and machine."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD") + (" (changed)" if _git("diff") else ""),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "django": django.get_version(),
        "cpu": f"{_cpu()}, {os.cpu_count()} of them",
        "kernel": platform.release(),
        "processes": f"{WORKERS} for each contestant",
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return done.stdout.strip()


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    found = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(found, platform.machine())
