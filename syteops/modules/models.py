from typing import Any, ClassVar

from django.db import models

from syteops.core.entities import Entity


class ModuleState(Entity):
    """What the admin decided about a module. Without a row: active, with the default config.

    `config` holds only what was set; the schema's defaults are added when it is read. The row
    outlives an uninstalled module, so installing it again finds its settings.
    """

    resource: ClassVar[str] = "modules"
    noun: ClassVar[str] = "module"
    counted: ClassVar[bool] = False

    slug = models.SlugField(max_length=50, unique=True, editable=False)
    active = models.BooleanField(default=True)
    config: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        verbose_name = "module"
        default_permissions = ("view", "change")
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug

    @property
    def public_id(self) -> str:
        return self.slug
