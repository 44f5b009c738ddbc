"""The actions of Automation: what each takes and gives. UG "Systems Manager Automation actions reference".

`inputs` None: the action also takes the members of the API operation it calls. An action is here when AWS has it,
whether or not the local region can run it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """`required` and `optional` are names of inputs; `outputs` what the action gives without being asked."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    takes_anything: bool = False
    user_outputs: bool = True


_RUN_COMMAND = (
    "InstanceIds Targets DocumentVersion Parameters CloudWatchOutputConfig Comment DocumentHash DocumentHashType"
    " NotificationConfig OutputS3BucketName OutputS3KeyPrefix OutputS3Region ServiceRoleArn TimeoutSeconds"
    " MaxConcurrency MaxErrors AlarmConfiguration"
)
_EXECUTE_AUTOMATION = (
    "DocumentVersion RuntimeParameters Targets TargetParameterName TargetMaps TargetLocations MaxConcurrency MaxErrors"
    " Tags AlarmConfiguration"
)

ACTIONS: dict[str, Action] = {
    "aws:approve": Action(
        ("Approvers",), ("NotificationArn", "Message", "MinRequiredApprovals"), ("ApprovalStatus", "ApproverDecisions")
    ),
    "aws:assertAwsResourceProperty": Action(
        ("Service", "Api", "PropertySelector", "DesiredValues"), takes_anything=True
    ),
    "aws:branch": Action(("Choices",), ("Default",), user_outputs=False),
    "aws:changeInstanceState": Action(
        ("InstanceIds", "DesiredState"), ("CheckStateOnly", "Force", "AdditionalInfo"), ("InstanceStates",)
    ),
    "aws:copyImage": Action(takes_anything=True, outputs=("ImageId", "ImageState")),
    "aws:createImage": Action(takes_anything=True, outputs=("ImageId", "ImageState", "BlockDeviceMappings")),
    "aws:createStack": Action(
        ("StackName",), takes_anything=True, outputs=("StackId", "StackStatus", "StackStatusReason")
    ),
    "aws:createTags": Action(("ResourceIds", "Tags"), ("ResourceType",)),
    "aws:deleteImage": Action(("ImageId",)),
    "aws:deleteStack": Action(("StackName",), ("ClientRequestToken", "RetainResources", "RoleARN")),
    "aws:executeAutomation": Action(
        ("DocumentName",), tuple(_EXECUTE_AUTOMATION.split()), ("Output", "ExecutionId", "Status")
    ),
    "aws:executeAwsApi": Action(("Service", "Api"), outputs=("OutputPayload",), takes_anything=True),
    "aws:executeScript": Action(
        ("Runtime",), ("Handler", "InputPayload", "Script", "Attachment"), ("Payload", "OutputPayload")
    ),
    "aws:executeStateMachine": Action(("stateMachineArn",), ("name", "input"), ("executionArn", "input", "name")),
    "aws:invokeLambdaFunction": Action(
        ("FunctionName",),
        ("Qualifier", "InvocationType", "LogType", "ClientContext", "InputPayload", "Payload"),
        ("StatusCode", "FunctionError", "LogResult", "Payload"),
    ),
    "aws:invokeWebhook": Action(("IntegrationName",), ("Body",), ("Response", "ResponseCode")),
    "aws:loop": Action(
        ("Steps",),
        ("Iterators", "IteratorDataType", "LoopCondition", "MaxIterations"),
        ("CurrentIteration", "CurrentIteratorValue"),
    ),
    "aws:pause": Action(),
    "aws:putServerUpgradeMetrics": Action(takes_anything=True),  # in documents that Amazon owns only
    "aws:runCommand": Action(
        ("DocumentName",),
        tuple(_RUN_COMMAND.split()),
        ("CommandId", "Status", "ResponseCode", "Output", "OutputPayload"),
    ),
    "aws:runInstances": Action(("ImageId",), takes_anything=True, outputs=("InstanceIds", "InstanceStates")),
    "aws:sleep": Action((), ("Duration", "Timestamp"), user_outputs=False),
    "aws:updateVariable": Action(("Name", "Value"), user_outputs=False),
    "aws:waitForAwsResourceProperty": Action(
        ("Service", "Api", "PropertySelector", "DesiredValues"), takes_anything=True
    ),
}

# Whose outputs are all listed above, as far as the pages say; of the others a reference to any output is taken.
OUTPUTS_KNOWN = (
    "aws:assertAwsResourceProperty",
    "aws:branch",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:loop",
    "aws:runCommand",
    "aws:sleep",
    "aws:updateVariable",
    "aws:waitForAwsResourceProperty",
)

# UG "Properties shared by all actions", onCancel.
NO_CANCEL_TARGETS = (
    "aws:approve",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:createTags",
    "aws:loop",
    "aws:pause",
    "aws:runInstances",
    "aws:sleep",
)
NO_ON_CANCEL = ("aws:loop", "aws:updateVariable")
RUNTIMES = ("python3.12", "python3.11", "python3.10", "PowerShell 7.4")
SCRIPT_SECONDS = 600
SLEEP_SECONDS = 604_799
TEXT_OPERATORS = ("StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains")
NUMBER_OPERATORS = (
    "NumericEquals",
    "NumericGreater",
    "NumericLesser",
    "NumericGreaterOrEquals",
    "NumericLesserOrEquals",
)
OPERATORS = (*TEXT_OPERATORS, *NUMBER_OPERATORS, "BooleanEquals")
