"""write-on-everything: a policy that allows an action which may change something on every resource."""

import json

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

READS = ("Describe", "Get", "List", "BatchGet", "Head", "Query", "Scan", "Select", "Search", "Lookup")


class WriteOnEverything(BaseResourceCheck):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""

    def __init__(self):
        super().__init__(
            name="No action that changes something is allowed on every resource",
            id="write-on-everything",
            categories=[CheckCategories.IAM],
            supported_resources=["aws_iam_role_policy"],
        )

    def scan_resource_conf(self, conf):
        statements = listed(policy(conf.get("policy")).get("Statement"))
        return CheckResult.FAILED if any(wide(one) for one in statements) else CheckResult.PASSED


def policy(value):
    """A plan shows the text; checkov parses it in some versions."""
    while isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}  # not known before the apply, or no policy: albpatch review says so
    return value if isinstance(value, dict) else {}


def listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def wide(statement):
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    everything = {"*", "arn:*"} & {str(one) for one in listed(statement.get("Resource"))}
    names = [str(action).rpartition(":")[2] for action in listed(statement.get("Action"))]
    return bool(everything) and any(not name.startswith(READS) for name in names)


check = WriteOnEverything()
