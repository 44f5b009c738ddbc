"""Patching behind an AWS load balancer: rehearsed, reviewed and checked."""
