"""Is there what the runbook names and others made: alarms, change calendars, the topic?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.live.verdicts import Check, Item, Look, right, wrong

_THERE = "there"


def named(look: Look) -> Iterator[Item]:
    """Every alarm, calendar and topic that the deployment names exists; nothing is asked where none is named."""
    wanted, account = look.deployment.settings, look.account.named
    alarms = () if wanted.alarms is None else wanted.alarms.names
    there = account.alarms(alarms)
    for name in alarms:
        yield _item("alarm-gone", f"alarm {name}", _THERE if name in there else None)
    for name in wanted.change_calendars or ():
        yield _item("calendar-gone", f"change calendar {name}", account.calendar(name))
    if (topic := wanted.notification_topic_arn) is not None:
        yield _item("topic-gone", f"topic {topic}", _THERE if account.has_topic(topic) else None)


def _item(rule: str, subject: str, found: str | None) -> Item:
    return wrong(rule, subject, "does not exist", _THERE) if found is None else right(subject, found, _THERE)


CHECKS = (
    Check(
        "what-is-named-exists",
        "the alarms, change calendars and the topic that it names exist",
        named,
        ("alarm-gone", "calendar-gone", "topic-gone"),
    ),
)
