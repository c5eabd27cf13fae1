from tests.samples import Sample, sample


@sample("events.list")
def _list() -> Sample:
    return Sample(params={"resource": "crm"}, bad={"wait": 31})
