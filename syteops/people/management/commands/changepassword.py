"""`manage.py changepassword`: gives somebody another password, in place of Django's own command."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from syteops.core.actors import command
from syteops.people.management.prompts import ask_password, refusals_told
from syteops.people.services import set_password


class Command(BaseCommand):
    """Works on everybody, superusers too: whoever runs it has the database anyway.

    The change is in the audit trail, ends every session of the person, and reactivates nobody.
    """

    help = "Gives a person another password and ends the person's sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Whose password.")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        self.stdout.write(f"A new password for {username}")
        with refusals_told():
            password = ask_password(user, self.stdout)
            set_password(command("changepassword"), user, password)
        self.stdout.write("The password was changed. Whoever was signed in with it is signed out.")
        if not user.is_active:
            self.stdout.write(f"{username} is deactivated, and cannot sign in before that ends.")
