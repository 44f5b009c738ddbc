"""document-public: an SSM document that every account may read."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class DocumentPublic(BaseResourceCheck):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html"""

    def __init__(self):
        super().__init__(
            name="The document is not shared with everybody",
            id="document-public",
            categories=[CheckCategories.IAM],
            supported_resources=["aws_ssm_document"],
        )

    def scan_resource_conf(self, conf):
        given = conf.get("permissions")
        while isinstance(given, list):
            given = given[0] if given else None
        accounts = given.get("account_ids") if isinstance(given, dict) else None
        while isinstance(accounts, list):
            accounts = accounts[0] if accounts else None
        shared = {one.strip().lower() for one in str(accounts or "").split(",")}
        return CheckResult.FAILED if "all" in shared else CheckResult.PASSED


check = DocumentPublic()
