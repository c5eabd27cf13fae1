"""The pages of people and groups in the admin, and what a browser sends to them."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

PEOPLE = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"
NEW_PASSWORD = "canary horse battery"
PASSWORD_FORM = {
    "password1": NEW_PASSWORD,
    "password2": NEW_PASSWORD,
    "usable_password": "true",
}
RIGHTS = ("is_active", "is_staff", "is_superuser")


def save(client: Client, user: User, **changed: Any) -> Any:
    """Send the person's form, as it is but for what is `changed`; None leaves a field out."""
    values = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        **{name: getattr(user, name) and "on" for name in RIGHTS},
        "user_permissions": [one.pk for one in user.user_permissions.all()],
        "groups": [one.pk for one in user.groups.all()],
        **changed,
    }
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return client.post(f"{PEOPLE}{user.pk}/change/", sent)


def set_password(client: Client, user: User) -> Any:
    return client.post(f"{PEOPLE}{user.pk}/password/", PASSWORD_FORM)


def delete(client: Client, user: User) -> Any:
    return client.post(f"{PEOPLE}{user.pk}/delete/", {"post": "yes"})


def delete_selected(client: Client, *people: User) -> Any:
    chosen = [one.pk for one in people]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    return client.post(PEOPLE, data)
