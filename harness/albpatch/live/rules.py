"""Every finding of a check: severity, what it means, why it matters, what to do. docs/check.md is this table."""

from __future__ import annotations

from albpatch.findings import Finding, Known, known

_NOW = [
    *known(
        "error",
        (
            "fleet-empty",
            "no instance belongs to a fleet",
            "Nothing is patched, and no execution says so.",
            "Correct the tags, the ids or the resource group.",
        ),
        (
            "instance-not-managed",
            "Systems Manager does not manage an instance of a fleet",
            "The runbook skips it every night.",
            "Install the SSM Agent and give it an instance profile with AmazonSSMManagedInstanceCore.",
        ),
        (
            "instance-offline",
            "the SSM Agent of an instance is not online",
            "The runbook skips it as long as the agent does not answer.",
            "Look at the agent, its network path and its instance profile.",
        ),
        (
            "instance-in-two-fleets",
            "an instance belongs to two fleets",
            "Two executions come for it: with leases the second one is deferred, without them both work on it.",
            "Change tags or ids so that each instance has one fleet.",
        ),
        (
            "instance-standby",
            "an instance is in Standby in its Auto Scaling group",
            "It serves nobody, and nobody puts it back.",
            "Find out who put it there; exit Standby when it is well.",
        ),
        (
            "target-group-gone",
            "a target group does not exist",
            "Every execution of the fleet fails.",
            "Apply again with the target group that exists.",
        ),
        (
            "target-group-unattached",
            "a target group belongs to no load balancer",
            "Its targets are never healthy, so nothing can be told from their health.",
            "Attach it to a listener, or name the target group that is in use.",
        ),
        (
            "target-group-type",
            "the targets of a target group are no instances",
            "The runbook takes instances out by their id and fails on other target types.",
            "Take it out of target_group_arns.",
        ),
        (
            "instance-not-registered",
            "a running instance of a fleet is not registered in a target group of the fleet",
            "It serves nobody. It may be left over from an interrupted execution.",
            "Register it when no patch command runs for it, or take the target group out of the fleet.",
        ),
        (
            "target-not-healthy",
            "a registered target is not healthy",
            "The floor counts healthy targets only: a sick one keeps the others from being patched.",
            "Repair or deregister it.",
        ),
        (
            "below-floor",
            "a target group has fewer healthy targets than its floor",
            "The runbook defers every instance of it.",
            "Bring targets back, or lower the disruption budget.",
        ),
        (
            "other-target-group",
            "an instance of a fleet also serves in a target group that its fleet does not name",
            "The runbook does not take it out there: it is rebooted under the traffic of that target group.",
            "Add the target group to target_group_arns of the fleet.",
        ),
        (
            "classic-load-balancer",
            "an instance of a fleet serves behind a Classic Load Balancer",
            "The runbook does not take it out there: it is rebooted under that traffic.",
            "Move it to a target group, or take the instance out of the fleet.",
        ),
        (
            "document-changed",
            "the document is not the one that was applied",
            "The next patch night does something that nobody reviewed.",
            "Apply again.",
        ),
        (
            "document-not-default",
            "the default version of the document is not the one that was applied",
            "Whoever starts the runbook by hand gets another runbook than the window does.",
            "Apply again, or make the applied version the default.",
        ),
        (
            "document-shared",
            "the document is shared with other accounts",
            "They can read and run it.",
            "Remove the permission.",
        ),
        (
            "alarm-gone",
            "an alarm that the runbook looks at does not exist",
            "Every execution fails before it touches its instance.",
            "Make the alarm, or take its name out of alarms.",
        ),
        (
            "calendar-gone",
            "a change calendar that the runbook looks at does not exist",
            "Every execution fails before it touches its instance.",
            "Make the calendar, or take it out of change_calendars.",
        ),
        (
            "topic-gone",
            "the topic that hears of failures does not exist",
            "Nobody is told when an execution fails.",
            "Make the topic, or name another one in notification_topic_arn.",
        ),
        (
            "window-changed",
            "the window is not the one that was applied",
            "It opens at another time, for another length, or not at all.",
            "Apply again.",
        ),
        (
            "window-never-opens",
            "the window has no next execution",
            "Nothing is patched any more, and nothing says so.",
            "Correct the expression or move the end date.",
        ),
        (
            "window-did-not-open",
            "the window did not start when it should have",
            "Nothing was patched that night.",
            "Look at the executions of the window; see whether an earlier one was still running.",
        ),
        (
            "window-target-changed",
            "the targets of the window are not the ones that were applied",
            "Other instances than the fleet's are patched.",
            "Apply again.",
        ),
        (
            "task-changed",
            "the tasks of the window are not the ones that were applied",
            "Other runbooks, parameters or rates than the reviewed ones are in force.",
            "Apply again.",
        ),
        (
            "role-changed",
            "a role is not the one that was applied",
            "It may be assumed by somebody else, or do more or less than the steps need.",
            "Apply again.",
        ),
        (
            "permission-missing",
            "a role may not do what the runbook's steps do",
            "The step fails on every night; after Detach that can leave an instance out.",
            "Add the action to the role's policy, or to the boundary that takes it away.",
        ),
        (
            "lease-table-gone",
            "the lease table does not exist",
            "Every execution fails before it takes a lease, and who is out is remembered nowhere.",
            "Apply again; restore the table to the moment before, if somebody was out.",
        ),
        (
            "lease-table-unfit",
            "the lease table has another key than the runbook writes",
            "Every execution fails before it takes a lease, and nothing is patched.",
            "Give the table the hash key Id, a string, and no range key.",
        ),
        (
            "lease-table-expires",
            "items of the lease table expire",
            "A record is the only memory of an instance that is out. When it expires nobody puts the instance back.",
            "Switch the time to live off.",
        ),
        (
            "open-record",
            "an instance has an open record, and the execution that owns it is over",
            "It is out of its target groups, or may be, and blocks the floor until it is back.",
            "Run albpatch status to see why, and albpatch repair to put it back.",
        ),
        (
            "lease-without-record",
            "a target group has a lease of an instance without an open record",
            "The lease counts against max_unavailable for ever: every instance of the group may be deferred.",
            "Remove the instance from Holders of the item TG#(ARN) when it serves again.",
        ),
        (
            "recovery-off",
            "the restore runbook does not start by itself",
            "When an execution dies, its instance stays out until somebody looks.",
            "Apply again.",
        ),
        (
            "recovery-not-started",
            "an event could not start the restore runbook",
            "An execution died, and nobody put its instance back.",
            "Run albpatch status; purge the queue when everybody is back.",
        ),
        (
            "execution-not-successful",
            "the last execution for an instance did not end as Success",
            "It may have left the instance out, or half patched.",
            "Read the reason that is named; repair the instance before the next window.",
        ),
    ),
    *known(
        "warning",
        (
            "window-disabled",
            "the window is disabled",
            "Nothing is patched until somebody enables it.",
            "Enable it, or make sure that somebody will.",
        ),
        (
            "never-patched",
            "a target of a fleet's target group belongs to no fleet",
            "It serves beside the patched ones and is never patched.",
            "Give it the fleet's tags, or a fleet of its own.",
        ),
        (
            "auto-scaling-group",
            "an instance of a fleet belongs to an Auto Scaling group",
            "The runbook defers it every night: the group would replace it.",
            "Patch it by replacing it from a new image.",
        ),
        (
            "left-draining",
            "a target is draining and no execution works on its instance",
            "It may be left over from an interrupted execution, or somebody else takes it out.",
            "Find out who deregistered it.",
        ),
        (
            "lease-table-unprotected",
            "the lease table has no point-in-time recovery",
            "If somebody empties it, nobody knows which instances are out and where they belong.",
            "Enable point-in-time recovery.",
        ),
        (
            "kept-out",
            "somebody keeps an instance out on purpose",
            "It serves nobody, and its lease counts.",
            "Put it back with albpatch repair when the reason is gone.",
        ),
        (
            "paused",
            "somebody has paused the rolls",
            "Every instance is deferred, and nothing is patched.",
            "Lift the pause when the reason is gone.",
        ),
        (
            "last-roll-unsuccessful",
            "the last opening of the window did not end as SUCCESS",
            "An instance failed, or the window ended before the fleet was done.",
            "Run albpatch check --after-window for the reasons.",
        ),
    ),
    *known(
        "note",
        (
            "instance-not-running",
            "an instance of a fleet does not run",
            "The runbook skips it.",
            "Nothing, if it is meant to stand still.",
        ),
        (
            "roll-under-way",
            "an execution of the runbook is under way",
            "What is out of rotation now may be out because of it.",
            "Check again when it is over, or use --wait.",
        ),
        (
            "patches-missing",
            "an instance has patches to install or to finish",
            "The next window installs them.",
            "Nothing, if the next window is soon enough.",
        ),
        (
            "patches-unknown",
            "an instance was never scanned",
            "Nobody knows what it misses until the first window.",
            "Nothing: the runbook scans before it acts.",
        ),
        (
            "permissions-not-known",
            "what a step needs is not known here",
            "Whether the role may do it could not be told.",
            "Compare the role with the step by hand.",
        ),
    ),
]

_AFTER_WINDOW = [
    *known(
        "error",
        (
            "no-roll",
            "there is no finished opening of the window to look at",
            "Nobody can say what the night did.",
            "Run this check after the window has closed.",
        ),
        (
            "roll-incomplete",
            "the last roll did not do the whole fleet",
            "Who is deferred or skipped every night stays unpatched.",
            "Remove the reasons that are named with the instances.",
        ),
        (
            "roll-halted",
            "the last roll was stopped by a failure",
            "The instances after the failed one were not touched.",
            "Repair the failed instance; the next window goes on.",
        ),
        (
            "instance-failed",
            "an instance failed in the last roll",
            "It was touched and is not well, or the runbook cannot work on it.",
            "Do what the sentence says, then start the runbook for it by hand.",
        ),
        (
            "instance-left-out",
            "an execution ended with the instance out of its target groups",
            "It serves nobody.",
            "Register it when no patch command runs for it and it answers.",
        ),
        (
            "instance-not-reached",
            "the last roll did not come to an instance",
            "It was not patched.",
            "Lengthen the window, or split the fleet.",
        ),
        (
            "not-patched",
            "an instance was reported as patched or compliant and is not",
            "Patches are missing, failed, or wait for a reboot.",
            "Look at its patch states in Patch Manager.",
        ),
        (
            "registration-changed",
            "a target group's targets are not those of the snapshot",
            "A machine was not put back exactly as it was, or somebody changed it meanwhile.",
            "Register what is missing as the snapshot has it.",
        ),
    ),
    *known(
        "warning",
        (
            "instance-deferred",
            "an instance was deferred",
            "It was not patched this time.",
            "Remove the reason that is named.",
        ),
        (
            "instance-skipped",
            "an instance was skipped",
            "It was not patched this time.",
            "Remove the reason that is named, or take it out of the fleet.",
        ),
    ),
]

_BEFORE_DESTROY = known(
    "error",
    (
        "destroy-under-way",
        "an execution is under way, or the window is open",
        "It would lose its document, role or window in the middle, and the instance that is out would stay out.",
        "Wait until it is over: --wait does. albpatch stop halts the roll.",
    ),
    (
        "destroy-forgets",
        "a record is open",
        "The lease table is the only memory of an instance that is out and of where it belongs.",
        "Put the instance back with albpatch repair, or decide with --forget that it stays out.",
    ),
)

_CALLS = [
    *known(
        "error",
        (
            "call-denied",
            "the caller may not read what checks need",
            "The checks that are named could not be made. What was not seen is unknown, not fine.",
            "Allow the action to whoever runs the check.",
        ),
        (
            "call-throttled",
            "AWS throttled a call to the end",
            "The checks that are named could not be made. What was not seen is unknown, not fine.",
            "Run the check again, or with --wait.",
        ),
        (
            "call-failed",
            "AWS did not answer a call",
            "The checks that are named could not be made. What was not seen is unknown, not fine.",
            "Remove the cause that is named, and run the check again.",
        ),
        (
            "not-settled",
            "the state did not settle before the time-out of --wait",
            "What is still changing could not be judged.",
            "Look at what is under way; wait longer with --timeout.",
        ),
    ),
]

RULES: dict[str, Known] = {rule.id: rule for rule in (*_NOW, *_AFTER_WINDOW, *_BEFORE_DESTROY, *_CALLS)}
AFTER_WINDOW = frozenset(rule.id for rule in _AFTER_WINDOW)
BEFORE_DESTROY = frozenset(rule.id for rule in _BEFORE_DESTROY)
CALLS = frozenset(rule.id for rule in _CALLS)


def finding(id: str, address: str, what: str) -> Finding:
    """A finding of a rule. what: what is and what should be, one sentence."""
    return RULES[id].finding(address, what)
