"""The checks: each takes a subject and gives findings. A module answers one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from albpatch.findings import Finding
from albpatch.lint.checks import api, detached, parameters, refused, results, scripts, steps, waits
from albpatch.lint.subject import Subject

ALL: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    refused.check,
    steps.check,
    results.check,
    detached.check,
    api.check,
    scripts.check,
    waits.check,
    parameters.check,
)
