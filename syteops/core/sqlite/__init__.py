"""Django's SQLite backend, which does not work out anew what each statement reads like."""
