from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from syteops.automation.choices import ValueType, canonical
from syteops.automation.names import (
    ACRONYM,
    FREE_PREFIX,
    KEY,
    validate_acronym,
    validate_key,
    validate_suffix,
)
from syteops.core.entities import Entity
from syteops.core.folding import FoldedField, SearchField
from syteops.core.records import Record
from syteops.lib.text import is_blank

MAX_VALUE = 10_000


class Variable(Entity):
    """A free-form automation variable, the only kind that tools may write."""

    resource: ClassVar[str] = "variables"
    noun: ClassVar[str] = "variable"
    identified_by: ClassVar[str] = "key"

    key = models.CharField(
        max_length=64,
        unique=True,
        validators=[validate_key],
        help_text="Automations know it as syteops_api_ and this key.",
    )
    value = models.TextField(max_length=MAX_VALUE, validators=[MaxLengthValidator(MAX_VALUE)])
    description = models.CharField(max_length=500, blank=True, help_text="What it is for.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    value_folded = FoldedField("value")
    description_folded = FoldedField("description")
    searched = SearchField("key", "value", "description")

    class Meta:
        verbose_name = "free-form variable"
        ordering = ("key",)
        constraints = (
            models.CheckConstraint(condition=Q(key__regex=KEY), name="automation_key_form"),
            models.CheckConstraint(condition=~Q(value=""), name="automation_value_not_blank"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What automations call it."""
        return f"{FREE_PREFIX}{self.key}"

    def clean(self) -> None:
        """A variable has a value, or it does not exist."""
        super().clean()
        if is_blank(self.value):
            raise ValidationError({"value": ValidationError("Give a value.", "blank")})


class VariableSet(Entity):
    """Static values that belong together, defined by an admin, such as those of a brand."""

    resource: ClassVar[str] = "variable_sets"
    noun: ClassVar[str] = "variable_set"
    identified_by: ClassVar[str] = "acronym"

    name = models.CharField(max_length=100)
    acronym = models.CharField(
        max_length=16,
        unique=True,
        validators=[validate_acronym],
        help_text="Its variables are named syteops_, this acronym, _svs_ and a suffix.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    name_folded = FoldedField("name")
    searched = SearchField("name", "acronym")

    class Meta:
        verbose_name = "variable set"
        ordering = ("acronym",)
        constraints = (
            models.CheckConstraint(
                condition=Q(acronym__regex=ACRONYM), name="automation_acronym_form"
            ),
        )

    def __str__(self) -> str:
        return self.name


class VariableSetValue(Record):
    """One value of a set. Written through the set's services."""

    set = models.ForeignKey(VariableSet, on_delete=models.CASCADE, related_name="values")
    suffix = models.CharField(max_length=64, validators=[validate_suffix])
    type = models.CharField(max_length=10, choices=ValueType, default=ValueType.TEXT)
    value = models.TextField(
        max_length=MAX_VALUE, blank=True, validators=[MaxLengthValidator(MAX_VALUE)]
    )

    suffix_folded = FoldedField("suffix")
    searched = SearchField("value")

    class Meta:
        verbose_name = "value"
        default_permissions = ()
        ordering = ("suffix",)
        constraints = (
            models.UniqueConstraint(fields=["set", "suffix"], name="automation_one_suffix_per_set"),
            models.CheckConstraint(condition=Q(suffix__regex=KEY), name="automation_suffix_form"),
            models.CheckConstraint(
                condition=Q(type__in=ValueType.values), name="automation_known_type"
            ),
        )

    def __str__(self) -> str:
        return self.suffix

    def clean(self) -> None:
        """Bring the value into the canonical form of its type, or refuse it."""
        super().clean()
        if self.type not in ValueType.values:
            return  # its own field says so
        try:
            self.value = canonical(self.type, self.value)
        except ValidationError as error:
            raise ValidationError({"value": error.messages}) from error

    def as_row(self) -> dict[str, Any]:
        """The value as the audit trail shows it."""
        return {"suffix": self.suffix, "type": self.type, "value": self.value}


class VariableRead(models.Model):
    """How often a key has read a variable, and when last; written by `reads`.

    `key_id` is the key's public id, which outlives it, and `name` the variable's, which may not
    exist at present; a blank one stands for exports, which hold all that there are.
    """

    key_id = models.CharField(max_length=12)
    name = models.CharField(max_length=200, blank=True)
    reads = models.PositiveBigIntegerField()
    last_read_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["name", "key_id"], name="automation_one_read_per_key"),
        )

    def __str__(self) -> str:
        return f"{self.key_id} reads {self.name}"
