"""Automation as a service of the region: starting, stopping and remembering executions.

API reference: StartAutomationExecution, StopAutomationExecution. UG "Running automations at scale".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from albpatch.document.model import MISSING, Document, Refused
from albpatch.document.read import load
from albpatch.document.references import resolve
from albpatch.document.values import as_text
from albpatch.region.automation import parameters as start_parameters
from albpatch.region.automation.actions import Stopped
from albpatch.region.automation.actions import load as load_actions
from albpatch.region.automation.executions import Execution, identifier
from albpatch.region.automation.interpreter import Interpreter, Reading
from albpatch.region.automation.rate_control import RateControl
from albpatch.region.automation.scope import Scope
from albpatch.region.clock import Killed, current_activity
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller

PRINCIPAL = "ssm.amazonaws.com"
_ROLE_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/[\w+=,.@/-]+")
_INSTANCE = re.compile(r"m?i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_load = lru_cache(maxsize=64)(load)


class Automation:
    """The executions of a region (a region's part). `reading` says how open questions are read."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.executions: dict[str, Execution] = {}
        self.reading = Reading()
        load_actions()  # an import takes real time, which scaled time would multiply
        self.tokens: dict[str, tuple[str, str]] = {}  # client token -> execution id, what was asked

    def start(
        self,
        caller: Caller,
        document_name: str,
        version: str | None = None,
        parameters: dict[str, list[str]] | None = None,
        *,
        content: str | None = None,
        targets: list[dict[str, Any]] | None = None,
        target_parameter: str | None = None,
        max_concurrency: str | None = None,
        max_errors: str | None = None,
        parent_id: str | None = None,
        target: str | None = None,
    ) -> str:
        """Start an execution and return its id.

        Args:
            caller: who starts it, and whose permissions it has when the document names no role.
            version: "$DEFAULT", "$LATEST", a number, or None for the default.
            parameters: as the API takes them: every value a list of strings.
            content: the document's text, where it does not lie in the region.
            targets, target_parameter, max_concurrency, max_errors: rate control; the execution is then the parent.
            parent_id: the execution that starts this one. target: what rate control chose for it.

        Raises:
            AwsError: as the API answers.
        """
        given = dict(parameters or {})
        document, number = self._document(document_name, version, content)
        rate = bool(targets)
        if rate != (target_parameter is not None) and target is None:
            raise AwsError(start_parameters.CODE, "Targets and TargetParameterName need each other.")
        left_out = self._target_parameter(document, target_parameter, given) if rate else ()
        values = start_parameters.check(document, given, left_out)
        execution_id = identifier("execution", len(self.executions) + 1)
        execution = Execution(
            execution_id,
            document,
            document_name,
            number,
            caller,
            self._role(document, values, caller, execution_id),
            values,
            given,
            self._region.clock.time(),
            self._region.clock.event(),
            variables={v.name: v.default for v in document.variables.values() if v.default is not MISSING},
            parent_id=parent_id,
            target=target,
            target_parameter=target_parameter,
            targets=targets or [],
            max_concurrency=max_concurrency,
            max_errors=max_errors,
        )
        self._spawn(execution, RateControl(self._region, self, execution, content).run if rate else None)
        return execution_id

    def stop(self, execution_id: str, kind: str = "Cancel") -> None:
        """Stop an execution as StopAutomationExecution does. Raises AwsError.

        "Cancel" ends the step at its next wait and runs the cancellation workflow; "Complete" lets the step end and
        nothing follow it, unless `reading` says otherwise.
        """
        execution = self.known(execution_id)
        if self.reading.complete_cancels:
            kind = "Cancel"
        if execution.over or execution.stop is not None:
            raise AwsError(
                "InvalidAutomationStatusUpdateException", "The specified update status operation isn't valid."
            )
        execution.stop = kind
        if kind == "Cancel":
            execution.status = "Cancelling"
            self._journal(execution)
            if execution.activity is not None:
                self._region.clock.interrupt(execution.activity, Stopped())
        for child in execution.children:
            if not self.executions[child].over and self.executions[child].stop is None:
                self.stop(child, kind)

    def kill(self, execution_id: str) -> None:
        """Let the execution die where it stands: no onCancel, no onFailure, no further step. Its status is Failed."""
        execution = self.known(execution_id)
        if execution.over:
            return
        execution.dead, now = True, self._region.clock.time()
        if execution.current is not None and execution.current.ended is None:
            execution.current.status, execution.current.ended = "Failed", now
        execution.status, execution.ended = "Failed", now
        execution.message = "Internal Server Error."
        self._over(execution)
        if execution.activity is current_activity():
            raise Killed()
        if execution.activity is not None:
            self._region.clock.kill(execution.activity)

    def wait(self, execution_id: str) -> Execution:
        """Wait, inside an activity, until the execution is over."""
        execution = self.known(execution_id)
        execution.finished.wait()
        return execution

    def run_until_over(self, execution_id: str) -> Execution:
        """From outside the region: let time pass until the execution is over."""
        execution = self.known(execution_id)
        assert execution.activity is not None
        self._region.clock.run(execution.activity)
        return execution

    def known(self, execution_id: str) -> Execution:
        """The execution of this id. Raises AwsError("AutomationExecutionNotFoundException")."""
        if execution_id not in self.executions:
            raise AwsError(
                "AutomationExecutionNotFoundException", f"Couldn't find an automation execution with ID {execution_id}."
            )
        return self.executions[execution_id]

    def _document(self, name: str, version: str | None, content: str | None) -> tuple[Document, str]:
        number = "1"
        if content is None:
            from albpatch.region.services.documents import Documents  # needs the control plane, simulate does not

            content, number = self._region.part(Documents).automation(name, version)
        try:
            return _load(content), number
        except Refused as error:
            raise AwsError("InvalidDocumentContent", str(error)) from None

    @staticmethod
    def _target_parameter(document: Document, name: str | None, given: dict[str, list[str]]) -> tuple[str, ...]:
        if name not in document.parameters:
            raise AwsError(start_parameters.CODE, f"TargetParameterName {name!r} is not declared in the document.")
        if name in given:
            raise AwsError(start_parameters.CODE, f"Parameter {name!r} is the target and cannot have a value too.")
        return (name,)

    def _role(self, document: Document, values: dict[str, Any], caller: Caller, execution_id: str) -> Caller:
        """Who makes the execution's calls: the assumeRole, or the caller where it is empty."""
        blank = Execution("", document, "", "", caller, caller, values, {}, 0.0, self._region.clock.event())
        scope = Scope(self._region, blank)
        arn = as_text(resolve(document.assume_role, scope.lookup, as_text)).strip()
        if not arn:
            return caller
        if not _ROLE_ARN.fullmatch(arn):
            raise AwsError(start_parameters.CODE, "The format of the supplied assume role ARN is invalid.")
        session = f"Automation-{execution_id}"
        if self._region.authorizer is None:
            return self._region.assumed_role(arn.rpartition("/")[2], session)
        from albpatch.region.authorization import Authorization  # needs the control plane, simulate does not

        region = self._region
        source = f"arn:{region.partition}:ssm:{region.name}:{region.account_id}:automation-execution/{execution_id}"
        context = {"aws:SourceAccount": region.account_id, "aws:SourceArn": source}
        return region.part(Authorization).assume(arn, PRINCIPAL, context, session)

    def _spawn(self, execution: Execution, body: Any) -> None:
        self.executions[execution.id] = execution
        if execution.parent_id is not None and execution.target is not None:
            self.executions[execution.parent_id].children.append(execution.id)
        self._journal(execution)
        execution.activity = self._region.clock.spawn(f"execution {execution.id}", self._run, execution, body)

    def _run(self, execution: Execution, body: Any) -> None:
        execution.activity = self._region.clock.current()
        labels = execution.activity.labels
        labels.pop("parent", None)
        labels["execution"] = execution.id
        labels["targets"] = ",".join(_instances(execution))
        try:
            if execution.stop is not None:  # stopped before its first step
                raise Stopped()
            if body is not None:
                body()
            else:
                Interpreter(self._region, execution, self.reading).run()
        except Stopped:  # or while the parent waited for its children
            execution.status, execution.ended = "Cancelled", self._region.clock.time()
        if not execution.dead:
            self._over(execution)

    def _over(self, execution: Execution) -> None:
        self._journal(execution)
        execution.finished.set()

    def _journal(self, execution: Execution) -> None:
        detail: dict[str, Any] = {"status": execution.status, "document": execution.document_name}
        if execution.parent_id is not None:
            detail["parent"] = execution.parent_id
        instances = _instances(execution)
        if instances:
            detail["instance"] = instances[0]
        if execution.message:
            detail["message"] = execution.message
        self._region.journal.add("execution", execution.id, **detail)


def _instances(execution: Execution) -> list[str]:
    """The instance that a rate control chose, or the instance ids among the parameters."""
    if execution.target is not None:
        return [execution.target]
    values = [value for given in execution.given.values() for value in given]
    return [value for value in dict.fromkeys(values) if _INSTANCE.fullmatch(value)]
