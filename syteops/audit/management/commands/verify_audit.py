"""`manage.py verify_audit`: is the audit trail whole?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syteops.audit import heads, verification


class Command(BaseCommand):
    help = "Check that no audit entry was altered, removed, inserted or swapped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            default="",
            help="A head that this command printed earlier: the trail must still contain it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes nothing. Raises CommandError naming the first bad entry."""
        if options["head"] and not heads.HEAD.fullmatch(options["head"]):
            raise CommandError("--head takes what this command printed after “Head:”.")
        report = verification.verify(options["head"])
        if report.problem:
            raise CommandError(report.problem)
        self.stdout.write(f"The audit trail is whole: {report.sealed} sealed entries.")
        if report.unsealed:
            self.stdout.write(f"{report.unsealed} newer ones are not sealed yet.")
        self.stdout.write(f"Head: {report.head}")
