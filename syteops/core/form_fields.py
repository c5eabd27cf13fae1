"""Form fields that take exactly what the API takes, and give back what they were given.

A form that nobody touched changes nothing: what counts as the value of a field is what a browser
makes of the one that is stored.
"""

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.utils.html import format_html
from django.utils.safestring import SafeString

from syteops.lib.json_reader import Refused, read
from syteops.lib.mail_addresses import validate_mail_address
from syteops.lib.masks import LONGEST_SECRET, SENT_BACK, is_mask
from syteops.lib.pictures import PictureRefused, as_address, rewritten, within
from syteops.lib.spelling import DAY, DECIMAL, TIME_OF_DAY, WHOLE
from syteops.lib.text import is_blank, validate_line, with_plain_line_ends
from syteops.lib.urls import validate_web_address

MOST_BYTES = 5 * 1024 * 1024
"""Of a picture that is uploaded for a config."""


class LineField(forms.CharField):
    """One line of text, without outer blanks."""

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError for a text of several lines, before blanks are cut off."""
        text = "" if value is None else str(value)
        if self.max_length is None or len(text.strip()) <= self.max_length:
            validate_line(text)
        return super().to_python("" if is_blank(text) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it differs from what a browser's one line shows of `initial`."""
        shown = re.sub("[\r\n]", "", initial) if isinstance(initial, str) else initial
        return (shown or "") != (data or "") and super().has_changed(shown, data)


class TextField(forms.CharField):
    """Text of any number of lines, kept with its outer blanks and its last line break."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"strip": False, "widget": forms.Textarea, **kwargs})

    def to_python(self, value: Any) -> Any:
        """With a line feed for each line break: browsers send two characters."""
        text = with_plain_line_ends("" if value is None else str(value))
        return super().to_python("" if is_blank(text) else text)

    def has_changed(self, initial: Any, data: Any) -> bool:
        shown = with_plain_line_ends(initial) if isinstance(initial, str) else initial
        return super().has_changed(shown, data)


class SecretField(forms.CharField):
    """A secret: goes in, never comes out. A mask is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": LONGEST_SECRET, **kwargs})

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if is_mask(value):
            raise forms.ValidationError(SENT_BACK, "masked_secret")


class ListField(forms.CharField):
    """A list of texts, as one text with `separator` between them."""

    def __init__(self, separator: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.separator = separator

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError for one that is not one line."""
        texts = with_plain_line_ends(value or "").split(self.separator.strip(" "))
        for text in texts:
            validate_line(text)
        return [text.strip() for text in texts if not is_blank(text)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))

    def prepare_value(self, value: Any) -> Any:
        return self.separator.join(map(str, value)) if isinstance(value, list) else value


class WebAddressField(LineField):
    """An address that a browser opens, as it was written: Django's own field spells it anew, and
    takes "example" for "https://example"."""

    widget = forms.URLInput
    default_validators = [validate_web_address]


class EmailField(LineField, forms.EmailField):
    """An address that mail can be sent to, on one line."""

    default_validators = [validate_mail_address]


class SlugField(LineField, forms.SlugField):
    """A slug, on one line."""


class PictureInput(forms.ClearableFileInput):
    """Takes a file, and shows the picture that there is."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        file = forms.FileInput.render(self, name, None, attrs, renderer)
        if not value:
            return file
        return format_html(
            '<img class="so-picture" src="{}" alt="The picture that is stored">{}'
            '<label><input type="checkbox" name="{}"> Remove the picture</label>',
            value,
            file,
            self.clear_checkbox_name(name),
        )


class PictureField(forms.FileField):
    """A picture as a `data:` address, of `longest` characters at most; it is uploaded as a file."""

    widget = PictureInput

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Raises ValidationError for a file that is no picture. A picture removed is ""."""
        found = super().clean(data, initial)
        if not isinstance(found, UploadedFile):
            return found or ""
        try:
            return as_address(within(rewritten(found, MOST_BYTES), self.longest))
        except PictureRefused as refusal:
            raise forms.ValidationError(str(refusal), "invalid") from refusal

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The picture that is stored: a browser lets no page hold a file for the next attempt."""
        return initial


class UploadField(forms.FileField):
    """A picture as it was uploaded.

    Django's own field opens it, whatever its header says of pixels. Here nothing does before
    whoever stores it (`syteops.lib.pictures`).
    """

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let a browser offer pictures."""
        return {**super().widget_attrs(widget), "accept": "image/*"}


class _OneSpelling(forms.Field):
    """Takes what is written as the API has it, and not all that Python takes for the same."""

    written: ClassVar[re.Pattern[str]]
    told: ClassVar[str]
    """What is said of anything else."""

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError."""
        is_text = isinstance(value, str) and value not in self.empty_values
        if is_text and not self.written.fullmatch(value):
            raise forms.ValidationError(self.told, "invalid")
        return super().to_python(value)


class WholeField(_OneSpelling, forms.IntegerField):
    """A whole number."""

    written, told = WHOLE, "Write a whole number such as 12."


class DecimalField(_OneSpelling, forms.DecimalField):
    """A number. Nothing is never less than nothing: "-0" is 0."""

    written, told = DECIMAL, "Write a number such as 12 or 0.5."

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        return abs(number) if number == 0 else number


class NumberField(_OneSpelling, forms.FloatField):
    """A number of a config."""

    written, told = DECIMAL, DecimalField.told

    def prepare_value(self, value: Any) -> Any:
        """As it is to be written: without an exponent."""
        return f"{Decimal(str(value)):f}" if isinstance(value, float) else value


class DayField(_OneSpelling, forms.DateField):
    """A day."""

    written, told = DAY, "Write the day as 2026-01-31."


class TimeField(_OneSpelling, forms.TimeField):
    """A time of day."""

    written, told = TIME_OF_DAY, "Write the time as 09:30 or 09:30:00."


class MomentField(forms.SplitDateTimeField):
    """A day and a time of day."""

    def __init__(self, **kwargs: Any) -> None:
        super(forms.SplitDateTimeField, self).__init__((DayField(), TimeField()), **kwargs)


class SwitchField(forms.BooleanField):
    """Yes or no. A browser sends "on", or nothing at all; what others send for it, such as "0" or
    "off", Django takes for yes.
    """

    def to_python(self, value: Any) -> bool:
        """Raises ValidationError."""
        if isinstance(value, str) and value not in _SWITCHED:
            raise forms.ValidationError("Tick the box, or leave it empty.", "invalid")
        return bool(super().to_python(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except forms.ValidationError:
            return True

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        """Which hands on what was sent: a widget makes true or false of it."""
        return _Switch(form, self, field_name)


class _Switch(forms.BoundField):
    @property
    def data(self) -> Any:
        sent = self.form.data.get(self.html_name)
        is_odd = isinstance(sent, str) and sent not in _SWITCHED
        return sent if is_odd else super().data


_SWITCHED = ("", "on", "true", "True", "false", "False")


class JsonField(forms.JSONField):
    """JSON as the API takes it; what is none is shown again as it was typed."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value not in self.empty_values and not self.disabled:
            try:
                read(value)
            except Refused as refusal:
                raise forms.ValidationError(str(refusal), "invalid") from refusal
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            self.to_python(data)
        except forms.ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)


_KINDS: dict[type[Any], type[forms.Field]] = {
    models.URLField: WebAddressField,
    models.EmailField: EmailField,
    models.SlugField: SlugField,
    models.JSONField: JsonField,
    models.BooleanField: SwitchField,
    models.IntegerField: WholeField,
    models.DecimalField: DecimalField,
    models.DateTimeField: MomentField,
    models.DateField: DayField,
    models.TextField: TextField,
    models.ImageField: UploadField,
}


def field_of(column: "models.Field[Any, Any]", **options: Any) -> Any:
    """The form field of a column, for forms that no admin makes (`Meta.formfield_callback`)."""
    return column.formfield(**{**options_for(column), **options})


def options_for(field: "models.Field[Any, Any]") -> dict[str, Any]:
    """Which form field a column gets, if not Django's own choice, and how long a text may be.

    The form counts first: what is too long is neither parsed nor put into the object.
    """
    if field.choices:
        return {}
    if type(field) is models.CharField:
        return {"form_class": LineField}
    found = next((made for kind, made in _KINDS.items() if isinstance(field, kind)), None)
    if found is not TextField:
        return {"form_class": found} if found else {}
    limits = [one.limit_value for one in field.validators if isinstance(one, MaxLengthValidator)]
    return {"form_class": found, "max_length": min(limits, default=None)}
