import logging
from collections.abc import Iterator
from typing import Any

from django.apps import apps as present_apps
from django.db import IntegrityError, migrations, models, transaction

from syteops.audit.in_migrations import record_updated
from syteops.core.entities import Entity
from syteops.core.records import Record
from syteops.lib.text import is_blank, is_one_line, to_line

log = logging.getLogger(__name__)


def put_on_one_line(apps: Any, schema_editor: Any) -> None:
    """Give every one-line text that has line breaks or controls, from before they were refused, the
    form in which it can be saved: in each column of each model that is there, found by its type."""
    for model in apps.get_models():
        columns = _one_line_columns(model)
        rows = model._base_manager.values_list("pk", *columns) if columns else ()
        for pk, *texts in rows:
            if any(isinstance(text, str) and not is_one_line(text) for text in texts):
                _mend(apps, model._base_manager.get(pk=pk), columns)


def _one_line_columns(model: type[models.Model]) -> list[str]:
    """As `Record` judges them. The trail is never edited: nobody saves an entry again."""
    try:
        present = present_apps.get_model(model._meta.label)
    except LookupError:
        return []
    if not issubclass(present, Record) or model._meta.label == "audit.AuditEntry":
        return []
    fields = model._meta.concrete_fields
    return [f.name for f in fields if isinstance(f, models.CharField) and not f.choices]


def _mend(apps: Any, row: Any, columns: list[str]) -> None:
    changes = dict(_changes(row, columns))
    try:
        with transaction.atomic():
            after = {name: new for name, (_, new) in changes.items()}
            type(row)._base_manager.filter(pk=row.pk).update(**after)
    except IntegrityError:
        log.warning("%s %s: another one has this text, so it keeps its line breaks: %s.",
                    row._meta.label, row.pk, ", ".join(changes))  # fmt: skip
        return
    log.warning("%s %s: put on one line: %s.", row._meta.label, row.pk, ", ".join(changes))
    _record(apps, row, changes)


def _changes(row: Any, columns: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in columns:
        text, field = getattr(row, name), row._meta.get_field(name)
        if not isinstance(text, str) or is_one_line(text):
            continue
        line = "" if is_blank(text) else to_line(text)
        # What must not be empty gets a name that tells where it stands.
        yield name, (text, line or ("" if field.blank else f"{row._meta.model_name}-{row.pk}"))


def _record(apps: Any, row: Any, changes: dict[str, tuple[str, str]]) -> None:
    """In the object's own history, or in that of the object whose part the row is."""
    present = present_apps.get_model(row._meta.label)
    if not issubclass(present, Entity):
        changes = {f"{row._meta.model_name}_{row.pk}_{n}": one for n, one in changes.items()}
        row = getattr(row, next(_owners(present)))
        present = present_apps.get_model(row._meta.label)
    there = {f.attname for f in present._meta.concrete_fields}
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    named = present(**{name: value for name, value in values.items() if name in there})
    record_updated(apps, row, named.public_id, changes)


def _owners(part: type[models.Model]) -> Iterator[str]:
    """What the rows of a model go with, by field, in the order in which the model names it."""
    for field in part._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is models.CASCADE:
            yield field.name


class Migration(migrations.Migration):
    dependencies = [("server", "0001_encryption_proof"), ("audit", "0002_read_every_entry")]

    operations = [migrations.RunPython(put_on_one_line, migrations.RunPython.noop)]
