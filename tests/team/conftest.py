from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember


@pytest.fixture(autouse=True)
def uploads_folder(settings: Settings, tmp_path: Path) -> Path:
    """Where pictures are stored: below no site's own uploads."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return tmp_path / "uploads"


@pytest.fixture
def uploads(uploads_folder: Path) -> Callable[[], list[str]]:
    """The names of the files that are stored."""
    root = uploads_folder
    return lambda: sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


@pytest.fixture
def erased(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Any:
    """Erases a member, and does what follows the commit."""

    def erase(member: TeamMember) -> dict[str, Any]:
        with django_capture_on_commit_callbacks(execute=True):
            return services.erase_team_member(SYSTEM, member)

    return erase
