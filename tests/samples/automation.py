from syteops.automation import services
from syteops.automation.models import Variable
from syteops.core.actors import SYSTEM
from tests.samples import Sample, sample

NOWHERE = {"key": "nothing_here"}


def a_variable() -> Variable:
    return services.create_variable(
        SYSTEM, key="greeting", value="Hello", description="Said on the front page"
    )


@sample("variables.catalog")
def _catalog() -> Sample:
    a_variable()
    return Sample(params={"source": "api"}, bad={"page": 0})


@sample("variables.get")
def _get() -> Sample:
    return Sample({"key": a_variable().key}, missing=NOWHERE)


@sample("variables.set")
def _set() -> Sample:
    # A key that does not exist is created, so nothing is missing here.
    return Sample({"key": a_variable().key}, {"value": "Good morning"}, {"value": 5})


@sample("variables.delete")
def _delete() -> Sample:
    return Sample({"key": a_variable().key}, missing=NOWHERE)


@sample("variables.export")
def _export() -> Sample:
    a_variable()
    return Sample(params={"format": "json"}, bad={"format": "xml"})


@sample("variables.resync")
def _resync() -> Sample:
    a_variable()
    return Sample(changes=False)


@sample("variable_sets.create")
def _create_set() -> Sample:
    values = [{"suffix": "color", "type": "text", "value": "red"}]
    params = {"name": "Acme", "acronym": "acme", "values": values}
    bad = {**params, "values": [{"suffix": "color", "type": "number", "value": "red"}]}
    return Sample(params=params, bad=bad, again="validation_error")


@sample("variable_sets.update")
def _update_set() -> Sample:
    blue = {"suffix": "color", "type": "text", "value": "blue"}  # to add one takes another right
    services.create_variable_set(SYSTEM, name="Acme", acronym="acme", values=[blue])
    params = {"values": [{"suffix": "color", "value": "red"}]}
    return Sample({"acronym": "acme"}, params, {"values": [{}]}, {"acronym": "nothing"})
