"""Every finding of a review: severity, what it means, why it matters, what to do. docs/review.md is this table."""

from __future__ import annotations

from albpatch.findings import Finding, Known, known

_ALL = [
    *known(
        "error",
        (
            "guard-weakened",
            "a guard of the runbook is removed, passed or weakened",
            "An instance can be taken out or rebooted although a check failed, or stay out after a failure.",
            "Put the guard back. If the runbook is safe without it, say why and accept it: --accept guard-weakened.",
        ),
        (
            "settings-weakened",
            "a setting protects less than before",
            "Less capacity stays, less is waited for, or more is drained than before.",
            "If it is wanted, accept it by name: --accept settings-weakened.",
        ),
        (
            "document-refused",
            "Systems Manager would refuse the document",
            "The apply fails, or every execution does.",
            "Correct the document at the place that is named.",
        ),
        (
            "document-public",
            "the document is shared with everybody",
            "It shows every account how this fleet is patched, and the ARN of its role.",
            "Remove the permission, or name the accounts.",
        ),
        (
            "document-unpinned",
            "a task runs $LATEST or $DEFAULT instead of a version",
            "Whoever writes a new version of the document changes the next patch night without a review.",
            "Pass the version that this apply makes.",
        ),
        (
            "parameter-undeclared",
            "a task passes a parameter that the document does not declare",
            "Every execution is refused, and nothing is patched.",
            "Pass it by the name that the document declares, or not at all.",
        ),
        (
            "parameter-missing",
            "a task does not pass a parameter that the document requires",
            "Every execution is refused, and nothing is patched.",
            "Pass it, or give it a default in the document.",
        ),
        (
            "parameter-refused",
            "the document does not accept the value that a task passes",
            "Every execution is refused, and nothing is patched.",
            "Pass a value that the pattern or the allowed values of the parameter accept.",
        ),
        (
            "instance-not-passed",
            "no parameter of a task receives {{RESOURCE_ID}}",
            "The runbook does not learn which instance it is for.",
            "Pass {{RESOURCE_ID}} as the instance id.",
        ),
        (
            "concurrency-above-floor",
            "more instances at once, and the runbook takes no leases",
            "Executions at the same time do not count each other: a target group can go below its floor.",
            "Set max_concurrency to 1, or use the bundled runbook, which takes leases.",
        ),
        (
            "errors-tolerated",
            "the roll goes on after a failure",
            "The window starts the next instances after a failure. The bundled runbook then defers them, because the"
            " lease table says that the roll is halted; the clone of AWS's runbook patches them.",
            "Set max_errors to 0.",
        ),
        (
            "cutoff-continues",
            "a task goes on starting instances after the window's cutoff",
            "Without CANCEL_TASK the roll runs past the end of the window, into the day.",
            "Set cutoff_behavior to CANCEL_TASK.",
        ),
        (
            "window-too-short",
            "an instance may be out of rotation for longer than the window is open",
            "Even the first instance of the night may not be back when the window ends.",
            "Lengthen duration_hours, or shorten the time-outs of patching and health.",
        ),
        (
            "window-never-opens",
            "the window never opens again",
            "Nothing is patched any more, and nothing says so.",
            "Correct the expression, or move the end date.",
        ),
        (
            "schedule-refused",
            "the schedule is one that a maintenance window does not take, or that is not known here",
            "The apply fails, or nobody can say when it opens.",
            "Correct the expression, the time zone or the dates.",
        ),
        (
            "windows-overlap",
            "two windows on one target group are open at the same time, and their rolls do not count each other",
            "Without leases in one table they can together take a target group below its floor.",
            "Give both calls the same lease_table_name, or move one of the windows.",
        ),
        (
            "fleets-share-target-group",
            "two fleets of one window serve in the same target group, and the runbook takes no leases",
            "Fleets are patched side by side and do not count each other: together they can go below the floor.",
            "Make them one fleet, or use the bundled runbook, which takes leases.",
        ),
        (
            "lease-tables-differ",
            "two calls serve in one target group and take their leases in different tables, or one takes none",
            "They do not count each other, in windows and in rolls that somebody starts by hand: together they can take"
            " the target group below its floor.",
            "Give both calls the same lease_table_name.",
        ),
        (
            "lease-table-expires",
            "items of the lease table expire",
            "A record is the only memory of an instance that is out. When it expires nobody puts the instance back.",
            "Remove the time to live from the table.",
        ),
        (
            "lease-table-unfit",
            "the lease table has another key than the runbook writes",
            "Every execution fails before it takes a lease, and nothing is patched.",
            "Give the table the hash key Id, a string, and no range key.",
        ),
        (
            "instance-in-two-fleets",
            "an instance belongs to two fleets",
            "Two executions come for it: with leases the second one is deferred, without them both work on it.",
            "Change tags or ids so that each instance has one fleet.",
        ),
        (
            "target-type-unsupported",
            "a target group whose targets are no instances",
            "The runbook takes instances out by their id and fails on ip, lambda and alb targets.",
            "Take it out of target_group_arns; patch what is behind it in another way.",
        ),
        (
            "registered-by-other",
            "somebody else registers the targets of this target group",
            "EKS, ECS and CodeDeploy put back what the runbook takes out, in the middle of a reboot, or remove it.",
            "Take it out of target_group_arns; patch its nodes the way their owner provides.",
        ),
        (
            "permission-missing",
            "the role may not do what a step does",
            "The step fails on every night; after Detach that can leave an instance out.",
            "Allow the action on the resource that is named, in the policy of the role and in its boundary.",
        ),
        (
            "write-on-everything",
            "an action that changes something is allowed on *",
            "A mistake or a stolen session reaches every resource of the account.",
            "Name the resources, or limit the statement by a condition.",
        ),
        (
            "trust-without-source",
            "the role can be borrowed by another account through Systems Manager",
            "Without aws:SourceAccount or aws:SourceArn the service may act for somebody else (confused deputy).",
            "Add the condition that AWS documents for roles of Automation.",
        ),
        (
            "passrole-to-any-service",
            "iam:PassRole without iam:PassedToService",
            "The role can be handed to a service that it was not made for.",
            "Add the condition iam:PassedToService.",
        ),
        (
            "policy-unreadable",
            "a policy that is none",
            "IAM refuses it, and the role may do less than it seems.",
            "Correct its JSON.",
        ),
        (
            "attachment-during-patching",
            "this apply registers an instance that is out for patching, or that an execution works on",
            "The provider forgets an attachment whose target is draining, and creates it again: a machine is registered"
            " in the middle of its reboot, and traffic goes to it.",
            "Apply when the execution is over and the record is closed: albpatch status says when.",
        ),
        (
            "under-way-not-known",
            "the account did not say what is under way",
            "What was not seen is unknown, not fine: an apply may hit a running roll.",
            "Allow the action to whoever runs the review, or review without --live.",
        ),
        (
            "recovery-off",
            "nothing starts the restore runbook by itself",
            "When an execution dies, its instance stays out until somebody looks.",
            "Enable the rule, and let it start the restore runbook of the call.",
        ),
        (
            "destroys-what-a-roll-needs",
            "this apply destroys something that a running or unfinished roll needs",
            "A running execution loses its document, role, window or lease table, and who is out stays out.",
            "Apply when no execution runs and every instance is back: with --live the account is asked.",
        ),
        (
            "replaces-what-a-roll-needs",
            "this apply replaces something that a running or unfinished roll needs",
            "A replacement is a destruction first: a running execution loses what it works with.",
            "Keep the name, or apply when no execution runs and every instance is back: --live asks the account.",
        ),
    ),
    *known(
        "warning",
        (
            "guard-changed",
            "a guard of the runbook changed in a way that only a reader can judge",
            "Whether it protects as much as before cannot be told from the outside.",
            "Read the difference that is named.",
        ),
        (
            "document-shared",
            "the document is shared with other accounts",
            "They can read and run it.",
            "Make sure that these accounts need it.",
        ),
        (
            "no-floor",
            "no target has to stay healthy",
            "The last healthy target of a target group may be taken out.",
            "Keep min_healthy at 1 or more; the clone of AWS's runbook keeps none, the bundled one does.",
        ),
        (
            "floor-blocks",
            "the floor lets no instance go",
            "Every instance is deferred, night after night, and stays unpatched.",
            "Lower min_healthy or min_healthy_percent, or add targets.",
        ),
        (
            "roll-too-long",
            "the fleet cannot be done in one window even if every instance takes the least time",
            "The last instances are patched in a later window, or never if the first ones always need patches.",
            "Lengthen the window, shorten the cutoff, or split the fleet.",
        ),
        (
            "window-disabled",
            "the window is disabled",
            "Nothing is patched until somebody enables it.",
            "Enable it, or say in the pull request until when it stays closed.",
        ),
        (
            "too-few-targets",
            "a target group with fewer than two targets",
            "Its only instance cannot be taken out without closing the service: it is never patched.",
            "Register a second target.",
        ),
        (
            "auto-scaling-group",
            "an Auto Scaling group registers the targets of this target group",
            "The runbook defers every instance of an Auto Scaling group: these are never patched by it.",
            "Patch them by replacing them from a new image, and take the group out of the fleet.",
        ),
        (
            "leases-contended",
            "more instances are started at once than the target group spares",
            "Leases keep the floor: who finds none waits up to five minutes and is then deferred, unpatched, to the"
            " next window.",
            "Lower the concurrency, raise max_unavailable where the service bears it, or move one of the windows.",
        ),
        (
            "recovery-unheard",
            "an event that could not start the restore runbook is lost",
            "EventBridge gives up after its retries, and nobody learns that an instance is still out.",
            "Give the event target a dead letter queue.",
        ),
        (
            "lease-table-unprotected",
            "the lease table has no point-in-time recovery",
            "If somebody empties it, nobody knows which instances are out and where they belong.",
            "Enable point_in_time_recovery.",
        ),
        (
            "attachment-created",
            "this apply registers a target in a target group that is patched",
            "The provider forgets an attachment whose target is draining. If that is why it is created, this apply"
            " registers a machine in the middle of its reboot.",
            "If the attachment is not new, apply when no execution runs: --live looks for one.",
        ),
        (
            "upstream-changed",
            "AWS has changed the document that is cloned",
            "What was reviewed and rehearsed is another text than the one that AWS runs today.",
            "Read the difference, rehearse it, then set runbook.aws_owned_version to the version that you want.",
        ),
        (
            "fleet-removed",
            "a fleet is removed",
            "Its instances are not patched any more.",
            "Make sure that another fleet has them.",
        ),
        (
            "permission-unneeded",
            "the role may do something that no step does",
            "A permission without a use is only of use to somebody else.",
            "Remove the action from the policy.",
        ),
    ),
    *known(
        "note",
        (
            "cutoff-short",
            "an instance that is started just before the cutoff may be back after the window's end",
            "In the worst case the work goes on after the window has closed.",
            "Lengthen cutoff_hours where that matters.",
        ),
        (
            "clock-change",
            "the window opens at a time that does not exist, or comes twice, on a day of the next openings",
            "AWS does not say what a maintenance window does then.",
            "Choose a time at which the clock does not change.",
        ),
        (
            "duration-unbounded",
            "nothing limits how long an execution may take",
            "Nobody can say whether the window is long enough.",
            "Give the steps that are named a timeoutSeconds.",
        ),
        (
            "not-shown",
            "a part of the plan that a check needs is not shown",
            "What is not known before the apply could not be reviewed.",
            "Review again after the apply, or make the value known.",
        ),
        (
            "permission-not-known",
            "a call of the runbook whose permissions are not known here",
            "Whether the role has too much or too little could not be told.",
            "Compare the role with the step by hand.",
        ),
    ),
]

RULES: dict[str, Known] = {rule.id: rule for rule in _ALL}


def finding(id: str, address: str, what: str) -> Finding:
    """A finding of a rule. what: what was seen here, one sentence."""
    return RULES[id].finding(address, what)
