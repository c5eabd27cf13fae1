"""What happened, as the audit trail names it: `crm_system.updated`, a noun and a verb."""

from collections.abc import Mapping
from enum import StrEnum


class Verb(StrEnum):
    """What was done. Every event's name ends in one of these."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"
    ERASED = "erased"
    CHANGED = "changed"
    SECRET_SET = "secret_set"  # noqa: S105 - a name
    SECRET_CLEARED = "secret_cleared"  # noqa: S105 - a name
    REFUSED = "refused"
    # Roles
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    # Modules, integrations and the API as a whole
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    CONFIGURED = "configured"
    TESTED = "tested"
    # Deliveries
    RESENT = "resent"
    # Variables
    RESYNCED = "resynced"
    # AI areas and their suggestions
    ASKED = "asked"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    CANCELLED = "cancelled"
    # Notes
    ACTION_ITEM_DUE = "action_item_due"
    MEMBER_ERASED = "member_erased"
    # Estimates
    SENT = "sent"
    MAILED = "mailed"
    MAIL_FAILED = "mail_failed"
    REMINDED = "reminded"
    VIEWED = "viewed"
    APPROVED = "approved"
    DECLINED = "declined"
    SUPERSEDED = "superseded"
    REINSTATED = "reinstated"
    # Keys, and encryption keys
    GENERATED = "generated"
    ISSUED_BY_ROTATION = "issued_by_rotation"
    ROTATED = "rotated"
    REVOKED = "revoked"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXPIRING = "expiring"
    # People
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    FACTOR_ADDED = "second_factor_added"
    FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    # Background tasks
    RESTARTED = "restarted"
    # The trail itself
    PRUNED = "pruned"


class Noun(StrEnum):
    """What has events and is no Entity; those have their own `noun`."""

    PERSON = "person"
    GROUP = "group"
    AUDIT = "audit"
    ENCRYPTION = "encryption"
    VARIABLES = "variables"
    DELIVERIES = "deliveries"
    TASK = "task"
    SAVED_VIEW = "saved_view"


SECRET_VERBS = frozenset((Verb.SECRET_SET, Verb.SECRET_CLEARED))
"""What can happen to an Entity with secrets, beside the rest."""

NOUN_VERBS: Mapping[Noun, frozenset[Verb]] = {
    Noun.PERSON: frozenset(
        (
            Verb.CREATED,
            Verb.UPDATED,
            Verb.DELETED,
            Verb.PASSWORD_CHANGED,
            Verb.FACTOR_ADDED,
            Verb.FACTOR_REMOVED,
            Verb.RECOVERY_CODES_MADE,
            Verb.RECOVERY_CODE_USED,
            Verb.SIGNED_IN,
            Verb.SIGNED_OUT,
        )
    ),
    Noun.GROUP: frozenset((Verb.CREATED, Verb.UPDATED, Verb.DELETED, Verb.RESTORED)),
    Noun.AUDIT: frozenset((Verb.ERASED, Verb.PRUNED, Verb.RESTORED)),
    Noun.ENCRYPTION: frozenset((Verb.ROTATED,)),
    Noun.VARIABLES: frozenset((Verb.CHANGED, Verb.RESYNCED)),
    Noun.DELIVERIES: frozenset((Verb.PAUSED, Verb.RESUMED, Verb.RESENT)),
    Noun.TASK: frozenset((Verb.RESTARTED,)),
    Noun.SAVED_VIEW: frozenset((Verb.CREATED, Verb.UPDATED, Verb.DELETED)),
}
"""What can happen to what is no Entity; those declare their own `verbs`."""
