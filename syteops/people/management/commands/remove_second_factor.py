"""`manage.py remove_second_factor`: for a superuser who is locked out."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from syteops.core.actors import command
from syteops.people.factors import remove_factors
from syteops.people.management.prompts import refusals_told


class Command(BaseCommand):
    """Works on everybody, superusers too: whoever runs it has the database anyway.

    It is in the audit trail, and ends every session of the person.
    """

    help = "Removes a person's second factor and recovery codes, and ends the person's sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Who has lost phone and recovery codes.")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        with refusals_told():
            remove_factors(command("remove_second_factor"), user)
        self.stdout.write(f"{username} signs in with the password alone now.")
