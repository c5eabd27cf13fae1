from syteops.core.actors import SYSTEM
from syteops.integrations import services
from tests.samples import Sample, sample

HERE = {"slug": "webhooks"}
NOWHERE = {"slug": "no-such-integration"}
SECRET = {"slug": "webhooks", "name": "signing_secret"}
NO_SECRET = {"slug": "webhooks", "name": "no-such-secret"}
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def set_up_webhooks(url: str = "https://example.com/hook") -> dict[str, str]:
    """Webhooks, complete and not enabled."""
    state = services.locked_state("webhooks")
    services.update_config(SYSTEM, state, config={"url": url})
    secret = services.locked_secret("webhooks", "signing_secret")
    services.set_secret(SYSTEM, secret, value=SIGNING_SECRET)
    return HERE


def enable_webhooks() -> dict[str, str]:
    set_up_webhooks()
    services.enable(SYSTEM, services.locked_state("webhooks"))
    return HERE


@sample("integrations.list")
def _list() -> Sample:
    set_up_webhooks()
    return Sample()


@sample("integrations.get")
def _get() -> Sample:
    return Sample(set_up_webhooks(), missing=NOWHERE)


@sample("integrations.enable")
def _enable() -> Sample:
    return Sample(set_up_webhooks(), missing=NOWHERE)


@sample("integrations.disable")
def _disable() -> Sample:
    return Sample(enable_webhooks(), missing=NOWHERE)


@sample("integrations.update_config")
def _update_config() -> Sample:
    right = {"config": {"url": "https://example.org/other"}}
    wrong = {"config": {"url": "http://127.0.0.1/"}}
    return Sample(set_up_webhooks(), right, wrong, NOWHERE)


@sample("integrations.set_secret")
def _set_secret() -> Sample:
    return Sample(SECRET, {"value": SIGNING_SECRET}, {"value": "********"}, NO_SECRET)


@sample("integrations.clear_secret")
def _clear_secret() -> Sample:
    set_up_webhooks()
    return Sample(SECRET, missing=NO_SECRET)
