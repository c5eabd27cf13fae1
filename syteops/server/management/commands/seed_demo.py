"""`manage.py seed_demo`: a believable site to look around in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.module_loading import autodiscover_modules

from syteops.core.actors import command
from syteops.core.demo import all_seeds
from syteops.core.errors import DomainError


class Command(BaseCommand):
    help = "Fill an empty site with believable demo content, to look around in."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """All of it or nothing. Raises CommandError when there is content already."""
        autodiscover_modules("demo")
        busy = [seed.what for seed in all_seeds() if seed.model._default_manager.exists()]
        if busy:
            raise CommandError(f"There are {', '.join(busy)} already. Nothing was added.")
        actor = command("seed_demo")
        for seed in all_seeds():
            try:
                count = seed.run(actor)
            except DomainError as error:
                raise CommandError(f"{seed.what}: {error.detail} Nothing was added.") from error
            self.stdout.write(f"{count} {seed.what}")
