"""The actions on the key pages, each with the question that is asked first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from manage_api.keys import queries, rights, services
from manage_api.keys.forms import RotateForm
from manage_api.keys.models import KeyKind, KeyState, ManageKey
from manage_api.keys.services import Issued
from syteops.core.actors import Actor
from syteops.people.confirmation import ConfirmedForm

# The key is None for what concerns the API as a whole.
Run = Callable[[Actor, Any, ConfirmedForm], Issued | bool]


@dataclass(frozen=True)
class Action:
    """One button: its question, what it will break, and what it does."""

    slug: str
    label: str
    icon: str
    question: str
    breaks: str
    done: str
    run: Run
    danger: bool = False
    form: type[ConfirmedForm] = ConfirmedForm
    resource: str = "keys"
    ends_former: bool = False
    """Whether it also ends former keys that still work in their overlap."""
    gives: Callable[[Any], Iterable[str]] = lambda key: frozenset()
    """The permissions of what works after it and did not before: whoever acts must hold them."""

    @property
    def operation(self) -> str:
        """Its name in the audit trail."""
        return f"{self.resource}.{self.slug}"

    def url(self, key: ManageKey | None) -> str:
        """The URL of its confirmation page."""
        if key is None or self.slug in ON_API:
            return reverse("admin:keys_managekey_api", args=[self.slug])
        return reverse("admin:keys_managekey_act", args=[key.public_id, self.slug])

    def is_open_to(self, person: Any, key: ManageKey | None) -> bool:
        """Whether the person would not be refused."""
        return rights.holds(person, self.gives(key))

    def stops(self) -> QuerySet[ManageKey]:
        """The keys that work now and no more after it, where it is about the API as a whole."""
        return queries.working_keys() if self.slug == "disable" else ManageKey.objects.none()

    def also_ends(self, key: ManageKey | None) -> list[ManageKey]:
        """The former keys that end together with this one."""
        return queries.working_predecessors(key) if key is not None and self.ends_former else []


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
            gives=lambda key: rights.of_site_key(),
        ),
        Action(
            "enable",
            "Enable API",
            "lock_open",
            "Enable the API?",
            "Every valid key works again, from the next request on.",
            "The API is enabled.",
            lambda actor, key, form: services.set_api_enabled(actor, True),
            resource="api",
            gives=lambda key: rights.of_working_keys(),
        ),
        Action(
            "disable",
            "Disable API",
            "lock",
            "Disable the API?",
            "Every tool is refused (403 api_disabled) until you enable it again. Keys are kept.",
            "The API is disabled. All keys are kept.",
            lambda actor, key, form: services.set_api_enabled(actor, False),
            danger=True,
            resource="api",
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
            "Tools that still use the old key stop working when it ends: give them the new one "
            "before. It has the same rights, and you see it once.",
            "",
            lambda actor, key, form: services.rotate_key(actor, key, form.cleaned_data["overlap"]),
            form=RotateForm,
            ends_former=True,
            gives=rights.of_key,
        ),
        Action(
            "revoke",
            "Revoke key",
            "block",
            "Revoke this key?",
            "Tools that use it stop working at once (401). This cannot be undone: "
            "give them another key after it.",
            "The key is revoked.",
            lambda actor, key, form: services.revoke_key(actor, key),
            danger=True,
            ends_former=True,
        ),
        Action(
            "pause",
            "Pause",
            "pause",
            "Pause this key?",
            "Tools that use it are refused until you resume it. A former key that it has replaced "
            "and that still works is another one: revoke that as well.",
            "The key is paused.",
            lambda actor, key, form: services.pause_key(actor, key),
        ),
        Action(
            "resume",
            "Resume",
            "play_arrow",
            "Resume this key?",
            "Tools that use it work again, with the same rights as before.",
            "The key works again.",
            lambda actor, key, form: services.resume_key(actor, key),
            gives=rights.of_key,
        ),
    )
}


def list_api_actions(key: ManageKey | None, state: str) -> list[Action]:
    """What the site key's card offers beside what it offers on the key itself."""
    generate = [ON_API["generate"]] if key is None else []
    switch = {"enabled": [ON_API["disable"]], "disabled": [ON_API["enable"]]}.get(state, [])
    return [*generate, *switch]


def list_key_actions(key: ManageKey) -> list[Action]:
    """What can be done with a key in its present state."""
    pause = ["pause"] if key.kind == KeyKind.RESTRICTED else []
    names = {
        KeyState.ACTIVE: ["rotate", *pause, "revoke"],
        KeyState.PAUSED: ["resume", "revoke"],
        KeyState.RETIRING: ["revoke"],
        KeyState.EXPIRED: ["revoke"],
    }
    return [ON_KEY[name] for name in names.get(key.state, [])]
