"""What AI settings look like in the API."""

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from rest_framework import serializers

from manage_api.fields import (
    IsSetField,
    JsonObjectField,
    MomentField,
    SecretField,
    StrictCharField,
    StrictDateField,
    StrictIntegerField,
    StrictListField,
)
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from syteops.ai import queries
from syteops.ai.areas import all_areas
from syteops.ai.choices import SuggestionState
from syteops.ai.models import AiAreaSettings, AiSuggestion, AiUsage
from syteops.ai.suggesting import MOST_ITEMS
from syteops.tasks.serializers import TaskProblemSerializer


class AiProviderSerializer(serializers.Serializer[Any]):
    """A provider; of its key only whether it is set."""

    provider = serializers.CharField(source="slug", help_text="Such as `openai`.")
    name = serializers.CharField()
    base_url = serializers.CharField()
    default_model = serializers.CharField(help_text="Blank: none is chosen.")
    token_limit = serializers.IntegerField(
        allow_null=True, help_text="Most tokens of one answer, whatever an area allows."
    )
    key_set = IsSetField(source="api_key")
    key_set_at = MomentField(source="api_key_set_at", allow_null=True)
    is_default = serializers.BooleanField()


class AiProvidersSerializer(serializers.Serializer[Any]):
    """All providers, and which is the default."""

    providers = AiProviderSerializer(many=True)
    default = serializers.CharField(
        allow_null=True, help_text="Who serves the areas that name no provider."
    )


class AiKeyInput(StrictSerializer):
    """A provider's key."""

    api_key = SecretField(
        validators=[RegexValidator("^[!-~]+$", "A key has letters, digits and signs.")]
    )


class AiKeySerializer(serializers.Serializer[Any]):
    """Whether a provider has a key."""

    provider = serializers.CharField(source="slug")
    key_set = IsSetField(source="api_key")


class AiAreaInput(StrictModelSerializer):
    """What can be chosen for an area."""

    provider = StrictCharField(
        required=False,
        allow_null=True,
        max_length=50,
        help_text="Slug of a provider; null: the default provider.",
    )

    class Meta:
        model = AiAreaSettings
        fields = (
            "provider", "model", "max_tokens", "requests_per_day", "tokens_per_month", "enabled",
        )  # fmt: skip


class AiAreaSerializer(serializers.Serializer[Any]):
    """An area and its settings."""

    area = serializers.CharField(source="area.slug")
    name = serializers.CharField(source="area.name")
    description = serializers.CharField(source="area.description")
    provider = serializers.CharField(
        source="settings.provider.slug",
        default=None,
        allow_null=True,
        help_text="null: the default provider.",
    )
    model = serializers.CharField(
        source="settings.model", help_text="Blank: the provider's default model."
    )
    max_tokens = serializers.IntegerField(
        source="settings.max_tokens", help_text="Most tokens of one answer."
    )
    requests_per_day = serializers.IntegerField(
        source="settings.requests_per_day", allow_null=True, help_text="null: no limit."
    )
    tokens_per_month = serializers.IntegerField(
        source="settings.tokens_per_month", allow_null=True, help_text="null: no limit."
    )
    enabled = serializers.BooleanField(source="settings.enabled")
    ready = serializers.BooleanField(
        help_text="Whether it would work now: it is enabled, and has a provider, key and model."
    )


class AiUsageInput(StrictSerializer):
    """Which usage to show."""

    area = StrictCharField(
        required=False, allow_blank=True, max_length=100, help_text="Only this area."
    )
    since = StrictDateField(
        required=False, help_text="The first day; left out, the last 30 days are shown."
    )


class AiUsageSerializer(serializers.ModelSerializer[AiUsage]):
    """What one area used of one model on one day, for one person or key."""

    actor_kind = serializers.CharField(
        help_text="Who asked: `person`, `key`, `command` or `system`; blank: before it was kept."
    )
    actor_id = serializers.CharField(help_text="The person's or key's id.")
    actor = serializers.CharField(source="actor_label", help_text="Its name then.")
    cost = serializers.DecimalField(
        max_digits=24,
        decimal_places=6,
        allow_null=True,
        help_text="In US dollars, at the provider's present prices; null: they are not set.",
    )

    class Meta:
        model = AiUsage
        fields = (
            "area", "day", "provider", "model", "actor_kind", "actor_id", "actor", "requests",
            "cost", "input_tokens", "output_tokens", "reserved_tokens",
        )  # fmt: skip
        read_only_fields = fields


# --- Suggestions -----------------------------------------------------------------------------


class AiSuggestedItemSerializer(serializers.Serializer[Any]):
    """One thing that is suggested."""

    index = serializers.IntegerField(help_text="What names it when it is accepted.")
    text = serializers.CharField(help_text="In words.")
    values = JsonObjectField(help_text="What would be stored: fields as the object has them.")


class AiSuggestionSerializer(serializers.Serializer[Any]):
    """What AI suggests for one object, or is being asked for."""

    suggestion = serializers.UUIDField(source="pk", help_text="Its id.")
    area = serializers.CharField(help_text="Such as `notes.summary`.")
    status = serializers.ChoiceField(choices=SuggestionState.values)
    items = AiSuggestedItemSerializer(many=True, help_text="Empty while it is not `ready`.")
    accepted = serializers.ListField(
        child=serializers.IntegerField(), help_text="The indexes of what was accepted."
    )
    problem = TaskProblemSerializer(allow_null=True, help_text="null: it has not failed.")
    provider = serializers.CharField(help_text="Who answered; blank before.")
    model = serializers.CharField()
    input_tokens = serializers.IntegerField(allow_null=True, help_text="null: not told.")
    output_tokens = serializers.IntegerField(allow_null=True, help_text="null: not told.")
    asked_by = serializers.CharField(source="actor_label")
    created_at = MomentField()
    ended_at = MomentField(
        allow_null=True, help_text="When it was answered, and then when it was decided."
    )

    def to_representation(self, instance: AiSuggestion) -> Any:
        """With its state of now, and each item in words."""
        state = queries.state_of(instance)
        failed = state is SuggestionState.FAILED
        shown = vars(instance) | {
            "pk": instance.pk,
            "status": str(state),
            "items": shown_items(instance),
            "problem": queries.problem_of_job(instance) if failed else None,
        }
        return super().to_representation(shown)


def shown_items(suggestion: AiSuggestion) -> list[dict[str, Any]]:
    """The items with their indexes, and in words."""
    suggests = all_areas()[suggestion.area].get_suggests()
    return [
        {"index": index, "text": suggests.words(one), "values": one}
        for index, one in enumerate(suggestion.items)
    ]


class AiAcceptInput(StrictSerializer):
    """What of a suggestion is wanted."""

    examples: ClassVar[dict[str, Any]] = {"items": [0]}

    items = StrictListField(
        child=StrictIntegerField(min_value=0, max_value=MOST_ITEMS - 1),
        min_length=1,
        max_length=MOST_ITEMS,
        help_text="The indexes of the items to store.",
    )
    changes = JsonObjectField(
        required=False,
        help_text="What to store instead, by index: fields as an item's values have them.",
    )
