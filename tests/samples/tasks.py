from syteops.ai.tasks import make_suggestion
from syteops.core.actors import SYSTEM
from syteops.tasks.jobs import begin
from syteops.tasks.models import Job
from tests.samples import Sample, sample
from tests.samples.notes import a_note


def a_job() -> Job:
    """A job about a note, which nobody has carried out."""
    return begin(SYSTEM, make_suggestion, a_note(), needs=[], title="Suggest a summary")


@sample("tasks.get")
def _get() -> Sample:
    nowhere = {"id": "00000000-0000-4000-8000-000000000000"}
    # Somebody else's: it is there for who may read what it is about.
    return Sample({"id": str(a_job().pk)}, missing=nowhere, also=("notes_items.get",))
