"""What the server loads, once per process: the WSGI application behind its gateway."""

from syteops.wsgi import application as wsgi_application  # isort: skip - it sets Django up

from django.db import connections

from syteops.server import liveness
from syteops.server.gateway import Gateway

# This thread is the event loop's from now on, which must never wait for a database.
connections.close_all()
application = Gateway(wsgi_application)
liveness.start(application.busy_since)
