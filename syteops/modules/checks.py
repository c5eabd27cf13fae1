"""System checks: what a module says about itself, before anything relies on it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from jsonschema import Draft202012Validator, SchemaError

from syteops.core.modules import ModuleConfig
from syteops.core.schemas import problems, with_defaults

_NAMED = ("module_slug", "module_name", "module_version")


@register()
def check_modules(**kwargs: Any) -> list[CheckMessage]:
    """Every finding about the installed modules."""
    found = [one for one in apps.get_app_configs() if isinstance(one, ModuleConfig)]
    return [*_check_slugs(found), *(error for one in found for error in _check(one))]


def _check_slugs(found: list[ModuleConfig]) -> Iterator[CheckMessage]:
    for slug, times in Counter(getattr(one, "module_slug", "") for one in found).items():
        if times > 1:
            hint = "Take one of them out of EXTRA_MODULES."
            yield Error(f"{times} modules have the slug {slug!r}.", hint=hint, id="modules.E001")


def _check(app: ModuleConfig) -> Iterator[CheckMessage]:
    if lacking := [name for name in _NAMED if not getattr(app, name, "")]:
        yield _error("E002", app, f"does not say its {', '.join(lacking)}")
    try:
        Draft202012Validator.check_schema(app.config_schema)
    except SchemaError as error:
        yield _error("E003", app, f"has a config_schema that is none: {error.message}")
        return
    for one in problems(app.config_schema, with_defaults(app.config_schema, {}), incomplete=True):
        where = ".".join(map(str, one.path))
        yield _error("E004", app, f"has a wrong default in its config_schema ({where})")


def _error(number: str, app: ModuleConfig, problem: str) -> Error:
    hint = f"Correct {app.__class__.__name__} in {app.name}.apps."
    return Error(f"The module {app.name} {problem}.", hint=hint, id=f"modules.{number}")
