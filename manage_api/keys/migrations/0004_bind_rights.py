from django.db import migrations

from manage_api.keys.tokens import VERIFIER_LENGTH, digest_rights
from syteops.core.encryption import UnsealError, open_sealed, seal


def bind(apps, schema_editor):
    """Seal each verifier with the rights of its key. One that does not open is no key any more."""
    reseal(apps, lambda key: digest_rights(key.kind, key.scopes, key.networks, key.expires_at))


def unbind(apps, schema_editor):
    reseal(apps, lambda key: "")


def reseal(apps, digest):
    for key in apps.get_model("keys", "ManageKey").objects.select_for_update():
        try:
            verifier = open_sealed(key, "verifier") or ""
        except UnsealError:
            continue
        key.verifier = seal(key, "verifier", verifier[:VERIFIER_LENGTH] + digest(key))
        key.save(update_fields=["verifier"])


class Migration(migrations.Migration):
    dependencies = [("keys", "0003_key_calls")]
    operations = [migrations.RunPython(bind, unbind)]
