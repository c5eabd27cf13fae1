"""Audit entries as sentences: who did what to which object."""

from collections.abc import Iterable, Mapping
from functools import cache

from django.apps import apps
from django.db.models import Q

from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import ActorKind
from syteops.core.entities import Entity
from syteops.core.events import NOUN_VERBS, SECRET_VERBS, Noun, Verb
from syteops.lib.folding import fold

_VERBS: Mapping[str, str] = {
    Verb.CREATED: "added",
    Verb.UPDATED: "changed",
    Verb.SECRET_SET: "stored a secret of",
    Verb.SECRET_CLEARED: "cleared a secret of",
    Verb.PASSWORD_CHANGED: "changed the password of",
    Verb.FACTOR_ADDED: "added a second factor of",
    Verb.FACTOR_REMOVED: "removed a second factor of",
    Verb.RECOVERY_CODES_MADE: "made new recovery codes of",
    Verb.RECOVERY_CODE_USED: "used a recovery code of",
    Verb.ISSUED_BY_ROTATION: "got by rotation",
    Verb.EXPIRING: "warned of the expiry of",
    Verb.RESENT: "sent again",
    Verb.MAILED: "mailed the client",
    Verb.MAIL_FAILED: "could not mail the client",
    Verb.REMINDED: "reminded the client of",
    Verb.ACTION_ITEM_DUE: "told of an action item that is due, of",
}
_EFFECTS: Mapping[str, str] = {
    Verb.CREATED: "It was added, so it will be deleted.",
    Verb.RESTORED: "It was brought back, so it will be deleted again.",
    Verb.DELETED: "It was deleted, so it will be there again. Secrets do not come back.",
}
_WITHOUT_OBJECT = {
    f"{Noun.PERSON}.{Verb.SIGNED_IN}": "signed in",
    f"{Noun.PERSON}.{Verb.SIGNED_OUT}": "signed out",
    f"api.{Verb.ENABLED}": "enabled the API",
    f"api.{Verb.DISABLED}": "disabled the API",
    f"{Noun.VARIABLES}.{Verb.RESYNCED}": "asked that all variables be told anew",
    f"{Noun.AUDIT}.{Verb.PRUNED}": "removed the oldest audit entries",
    f"{Noun.AUDIT}.{Verb.ERASED}": "took the values of somebody erased out of audit entries",
}


def actor_name(entry: AuditEntry) -> str:
    """Who did it. A client signs with any name, so it stands in quotes: client "admin"."""
    if entry.actor_kind == ActorKind.CLIENT and entry.actor_label:
        name = entry.actor_label.replace('"', "'")  # else it could seem to end earlier
        return f'client "{name}"'
    return entry.actor_label or "Somebody"


def sentence(entry: AuditEntry) -> str:
    """What happened, beginning with a verb: "changed crm system HubSpot (001)"."""
    if entry.outcome == Outcome.REFUSED:
        return _refusal(entry)
    if entry.event in _WITHOUT_OBJECT:
        return _WITHOUT_OBJECT[entry.event]
    noun, _, done = entry.event.rpartition(".")
    name, kind = object_name(entry), _kinds().get(noun, _plain(noun))
    is_said = kind.rpartition(" ")[2].lower() in name.lower()
    what = name if is_said else f"{kind} {name}"
    return f"{_VERBS.get(done, _plain(done))} {what}".strip()


def says(word: str) -> Q:
    """The condition that an entry's sentence has that folded word, apart from any name."""
    done = [event for event, text in _phrases().items() if word in fold(text)]
    code = Q(code__contains=word) | Q(operation__contains=word)
    refused = Q() if word in _OF_REFUSALS else code
    return Q(outcome=Outcome.CHANGED, event__in=done) | Q(outcome=Outcome.REFUSED) & refused


def names_actor(word: str) -> Q:
    """The condition that the actor is called so although no label says it."""
    is_nobody = Q(actor_label="") if word in "somebody" else Q(pk__in=())
    return is_nobody | (Q(actor_kind=ActorKind.CLIENT) if word in "client" else Q(pk__in=()))


_OF_REFUSALS = "was refused"


@cache
def _phrases() -> dict[str, str]:
    """What is said of each event that there can be, without the object's name."""
    verbs: dict[str, Iterable[Verb]] = {str(noun): its for noun, its in NOUN_VERBS.items()}
    for model in apps.get_models():
        if issubclass(model, Entity):
            verbs[model.noun] = model.verbs | SECRET_VERBS
    said = {
        f"{noun}.{verb}": f"{_VERBS.get(verb, _plain(verb))} {_kinds().get(noun, _plain(noun))}"
        for noun, its in verbs.items()
        for verb in its
    }
    return {**said, **_WITHOUT_OBJECT}


def effect_of_undoing(entry: AuditEntry) -> str:
    """What will happen to the object if the change is undone."""
    usual = "It will be as it was before this change. Later changes of other fields stay."
    return _EFFECTS.get(entry.event.rpartition(".")[2], usual)


@cache
def _kinds() -> dict[str, str]:
    """What people call each kind of object, by its noun in events."""
    entities = (model for model in apps.get_models() if issubclass(model, Entity))
    return {model.noun: str(model._meta.verbose_name) for model in entities}


def object_name(entry: AuditEntry) -> str:
    """The object as people and tools call it: "HubSpot (001)"."""
    label, number = entry.object_label, entry.object_id
    if not label or not number or number in label or entry.object_resource in _IDS_UNKNOWN:
        return label or number
    return f"{label} ({number})"


_IDS_UNKNOWN = {"people", "groups", "keys"}
"""Resources whose ids nobody uses to name them."""


def _refusal(entry: AuditEntry) -> str:
    why = _plain(entry.code)
    if entry.event == f"{Noun.PERSON}.{Verb.SIGN_IN_FAILED}":
        which = "the second step of signing in" if "second" in entry.operation else "to sign in"
        return f"failed {which} as {object_name(entry) or 'nobody known here'}: {why}"
    if not entry.operation:
        return f"was turned away: {why}"
    wanted = f"{entry.operation} {object_name(entry)}".strip()
    return f"was refused {wanted}: {why}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def door_in_words(entry: AuditEntry) -> str:
    """Through which door it came: "in the admin"."""
    return _DOORS[entry.door]


_DOORS = {
    "admin": "in the admin",
    "rest": "over REST",
    "dispatch": "over dispatch",
    "command": "on the command line",
    "public": "on a public page",
    "migration": "by a migration",
    "system": "by itself",
}
