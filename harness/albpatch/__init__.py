"""Patching behind an AWS load balancer: rehearsed, reviewed and checked."""

__version__ = "0.1.0"
