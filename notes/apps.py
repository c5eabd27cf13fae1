from syteops.core.modules import ModuleConfig


class NotesConfig(ModuleConfig):
    name = "notes"
    module_slug = "notes"
    module_name = "Notes"
    module_description = "Meeting notes with action items."
    module_version = "1.0.0"
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "default_status": {
                "type": "string",
                "title": "Status of a new note",
                "description": "Where none is given.",
                "enum": ["draft", "published"],
                "default": "draft",
            },
            "excerpt_length": {
                "type": "integer",
                "title": "Length of derived excerpts",
                "description": "Characters taken from the content where a note has no excerpt.",
                "minimum": 40,
                "maximum": 400,
                "default": 160,
            },
            "follow_up_days": {
                "type": "integer",
                "title": "Days until the follow-up",
                "description": (
                    "A new note with a meeting date and no follow-up date gets one this many "
                    "days later; 0 gives none."
                ),
                "minimum": 0,
                "maximum": 365,
                "default": 0,
            },
        },
    }
