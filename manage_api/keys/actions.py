"""What can be done with the API and its keys on the page: each with the words that ask first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from manage_api.keys import services
from manage_api.keys.forms import RotateForm
from manage_api.keys.models import KeyKind, KeyState, ManageKey
from manage_api.keys.services import Issued
from syteops.core.actors import Actor
from syteops.people.confirmation import ConfirmedForm

Run = Callable[[Actor, ManageKey | None, ConfirmedForm], Issued | bool]


@dataclass(frozen=True)
class Action:
    """One button: what it asks, what it says will break, and what it does."""

    slug: str
    label: str
    icon: str
    question: str
    breaks: str
    done: str
    run: Run
    danger: bool = False
    form: type[ConfirmedForm] = ConfirmedForm
    ends_former: bool = False
    """Whether it also ends what the key replaced and what still works in its overlap."""

    @property
    def operation(self) -> str:
        """Its name in the audit trail."""
        return f"keys.{self.slug}"


def _the(key: ManageKey | None) -> ManageKey:
    assert key is not None
    return key


def _switch(enabled: bool) -> Run:
    def run(actor: Actor, key: Any, form: Any) -> bool:
        return services.set_api_enabled(actor, enabled)

    return run


ON_API = {
    one.slug: one
    for one in (
        Action(
            "generate",
            "Generate key",
            "key",
            "Generate the site key?",
            "The API opens: whoever holds the new key can read and change everything on this site. "
            "You see the key once.",
            "",
            lambda actor, key, form: services.generate_site_key(actor),
        ),
        Action(
            "enable",
            "Enable API",
            "lock_open",
            "Enable the API?",
            "Every valid key works again, from the next request on.",
            "The API is enabled.",
            _switch(True),
        ),
        Action(
            "disable",
            "Disable API",
            "lock",
            "Disable the API?",
            "Every tool is refused (403 api_disabled) until you enable it again. Keys are kept.",
            "The API is disabled. All keys are kept.",
            _switch(False),
            danger=True,
        ),
    )
}

ON_KEY = {
    one.slug: one
    for one in (
        Action(
            "rotate",
            "Rotate key",
            "autorenew",
            "Rotate this key?",
            "Tools that use the old key stop working: update them after this. The new key has the "
            "same rights, and you see it once.",
            "",
            lambda actor, key, form: services.rotate_key(
                actor, _the(key), form.cleaned_data["overlap"]
            ),
            form=RotateForm,
            ends_former=True,
        ),
        Action(
            "revoke",
            "Revoke key",
            "block",
            "Revoke this key?",
            "Tools that use it stop working at once (401), and it never works again: "
            "give them another key after this.",
            "The key is revoked.",
            lambda actor, key, form: services.revoke_key(actor, _the(key)),
            danger=True,
            ends_former=True,
        ),
        Action(
            "pause",
            "Pause",
            "pause",
            "Pause this key?",
            "Tools that use it are refused until you resume it.",
            "The key is paused.",
            lambda actor, key, form: services.pause_key(actor, _the(key)),
        ),
        Action(
            "resume",
            "Resume",
            "play_arrow",
            "Resume this key?",
            "Tools that use it work again, with the same rights as before.",
            "The key works again.",
            lambda actor, key, form: services.resume_key(actor, _the(key)),
        ),
    )
}


def offered_on_api(key: ManageKey | None, state: str) -> list[Action]:
    """What the site key's card offers beside what it offers on the key itself."""
    generate = [ON_API["generate"]] if key is None else []
    switch = {"enabled": [ON_API["disable"]], "disabled": [ON_API["enable"]]}.get(state, [])
    return [*generate, *switch]


def offered_on(key: ManageKey) -> list[Action]:
    """What can be done with a key in its present state."""
    state, restricted = key.state, key.kind == KeyKind.RESTRICTED
    if state is KeyState.ACTIVE:
        names = ["rotate", "pause", "revoke"] if restricted else ["rotate", "revoke"]
    elif state is KeyState.PAUSED:
        names = ["resume", "revoke"]
    elif state in (KeyState.RETIRING, KeyState.EXPIRED):
        names = ["revoke"]
    else:
        names = []
    return [ON_KEY[name] for name in names]
