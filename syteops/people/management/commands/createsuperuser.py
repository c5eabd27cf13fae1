"""`manage.py createsuperuser`: makes a superuser, in place of Django's own command."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from syteops.core.actors import command
from syteops.env import inherited_environment
from syteops.people.management.prompts import ask_password, password_problem, refusals_told
from syteops.people.services import create_superuser

_VARIABLE = "DJANGO_SUPERUSER_PASSWORD"


class Command(BaseCommand):
    """Asks for what it is not given. The audit trail tells of the new person."""

    help = "Makes a superuser, who may do everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", help="The name to sign in with.")
        parser.add_argument("--email", help="Where the person is reached by e-mail.")
        parser.add_argument(
            "--noinput", "--no-input",
            action="store_false",
            dest="interactive",
            help=f"Ask nothing: the password is what {_VARIABLE} holds.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        is_asked = options["interactive"]
        with refusals_told():
            username, email = (
                _ask(label) if is_asked and options[name] is None else options[name] or ""
                for name, label in (("username", "Username"), ("email", "E-mail (may be blank)"))
            )
            user = User(username=username, email=email)
            password = ask_password(user, self.stdout) if is_asked else _given_password(user)
            create_superuser(command("createsuperuser"), user, password)
        self.stdout.write(f"{user} may do everything from now on.")


def _ask(label: str) -> str:
    return input(f"{label}: ").strip()


def _given_password(user: User) -> str:
    password = inherited_environment().get(_VARIABLE, "")
    if problem := password_problem(password, user):
        raise CommandError(f"{_VARIABLE}: {problem}")
    return password
