"""The form with which somebody adds a person by hand."""

from typing import Any

from unfold.forms import UserCreationForm

from syteops.people.username_forms import FIELDS, NamingForm


class NewPersonForm(NamingForm, UserCreationForm):  # type: ignore[misc]
    """Says which other way there is to sign in here: Django's own form names those of any site."""

    class Meta(UserCreationForm.Meta):  # type: ignore[misc]
        field_classes = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        way: Any = self.fields["usable_password"]
        way.label, way.choices = "Signs in", [("true", "With a password"), ("false", "Without one")]
        way.help_text = (
            "Without one: by OpenID Connect alone, where that is set up. "
            "To let people choose their own password, invite them."
        )
