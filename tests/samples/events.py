from tests.events.publish import a_system, publish
from tests.samples import Sample, sample


@sample("events.list")
def _list() -> Sample:
    publish()
    a_system()
    publish()
    return Sample(params={"resource": "crm"}, bad={"wait": 31})
