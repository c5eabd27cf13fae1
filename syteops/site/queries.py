"""Reading the licence and the management connection."""

from django.db.models import QuerySet

from syteops.site.models import Connection, License, LicenseStatus


def current_license() -> License:
    """The licence; the default one as long as nothing was saved."""
    return License.objects.filter(pk=1).first() or License(pk=1)


def current_connection() -> Connection:
    """The connection; the default one as long as nothing was saved."""
    return Connection.objects.filter(pk=1).first() or Connection(pk=1)


def revoked_licenses() -> QuerySet[License]:
    """The licence, if it is revoked: a part for queries that ask for more at the same time."""
    return License.objects.filter(status=LicenseStatus.REVOKED)


def license_is_revoked() -> bool:
    """Whether every module is switched off for want of a licence."""
    return revoked_licenses().exists()
