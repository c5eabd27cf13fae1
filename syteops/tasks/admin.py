from django.contrib import admin
from django_tasks_db.models import DBTaskResult

# The library's own page shows arguments and raw tracebacks.
admin.site.unregister(DBTaskResult)
