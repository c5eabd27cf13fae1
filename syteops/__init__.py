"""SyteOps: a self-hosted control plane for one site."""

__version__ = "0.1.0"
