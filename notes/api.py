"""Notes over the Manage API."""

from typing import Any

from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.pagination import paged
from manage_api.resources import Resource
from manage_api.serializers import listing
from manage_api.texts import DeletedByIdSerializer, id_help
from notes import people, queries, services
from notes.models import Note
from notes.serializers import NoteListInput, NoteSerializer


@register
class Notes(Resource):
    resource = "notes_items"
    collection = "notes"
    model = Note
    path_help = id_help("note")

    @operation(
        "List the notes", input=NoteListInput, output=listing("items", NoteSerializer, paged=True)
    )
    def list(self, call: Call) -> Any:
        names = ("status", "search", "tag", "ordering")
        found = queries.list_notes(**{n: call.values[n] for n in names if n in call.values})
        return paged("items", found, call.values, _all_shown)

    @operation("Read a note", output=NoteSerializer)
    def get(self, call: Call) -> Any:
        return NoteSerializer(_note(call)).data

    @operation("Write a note", input=NoteSerializer, output=NoteSerializer)
    def create(self, call: Call) -> Any:
        return _shown(services.create_note(call.actor, **people.resolved(call.values)))

    @operation("Change a note", input=NoteSerializer, output=NoteSerializer)
    def update(self, call: Call) -> Any:
        """Lists are sent whole: what is left out goes. As they were read, they change nothing."""
        note = _note(call)
        values = people.resolved(call.values, note)
        return _shown(services.update_note(call.actor, note, **values))

    @operation("Delete a note", output=DeletedByIdSerializer)
    def delete(self, call: Call) -> Any:
        """Deletes the note with its action items for good."""
        note = _note(call)
        note_id = note.pk
        services.delete_note(call.actor, note)
        return {"id": note_id, "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        return queries.deletion_impact(_note(call))


def _note(call: Call) -> Note:
    return queries.get_note(call.path["id"], lock=call.locks)


def _shown(note: Note) -> Any:
    """The note as it is stored now."""
    return NoteSerializer(queries.get_note(str(note.pk))).data


def _all_shown(notes: list[Note]) -> Any:
    return NoteSerializer(notes, many=True).data
