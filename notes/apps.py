from syteops.modules.config import ModuleConfig


class NotesConfig(ModuleConfig):
    name = "notes"
    label = "notes"
    verbose_name = "Notes"
    module_slug = "notes"
    module_name = "Notes"
    module_description = "Meeting notes with action items."
    module_version = "1.0.0"
