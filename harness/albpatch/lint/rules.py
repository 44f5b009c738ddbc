"""Every rule of `albpatch lint`: severity, what it means, why it matters, what to do. docs/lint.md is this table."""

from __future__ import annotations

from albpatch.findings import Finding, Known, known

_ALL = [
    *known(
        "error",
        (
            "document-refused",
            "Systems Manager would refuse the document",
            "CreateDocument answers InvalidDocumentContent, and so does an apply.",
            "Correct the document at the place that is named.",
        ),
        (
            "service-unknown",
            "a service that boto3 does not have",
            "The step or the script fails as soon as it asks for it.",
            "Write the name of the client in boto3, such as elbv2.",
        ),
        (
            "api-unknown",
            "an operation, waiter or paginator that the service does not have",
            "The step or the script fails when it makes the call.",
            "Correct the name; if it is a new one, install a newer botocore.",
        ),
        (
            "input-unknown",
            "an argument that the operation does not take",
            "The request is refused before it is sent.",
            "Correct the name; upper and lower case count.",
        ),
        (
            "input-missing",
            "an argument that the operation requires is missing",
            "The request is refused before it is sent.",
            "Give it.",
        ),
        (
            "input-shape",
            "a list, a map or a single value where the operation takes something else",
            "The request is refused before it is sent.",
            "Write it in the form that the operation takes.",
        ),
        (
            "selector-unmatched",
            "a selector that nothing in the answer matches",
            "The output stays empty, or the wait never ends.",
            "Correct the path; upper and lower case count.",
        ),
        (
            "output-never",
            "a reference to an output of a step that cannot have run",
            "The text with its braces is passed on as it stands.",
            "Take the value from a step that runs before.",
        ),
        (
            "script-syntax",
            "a script that does not compile",
            "The step fails as soon as it runs.",
            "Correct the script.",
        ),
        (
            "handler-missing",
            "the script has no function of the handler's name",
            "The step fails as soon as it runs.",
            "Define the function, or correct Handler.",
        ),
        (
            "handler-parameters",
            "the handler does not take two arguments",
            "Automation calls it with the payload and a context, and the step fails.",
            "Define it with two parameters.",
        ),
        (
            "sleep-duration",
            "a duration that aws:sleep does not take",
            "The step fails as soon as it runs.",
            "Write an ISO 8601 duration such as PT10M, of less than seven days.",
        ),
    ),
    *known(
        "warning",
        (
            "left-detached",
            "a way through the document takes something out of service and does not put it back",
            "The instance serves nothing any more, and nobody is told.",
            "Lead the way through a step that puts it back; onFailure and onCancel count too.",
        ),
        (
            "output-not-sure",
            "a reference to an output of a step that has not run, or has failed, on some way",
            "On that way the text with its braces is passed on as it stands.",
            "Lead every way through that step, or take the value from one that has surely run.",
        ),
        (
            "step-unreachable",
            "a step that no way leads to",
            "It never runs.",
            "Lead a way to it, or remove it.",
        ),
        (
            "cycle",
            "a way leads back to a step that has run",
            "AWS does not document what Automation does then, and none of its own documents does it.",
            "Use aws:loop, maxAttempts, or a step that waits.",
        ),
        (
            "value-unknown",
            "a value that the operation does not list",
            "The request is refused, or the comparison never holds.",
            "Correct the value; upper and lower case count.",
        ),
        (
            "selector-type",
            "the answer has another form than the output's type",
            "The step fails, or the value is not what the next step expects.",
            "Change the type, or select one value.",
        ),
        (
            "api-streams",
            "an operation that answers with a stream",
            "aws:executeAwsApi does not support streaming operations.",
            "Call it from a script.",
        ),
        (
            "role-missing",
            "a script calls AWS and the document names no role",
            "AWS asks for an assume role wherever a script calls AWS.",
            "Set assumeRole.",
        ),
        (
            "runtime-retired",
            "a runtime that AWS does not list any more",
            "A new document or version with it is refused.",
            "Use python3.11 or newer, or PowerShell 7.4.",
        ),
        (
            "script-braces",
            "double braces in a script",
            "Automation puts values in between double braces before Python reads the text: what is passed in becomes"
            " code, and braces of Python's own may be lost.",
            "Pass values through InputPayload; write a blank between two braces.",
        ),
        (
            "document-large",
            "the document is above the limit because of its white space",
            "Systems Manager refuses a text of more than 64 KB, blanks and line breaks included.",
            "Send it without indentation.",
        ),
        (
            "script-import",
            "a script imports what may not be there",
            "AWS documents the standard library and boto3 only; anything else fails at the import when it is gone.",
            "Do without it.",
        ),
        (
            "default-refused",
            "a default that the parameter's own pattern does not accept",
            "Whoever starts the document without that parameter may be refused.",
            "Let the pattern accept the default, or leave the default out.",
        ),
        (
            "script-time",
            "a script may take longer than AWS lets it",
            "A script is ended after 600 seconds whatever the step says.",
            "Repeat a shorter script with maxAttempts, or wait with a native action.",
        ),
        (
            "cancel-time",
            "the steps after a cancellation may take longer than AWS lets them",
            "Automation ends the cancellation after two minutes, wherever it is.",
            "Let the way of onCancel be short, with time-outs of two minutes at most.",
        ),
        (
            "timeout-missing",
            "a step that waits has no timeoutSeconds",
            "It waits for its action's own limit: an hour, a week, or for ever.",
            "Set timeoutSeconds.",
        ),
    ),
    *known(
        "note",
        (
            "sleep-for-look",
            "a fixed sleep after a change, where the result could be looked at",
            "It is too long on a good day and too short on a bad one.",
            "Wait with aws:waitForAwsResourceProperty or a script that looks.",
        ),
        (
            "failure-hidden",
            "a step that changes something may fail and the execution still ends as Success",
            "Without isCritical, onFailure Continue counts as no failure.",
            "Set isCritical true, or say false where it is meant.",
        ),
        (
            "parameter-loose",
            "a String parameter that accepts any text reaches a script, a command or a call",
            "Whoever starts the document can pass anything.",
            "Give it an allowedPattern or allowedValues.",
        ),
        (
            "parameter-undescribed",
            "a parameter without a description",
            "Whoever starts the document by hand has to guess.",
            "Describe it.",
        ),
        (
            "parameter-unused",
            "a parameter that nothing uses",
            "Who sets it expects something to happen.",
            "Remove it, or use it.",
        ),
        (
            "not-read",
            "a part of the document that is not checked",
            "What it does cannot be told from the document alone.",
            "Check it by hand.",
        ),
    ),
]

RULES: dict[str, Known] = {rule.id: rule for rule in _ALL}


def finding(id: str, address: str, what: str) -> Finding:
    """A finding of a rule. what: what was seen here, one sentence without its full stop."""
    first = what.split(" ")[0]
    said = f"{what[:1].upper()}{what[1:]}" if first.isalpha() and first.islower() else what
    return RULES[id].finding(address, f"{said}.")
