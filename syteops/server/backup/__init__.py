"""A whole site in one file: database, secrets and uploads, checked before it is trusted."""
