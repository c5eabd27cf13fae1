"""Where uploads are kept."""

from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from syteops.lib.plain_files import opener


class Uploads(FileSystemStorage):
    """Django's, which opens plain files only. Raises NoPlainFile for what else has such a name."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(open(self.path(name), mode, opener=opener))
