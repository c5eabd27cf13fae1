from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services
from tests.samples import Sample, sample
from tests.samples.crm import a_system

NOWHERE = {"id": "999999999"}


@sample("audit.list")
def _list() -> Sample:
    a_system()
    return Sample(params={"resource": "crm"}, bad={"since": "yesterday"})


@sample("audit.export")
def _export() -> Sample:
    a_system()
    return Sample(params={"resource": "crm", "format": "csv"}, bad={"format": "xlsx"})


@sample("audit.revert")
def _revert() -> Sample:
    services.update_crm_system(SYSTEM, a_system(), name="Renamed")
    entry = AuditEntry.objects.filter(event="crm_system.updated").latest("id")
    also = ("crm.get", "crm.update")
    return Sample({"id": str(entry.pk)}, missing=NOWHERE, again="conflict", also=also)
