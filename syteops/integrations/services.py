"""Every change of an integration. States and secrets passed in are locked by the caller."""

from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.audit.switchables import merge_config
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Invalid, NotFound
from syteops.core.events import Verb
from syteops.core.schemas import with_defaults
from syteops.events.rights import readable_of, require_readable
from syteops.integrations.models import IntegrationSecret, IntegrationState
from syteops.integrations.queries import Installed, find_integration, get_installed
from syteops.lib.urls import moved


def locked_state(slug: str) -> IntegrationState:
    """The state of an integration, locked until the transaction ends. Raises NotFound.

    The lock also covers the integration's secrets.
    """
    find_integration(slug)
    return IntegrationState.locked(slug)


def locked_secret(slug: str, name: str) -> IntegrationSecret:
    """One secret of an integration, locked like its state. Raises NotFound."""
    if find_integration(slug).secret(name) is None:
        raise NotFound(f"The integration {slug} has no secret {name}.")
    locked_state(slug)
    return IntegrationSecret.objects.get_or_create(integration=slug, name=name)[0]


@transaction.atomic
def enable(actor: Actor, state: IntegrationState) -> IntegrationState:
    """Switch the integration on. Where no event types are chosen: those that the actor may read.

    Raises Forbidden if it would send what the actor may not read, Conflict if this installation
    lacks what it needs (with the reason), or if required config or secrets are not set (naming
    them).
    """
    if state.enabled:
        return state
    one = _readable(actor, state)
    if reason := one.unavailable_reason:
        refusal = Conflict(f"{one.name} cannot be enabled. {reason}", reason=reason)
        refusal.tells_of = None  # the installation lacks something: nothing stored says so
        raise refusal
    config, secrets = one.missing_config, one.missing_secrets
    if config or secrets:
        raise Conflict(
            f"{one.name} is not set up. Set first: {', '.join([*config, *secrets])}.",
            missing_config=config,
            missing_secrets=secrets,
        )
    audit.update(actor, state, {"enabled": True}, Verb.ENABLED)
    one.integration.when_enabled(actor)
    return state


@transaction.atomic
def disable(actor: Actor, state: IntegrationState) -> IntegrationState:
    """Switch the integration off; config and secrets stay."""
    audit.update(actor, state, {"enabled": False}, Verb.DISABLED)
    return state


@transaction.atomic
def update_config(
    actor: Actor, state: IntegrationState, *, config: dict[str, Any]
) -> IntegrationState:
    """Merge `config` into the integration's, as `merge_config` does. Raises Invalid.

    Required values may be missing only as long as it is disabled. Another origin of an address
    clears the secrets that are sent there. Raises Forbidden if the actor may not read all that is
    sent with this config.
    """
    schema = find_integration(state.slug).config_schema
    before = with_defaults(schema, state.config)
    merge_config(actor, state, schema, config, incomplete=not state.enabled)
    after = _readable(actor, state).config
    for name in schema["properties"]:
        _follow_address(actor, state.slug, name, before.get(name), after.get(name))
    return state


@transaction.atomic
def set_secret(actor: Actor, secret: IntegrationSecret, *, value: str) -> IntegrationSecret:
    """Store a secret, sealed. Raises Invalid if it cannot be what it should be.

    Another origin of an address clears the secrets that are sent there. Raises Forbidden if the
    actor may not read all that the integration sends: a secret may be where it goes.
    """
    one = _readable(actor, locked_state(secret.integration))
    spec = one.integration.secret(secret.name)
    if spec and (problem := spec.problem_of(value)):
        raise Invalid.field("value", problem)
    _store(actor, secret, value)
    return secret


@transaction.atomic
def clear_secret(actor: Actor, secret: IntegrationSecret) -> IntegrationSecret:
    """Forget a secret. Raises Conflict if an enabled integration could not work without it."""
    one = get_installed(secret.integration)
    spec = one.integration.secret(secret.name)
    if one.enabled and spec and spec.required and secret.value is not None:
        raise Conflict(f"{one.name} needs this secret. Disable it first, or set another secret.")
    _store(actor, secret, None)
    return secret


def _readable(actor: Actor, state: IntegrationState) -> Installed:
    """The integration, when it sends nothing that the actor may not read. Else raises Forbidden.

    Of the event types that it is to have because nobody chose any, he gets those he may read.
    """
    one = get_installed(state.slug)
    types = readable_of(actor, one.usual_types)
    if types and types != one.usual_types:
        audit.update(actor, state, {"config": {**state.config, "types": types}}, Verb.CONFIGURED)
        one = get_installed(state.slug)
    require_readable(actor, one.integration.types_sent(one.config))
    return one


def _store(actor: Actor, secret: IntegrationSecret, value: str | None) -> None:
    before = audit.read_secret(secret, "value")
    audit.set_secret(actor, secret, "value", value)
    _follow_address(actor, secret.integration, secret.name, before, value)


def _follow_address(actor: Actor, slug: str, name: str, before: Any, after: Any) -> None:
    """Clear the secrets for the address `name`, if that has another origin now.

    An enabled integration stays so: it does nothing until they are set again.
    """
    bound = [one.name for one in find_integration(slug).secrets if one.sent_to == name]
    if bound and moved(before, after):
        for secret in IntegrationSecret.objects.filter(integration=slug, name__in=bound):
            audit.set_secret(actor, secret, "value", None)


def clear_secrets(actor: Actor, secret: IntegrationSecret, *names: str) -> IntegrationSecret:
    """As `clear_secret`: such a row has only one, `value`."""
    return clear_secret(actor, secret)


def require_testable(slug: str) -> Installed:
    """Raises at once what `send_test` would refuse with before it sends anything."""
    one = get_installed(slug)
    if one.integration.send_test is None:
        raise Conflict(f"{one.name} has nothing to send.")
    if reason := one.unavailable_reason:
        raise Conflict(f"{one.name} cannot be used. {reason}", reason=reason)
    one.setup()
    return one


def send_test(actor: Actor, slug: str) -> str:
    """Let the integration prove that it works; answers what it did.

    Sends outside of any transaction: nobody waits for a slow receiver with the database locked.
    Raises Conflict if it is not set up, DeliveryFailed if it did not work.
    """
    one = require_testable(slug)
    assert one.integration.send_test is not None
    told = one.integration.send_test(one.setup())
    audit.record(actor, one.state, Verb.TESTED, {})
    return told
