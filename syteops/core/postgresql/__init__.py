"""Django's PostgreSQL backend: nothing is waited for without end, and no session is relied on."""
