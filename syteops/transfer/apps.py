from django.apps import AppConfig


class TransferConfig(AppConfig):
    name = "syteops.transfer"
    label = "transfer"

    def ready(self) -> None:
        """Put its pages beside the lists that can be exported and imported."""
        from syteops.adminkit import list_pages
        from syteops.transfer import exporting
        from syteops.transfer.pages import DELETE, EDIT, PAGES, RESTORE

        for page in (EDIT, DELETE, RESTORE, *PAGES, *exporting.PAGES):
            list_pages.enter(page)
