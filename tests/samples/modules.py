from syteops.core.actors import SYSTEM
from syteops.modules import services
from tests.samples import Sample, sample

HERE = {"module": "notes"}
NOWHERE = {"module": "no-such-module"}


def an_inactive_module() -> dict[str, str]:
    services.deactivate(SYSTEM, services.locked_state("notes"))
    return HERE


@sample("modules.list")
def _list() -> Sample:
    return Sample()


@sample("modules.get")
def _get() -> Sample:
    return Sample(HERE, missing=NOWHERE)


@sample("modules.activate")
def _activate() -> Sample:
    return Sample(an_inactive_module(), missing=NOWHERE)


@sample("modules.deactivate")
def _deactivate() -> Sample:
    return Sample(HERE, missing=NOWHERE)


@sample("modules.get_config")
def _get_config() -> Sample:
    return Sample(HERE, missing=NOWHERE)


@sample("modules.update_config")
def _update_config() -> Sample:
    wrong = {"config": {"excerpt_length": "long"}}
    return Sample(HERE, {"config": {"excerpt_length": 200}}, wrong, NOWHERE)
