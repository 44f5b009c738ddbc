"""The operations of Automation as the API has them. API reference: StartAutomationExecution and its siblings."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from albpatch.document.values import as_strings, as_text
from albpatch.region.automation.children import parent_of_start
from albpatch.region.automation.executions import Execution, StepRun, identifier
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.services.answers import moment, page
from albpatch.region.services.constraints import check

_START = {
    "DocumentName",
    "DocumentVersion",
    "Parameters",
    "ClientToken",
    "Mode",
    "TargetParameterName",
    "Targets",
    "MaxConcurrency",
    "MaxErrors",
    "Tags",
}
_STEP_FILTERS = {
    "StepName": "StepName",
    "StepExecutionStatus": "StepStatus",
    "Action": "Action",
    "StepExecutionId": "StepExecutionId",
}


@operation("ssm", "StartAutomationExecution")
def start(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Start an execution, or a rate-controlled parent of several."""
    unknown = sorted(set(params) - _START)
    if unknown or params.get("Mode", "Auto") != "Auto":
        raise NotKnownHere(f"StartAutomationExecution with {', '.join(unknown) or 'Mode Interactive'}")
    check("ssm", "StartAutomationExecution", params)
    automation, token = region.part(Automation), params.get("ClientToken", "").lower()
    asked = json.dumps({k: v for k, v in params.items() if k != "ClientToken"}, sort_keys=True)
    if token in automation.tokens:
        execution_id, before = automation.tokens[token]
        if before != asked:
            raise AwsError("IdempotentParameterMismatch", "The parameters differ from those of the first start.")
        return {"AutomationExecutionId": execution_id}
    execution_id = automation.start(
        caller,
        params["DocumentName"],
        params.get("DocumentVersion"),
        params.get("Parameters"),
        targets=params.get("Targets"),
        target_parameter=params.get("TargetParameterName"),
        max_concurrency=params.get("MaxConcurrency"),
        max_errors=params.get("MaxErrors"),
        parent_id=parent_of_start(region, params),
    )
    if token:
        automation.tokens[token] = (execution_id, asked)
    return {"AutomationExecutionId": execution_id}


@operation("ssm", "StopAutomationExecution")
def stop(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Cancel or complete an execution."""
    region.part(Automation).stop(params["AutomationExecutionId"], params.get("Type", "Cancel"))
    return {}


@operation("ssm", "GetAutomationExecution")
def get(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """An execution with all its steps."""
    execution = region.part(Automation).known(params["AutomationExecutionId"])
    answer = _metadata(execution)
    answer.update(
        StepExecutions=_steps(region, execution),
        StepExecutionsTruncated=False,
        Parameters={name: as_strings(value) for name, value in execution.parameters.items()},
    )
    if execution.variables:
        answer["Variables"] = {name: as_strings(value) for name, value in execution.variables.items()}
    if execution.children or execution.targets:
        answer["ProgressCounters"] = _counters(region, execution)
    return {"AutomationExecution": answer}


@operation("ssm", "DescribeAutomationExecutions")
def describe(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Executions that match the filters, the latest first."""
    found = list(region.part(Automation).executions.values())[::-1]
    for wanted in params.get("Filters", []):
        found = [execution for execution in found if _matches(execution, wanted["Key"], wanted["Values"])]
    listed = [{**_metadata(execution), "AutomationType": "Local"} for execution in found]
    return page(listed, params, 50, "AutomationExecutionMetadataList")


@operation("ssm", "DescribeAutomationStepExecutions")
def describe_steps(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The steps of an execution that match the filters."""
    execution = region.part(Automation).known(params["AutomationExecutionId"])
    found = _steps(region, execution)
    for wanted in params.get("Filters", []):
        if wanted["Key"] not in _STEP_FILTERS:
            raise NotKnownHere(f"DescribeAutomationStepExecutions with the filter {wanted['Key']}")
        found = [step for step in found if step[_STEP_FILTERS[wanted["Key"]]] in wanted["Values"]]
    if params.get("ReverseOrder"):
        found.reverse()
    return page(found, params, 50, "StepExecutions")


def _matches(execution: Execution, key: str, values: list[str]) -> bool:
    if key == "StartTimeAfter":
        return execution.started > datetime.fromisoformat(values[0]).timestamp()
    if key == "DocumentNamePrefix":
        return any(execution.document_name.startswith(value) for value in values)
    known = {
        "ExecutionStatus": execution.status,
        "ExecutionId": execution.id,
        "ParentExecutionId": execution.parent_id,
        "CurrentAction": execution.current.step.action if execution.current else None,
    }
    if key not in known:
        raise NotKnownHere(f"DescribeAutomationExecutions with the filter {key}")
    return known[key] in values


def _metadata(execution: Execution) -> dict[str, Any]:
    """The members that GetAutomationExecution and DescribeAutomationExecutions share."""
    answer: dict[str, Any] = {
        "AutomationExecutionId": execution.id,
        "DocumentName": execution.document_name,
        "DocumentVersion": execution.version,
        "AutomationExecutionStatus": execution.status,
        "ExecutionStartTime": moment(execution.started),
        "ExecutedBy": execution.caller.arn,
        "Outputs": dict(execution.outputs),
        "Mode": "Auto",
        "Targets": list(execution.targets),
        "ResolvedTargets": {"ParameterValues": list(execution.resolved_targets), "Truncated": False},
    }
    current = execution.current
    optional = {
        "ExecutionEndTime": None if execution.ended is None else moment(execution.ended),
        "FailureMessage": execution.message,
        "ParentAutomationExecutionId": execution.parent_id,
        "CurrentStepName": current.step.name if current and not execution.over else None,
        "CurrentAction": current.step.action if current and not execution.over else None,
        "TargetParameterName": execution.target_parameter,
        "MaxConcurrency": execution.max_concurrency,
        "MaxErrors": execution.max_errors,
        "Target": execution.target,
    }
    answer.update({key: value for key, value in optional.items() if value is not None})
    return answer


def _steps(region: Region, execution: Execution) -> list[dict[str, Any]]:
    """The steps of an execution; those of a rate-controlled parent are its children."""
    if execution.targets:
        children = [region.part(Automation).executions[child] for child in execution.children]
        return [_child(child) for child in children]
    return [_step(run) for run in execution.steps]


def _child(child: Execution) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "StepName": child.target or child.id,
        "Action": "aws:executeAutomation",
        "StepStatus": child.status,
        "StepExecutionId": identifier(child.id, "child"),
        "ExecutionStartTime": moment(child.started),
        "Inputs": {name: json.dumps(values) for name, values in child.given.items()},
        "Outputs": {"ExecutionId": [child.id], "Status": [child.status]},
    }
    if child.ended is not None:
        answer["ExecutionEndTime"] = moment(child.ended)
    if child.message:
        answer["FailureMessage"] = child.message
    return answer


def _step(run: StepRun) -> dict[str, Any]:
    step = run.step
    answer: dict[str, Any] = {
        "StepName": step.name,
        "Action": step.action,
        "MaxAttempts": step.max_attempts,
        "OnFailure": step.on_failure,
        "IsEnd": step.is_end,
        "IsCritical": step.critical,
        "StepStatus": run.status,
        "StepExecutionId": run.id,
        "Inputs": {name: json.dumps(value) for name, value in run.inputs.items()},
        "Outputs": {name: as_strings(value) for name, value in run.outputs.items()},
        "ValidNextSteps": list(dict.fromkeys(name for key, name in step.targets() if key != "onCancel")),
    }
    optional: dict[str, Any] = {
        "TimeoutSeconds": step.timeout_seconds,
        "NextStep": step.next_step,
        "ExecutionStartTime": None if run.started is None else moment(run.started),
        "ExecutionEndTime": None if run.ended is None else moment(run.ended),
        "FailureMessage": run.message,
    }
    if run.message:
        optional["FailureDetails"] = {"FailureType": run.failure_type or "Failed", "FailureStage": "Invocation"}
    if "ResponseCode" in run.outputs:
        optional["ResponseCode"] = as_text(run.outputs["ResponseCode"])
    if run.parent is not None:
        optional["ParentStepDetails"] = _parent(run)
    answer.update({key: value for key, value in optional.items() if value is not None})
    return answer


def _parent(run: StepRun) -> dict[str, Any]:
    assert run.parent is not None
    parent: dict[str, Any] = {
        "StepExecutionId": run.parent.id,
        "StepName": run.parent.step.name,
        "Action": run.parent.step.action,
        "Iteration": run.iteration,
    }
    if run.iterator_value is not None:
        parent["IteratorValue"] = as_text(run.iterator_value)
    return parent


def _counters(region: Region, execution: Execution) -> dict[str, int]:
    statuses = [region.part(Automation).executions[child].status for child in execution.children]
    return {
        "TotalSteps": len(execution.resolved_targets),
        "SuccessSteps": statuses.count("Success"),
        "FailedSteps": statuses.count("Failed"),
        "CancelledSteps": statuses.count("Cancelled"),
        "TimedOutSteps": statuses.count("TimedOut"),
    }


# What an execution can read of itself, wherever it runs.
OWN_RECORD = {"GetAutomationExecution": get, "DescribeAutomationStepExecutions": describe_steps}
