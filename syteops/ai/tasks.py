"""What AI does in the background, and how it is begun: a request never waits for a provider."""

from functools import partial

from django.db import transaction

from syteops.ai import client, services, suggestions
from syteops.ai.areas import Area
from syteops.ai.choices import UNDER_WAY
from syteops.ai.models import AiProvider, AiSuggestion
from syteops.ai.queries import get_provider, problem_of_job
from syteops.ai.suggesting import fingerprint_of, prompt_of, system_of
from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.events import Verb
from syteops.core.permissions import permission_name
from syteops.core.tasks import task
from syteops.lib.text import cut
from syteops.tasks.jobs import Storing, begin
from syteops.tasks.models import Job
from syteops.tasks.working import carry_out


@task(queue_name="slow")
def make_suggestion(job: str, suggestion: str) -> None:
    """Ask an AI for a suggestion."""
    carry_out(make_suggestion, job, suggestion, partial(suggestions.answer, suggestion))


@transaction.atomic
def suggest(actor: Actor, area: Area, about: Entity, back: str = "") -> AiSuggestion:
    """Have the area's AI asked about the object, which is locked.

    What is asked already about the same text is not asked again. Raises Conflict where there is
    nothing to send, and whatever `complete` would refuse with at once.
    """
    suggests = area.get_suggests()
    fingerprint = fingerprint_of(suggests.source(about))
    services.require_available(
        area.slug, system=system_of(suggests), prompt=prompt_of(suggests, about)
    )
    place = {"area": area.slug, "object_id": str(about.pk)}
    if under_way := _asked_already(**place, fingerprint=fingerprint):
        return under_way
    made = AiSuggestion(**place, fingerprint=fingerprint, **_asker(actor))
    needs, name = [permission_name(type(about), "change")], str(made.pk)
    job = begin(
        actor, make_suggestion, about, needs=needs, title=suggests.title, back=back, name=name
    )
    made.job = job.pk
    made.save(force_insert=True)
    audit.record(actor, made, Verb.CREATED, {"object": (None, f"{about.resource} {about.pk}")})
    return made


def _asked_already(**place: str) -> AiSuggestion | None:
    """The one that is under way. One whose task has died is told to have failed instead."""
    for one in AiSuggestion.objects.filter(**place, state__in=UNDER_WAY):
        problem = problem_of_job(one)
        if problem is None:
            return one
        suggestions.fail(one.pk, problem)
    return None


def _asker(actor: Actor) -> dict[str, str]:
    label = cut(actor.label, 200)
    return {"actor_kind": actor.kind, "actor_id": actor.id, "actor_label": label}


# --- Providers -----------------------------------------------------------------------------


@task(queue_name="slow")
def check_connection(job: str, provider: str) -> None:
    """Test the connection to an AI provider."""

    def work(actor: Actor, storing: Storing) -> str:
        return services.check_connection(get_provider(provider))

    carry_out(check_connection, job, provider, work)


@task(queue_name="slow")
def fetch_models(job: str, provider: str) -> None:
    """Fetch the models of an AI provider."""
    carry_out(fetch_models, job, provider, partial(_fetch_models, provider))


def _fetch_models(slug: str, actor: Actor, storing: Storing) -> str:
    names = client.list_models(services.question_to(get_provider(slug)))
    with storing():
        provider = services.set_known_models(actor, get_provider(slug, lock=True), names)
    return f"{provider} offers {len(names)} models. Choose one as the default model."


def try_provider(actor: Actor, which: object, provider: AiProvider, title: str, back: str) -> Job:
    """Begin one of these two tasks."""
    needs = [permission_name(AiProvider, "change")]
    return begin(actor, which, provider, needs=needs, title=title, back=back, name=provider.slug)
