from notes import services
from notes.models import ActionItem, Note
from syteops.core.actors import SYSTEM
from tests.samples import Sample, sample

NOWHERE = {"id": "999999"}


def a_note() -> Note:
    return services.create_note(
        SYSTEM,
        title="Kick-off",
        content="We **start** on Monday.",
        tags=["client"],
        action_items=[{"text": "Book a room"}],
    )


@sample("notes_items.list")
def _list() -> Sample:
    a_note()
    return Sample(params={"status": "draft"}, bad={"status": "gone"})


@sample("notes_items.get")
def _get() -> Sample:
    return Sample({"id": str(a_note().pk)}, missing=NOWHERE)


@sample("notes_items.create")
def _create() -> Sample:
    params = {"title": "Review", "action_items": [{"text": "Write it down"}], "tags": ["a"]}
    return Sample(params=params, bad={"title": "Review", "action_items": [{"done": True}]})


@sample("notes_items.update")
def _update() -> Sample:
    path = {"id": str(a_note().pk)}
    return Sample(path, {"title": "Review", "tags": []}, {"attendees": ["1"]}, NOWHERE)


@sample("notes_items.delete")
def _delete() -> Sample:
    return Sample({"id": str(a_note().pk)}, missing=NOWHERE)


def an_action_item() -> ActionItem:
    return a_note().action_items.get()


@sample("notes_items.list_actions")
def _list_actions() -> Sample:
    a_note()
    return Sample(params={"due_before": "2026-12-24"}, bad={"due_before": "soon"})


@sample("notes_items.get_action")
def _get_action() -> Sample:
    return Sample({"id": str(an_action_item().pk)}, missing=NOWHERE)


@sample("notes_items.complete_action")
def _complete_action() -> Sample:
    return Sample({"id": str(an_action_item().pk)}, missing=NOWHERE)
