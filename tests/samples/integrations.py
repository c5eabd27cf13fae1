from syteops.core.actors import SYSTEM
from syteops.integrations import services
from tests.integrations.relay import SIGNING_SECRET
from tests.samples import Sample, sample

HERE = {"slug": "relay"}
NOWHERE = {"slug": "no-such-integration"}
SECRET = {"slug": "relay", "name": "signing_secret"}
NO_SECRET = {"slug": "relay", "name": "no-such-secret"}


def set_up_relay(url: str = "https://example.com/hook") -> dict[str, str]:
    """The relay, complete and not enabled."""
    state = services.locked_state("relay")
    services.update_config(SYSTEM, state, config={"url": url})
    secret = services.locked_secret("relay", "signing_secret")
    services.set_secret(SYSTEM, secret, value=SIGNING_SECRET)
    return HERE


def enable_relay() -> dict[str, str]:
    set_up_relay()
    services.enable(SYSTEM, services.locked_state("relay"))
    return HERE


@sample("integrations.list")
def _list() -> Sample:
    set_up_relay()
    return Sample()


@sample("integrations.get")
def _get() -> Sample:
    return Sample(set_up_relay(), missing=NOWHERE)


@sample("integrations.enable")
def _enable() -> Sample:
    return Sample(set_up_relay(), missing=NOWHERE)


@sample("integrations.disable")
def _disable() -> Sample:
    return Sample(enable_relay(), missing=NOWHERE)


@sample("integrations.update_config")
def _update_config() -> Sample:
    right = {"config": {"url": "https://example.org/other"}}
    wrong = {"config": {"url": "http://127.0.0.1/"}}
    return Sample(set_up_relay(), right, wrong, NOWHERE)


@sample("integrations.set_secret")
def _set_secret() -> Sample:
    return Sample(SECRET, {"value": SIGNING_SECRET}, {"value": "********"}, NO_SECRET)


@sample("integrations.clear_secret")
def _clear_secret() -> Sample:
    set_up_relay()
    return Sample(SECRET, missing=NO_SECRET)
