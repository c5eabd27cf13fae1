"""Reading the licence and the management connection."""

from typing import TypeVar

from django.db.models import QuerySet

from syteops.site.models import Connection, License, LicenseStatus

Singleton = TypeVar("Singleton", License, Connection)


def current(model: type[Singleton]) -> Singleton:
    """The licence or the connection; the default one as long as nothing was saved."""
    return model._default_manager.filter(pk=1).first() or model(pk=1)


def revoked_licenses() -> QuerySet[License]:
    """The licence, if it is revoked: a part for queries that ask for more at the same time."""
    return License.objects.filter(status=LicenseStatus.REVOKED)


def license_is_revoked() -> bool:
    """Whether every module is switched off for want of a licence."""
    return revoked_licenses().exists()
