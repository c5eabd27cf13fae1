"""The OpenAPI 3.1 document, derived from the operations by drf-spectacular."""
