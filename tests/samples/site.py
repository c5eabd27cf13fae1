from tests.samples import Sample, sample


@sample("status.get")
@sample("license.get")
@sample("connection.get")
def _get() -> Sample:
    return Sample()
