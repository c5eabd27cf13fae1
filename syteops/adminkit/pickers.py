"""Boxes with something to choose from beside them: an icon, a colour. Others can be typed."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextInputWidget

ICONS = (
    "badge", "shield_person", "admin_panel_settings", "supervisor_account", "manage_accounts",
    "engineering", "support_agent", "campaign", "edit", "edit_note", "article", "menu_book",
    "translate", "palette", "photo_camera", "code", "terminal", "database", "dns", "cloud",
    "security", "key", "lock", "gavel", "balance", "account_balance", "payments", "receipt_long",
    "sell", "shopping_cart", "inventory_2", "local_shipping", "handshake", "groups", "school",
    "science", "health_and_safety", "call", "mail", "forum", "event", "schedule",
    "notifications_active", "rocket_launch", "flag", "star", "favorite", "visibility",
)  # fmt: skip
"""Material symbols for what people do."""

COLORS = {
    "#1d4ed8": "Blue",
    "#0f766e": "Teal",
    "#15803d": "Green",
    "#a16207": "Ochre",
    "#c2410c": "Orange",
    "#b91c1c": "Red",
    "#be185d": "Pink",
    "#7e22ce": "Purple",
    "#64748b": "Slate",
    "#1f2937": "Black",
}


class _Picker:
    """Shows the choices below the box."""

    picks: tuple[tuple[str, str], ...]
    picks_label: str
    shows_icons = False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        box: SafeString = super().render(name, value, attrs, renderer)  # type: ignore[misc]
        shown = {"box": box, "id": (attrs or {}).get("id", f"id_{name}"), "picker": self}
        return render_to_string("admin/widgets/picker.html", shown)


class IconPicker(_Picker, UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The name of a Material symbol; what is typed narrows down the ones beside it."""

    picks = tuple((name, name.replace("_", " ").capitalize()) for name in ICONS)
    picks_label = "Icons to choose from"
    shows_icons = True


class ColorPicker(_Picker, UnfoldAdminColorInputWidget):  # type: ignore[misc]
    """The browser's own picker of colours, and some that go well together."""

    picks = tuple(COLORS.items())
    picks_label = "Colours to choose from"
