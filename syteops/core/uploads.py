"""Where uploads are kept."""

import errno
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from syteops.lib.plain_files import opener


class Uploads(FileSystemStorage):
    """Django's, which opens plain files only. Raises NoPlainFile for what else has such a name."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(open(self.path(name), mode, opener=opener))

    def _save(self, name: str, content: Any) -> str:
        """As Django's. Raises an OSError that is an outage where there is no such directory, nor
        can it be made: the disk that a link leads to is not mounted.
        """
        own: Any = super()
        try:
            saved: str = own._save(name, content)
        except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
            raise OSError(errno.EIO, "Nothing can be kept there", str(self.location)) from error
        return saved
