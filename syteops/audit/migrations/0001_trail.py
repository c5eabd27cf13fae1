import django.utils.timezone
import syteops.core.actors
import syteops.core.folding
import syteops.core.json_text
import uuid
from django.db import migrations, models


def begin_chain(apps, schema_editor):
    """Once: a site that loses the record of its chain later is told so, and gets no other."""
    from syteops.audit import chain

    chain.begin(apps.get_model("audit", "AuditChain"))


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("audit", "0001_initial"),
        ("audit", "0002_read_every_entry"),
        ("audit", "0003_folded_texts"),
        ("audit", "0004_indexes_of_filters"),
        ("audit", "0005_no_needless_permissions"),
        ("audit", "0006_indexes_of_actors_and_objects"),
    ]

    dependencies = [
        # Its twenty migrations take three times as long with our models around, and ours come
        # after this one.
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("head_sequence", models.BigIntegerField(default=0)),
                ("head_seal", models.CharField(blank=True, max_length=64)),
                ("cut_sequence", models.BigIntegerField(default=0)),
                ("cut_seal", models.CharField(blank=True, max_length=64)),
                ("cut_at", models.DateTimeField(null=True)),
                ("mac", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_one_chain")
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("changed", "Changed"), ("refused", "Refused")],
                        default="changed",
                        max_length=10,
                    ),
                ),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            (syteops.core.actors.ActorKind["PERSON"], "Person"),
                            (syteops.core.actors.ActorKind["KEY"], "Key"),
                            (syteops.core.actors.ActorKind["COMMAND"], "Command"),
                            (syteops.core.actors.ActorKind["CLIENT"], "Client"),
                            (syteops.core.actors.ActorKind["SYSTEM"], "System"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_id", models.CharField(blank=True, max_length=150)),
                ("actor_label", models.CharField(blank=True, max_length=200)),
                (
                    "door",
                    models.CharField(
                        choices=[
                            (syteops.core.actors.Channel["ADMIN"], "Admin"),
                            (syteops.core.actors.Channel["REST"], "Rest"),
                            (syteops.core.actors.Channel["DISPATCH"], "Dispatch"),
                            (syteops.core.actors.Channel["COMMAND"], "Command"),
                            (syteops.core.actors.Channel["PUBLIC"], "Public"),
                            (syteops.core.actors.Channel["MIGRATION"], "Migration"),
                            (syteops.core.actors.Channel["SYSTEM"], "System"),
                        ],
                        max_length=10,
                    ),
                ),
                ("operation", models.CharField(blank=True, max_length=100)),
                ("event", models.CharField(max_length=100)),
                (
                    "object_resource",
                    models.CharField(blank=True, max_length=50, verbose_name="resource"),
                ),
                ("object_id", models.CharField(blank=True, max_length=200, verbose_name="object")),
                ("object_pk", models.CharField(blank=True, editable=False, max_length=64)),
                ("object_label", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("changes", syteops.core.json_text.JsonTextField(blank=True, default=dict)),
                ("code", models.CharField(blank=True, max_length=50)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("mac", models.CharField(editable=False, max_length=64)),
                ("sequence", models.BigIntegerField(editable=False, null=True, unique=True)),
                ("seal", models.CharField(blank=True, editable=False, max_length=64)),
                ("actor_label_folded", syteops.core.folding.FoldedField("actor_label")),
                ("searched", syteops.core.folding.SearchField("object_label", "actor_label")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ("-id",),
                "permissions": (
                    ("read_every_auditentry", "Can read what the trail holds of everything"),
                    ("change_auditentry", "Can undo changes"),
                ),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["object_resource", "object_id"], name="audit_object"),
                    models.Index(fields=["object_resource", "object_pk"], name="audit_object_pk"),
                    models.Index(fields=["object_id", "id"], name="audit_object_id"),
                    models.Index(fields=["actor_kind", "actor_id"], name="audit_actor"),
                    models.Index(fields=["actor_id", "id"], name="audit_actor_id"),
                    models.Index(fields=["actor_label_folded", "id"], name="audit_actor_label"),
                    models.Index(fields=["object_resource", "id"], name="audit_resource"),
                    models.Index(fields=["event", "id"], name="audit_event"),
                    models.Index(fields=["object_resource", "at"], name="audit_resource_at"),
                ],
            },
        ),
        migrations.RunPython(begin_chain, migrations.RunPython.noop),
    ]
