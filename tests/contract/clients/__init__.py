"""Clients that popular generators make of the API description, each living a whole life."""
