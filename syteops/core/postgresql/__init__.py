"""Django's PostgreSQL backend, with connections on which nothing is waited for without end."""
