"""Makes the DynamoDB tables of a plan."""

from __future__ import annotations

from albpatch.rehearsal.plan_making import Maker, given, tags
from albpatch.rehearsal.plan_references import PlanError, Planned


class TableMaker(Maker):
    """Tables without indexes and streams."""

    def table(self, planned: Planned) -> None:
        values = planned.values
        for block in ("global_secondary_index", "local_secondary_index", "stream_enabled", "replica"):
            if values.get(block):
                raise PlanError(f"{planned.address}: {block} is not known here")
        keys = [(values["hash_key"], "HASH"), (values.get("range_key"), "RANGE")]
        params = {
            "TableName": self._known(planned, "name"),
            "BillingMode": values["billing_mode"],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys if name],
            "AttributeDefinitions": [
                {"AttributeName": a["name"], "AttributeType": a["type"]} for a in values["attribute"]
            ],
            "Tags": tags(values),
        }
        self._region.backend("dynamodb", "CreateTable", given(params))
        if any(block.get("enabled") for block in values.get("point_in_time_recovery") or ()):
            wanted = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
            self._region.backend("dynamodb", "UpdateContinuousBackups", {"TableName": values["name"], **wanted})
        self._loaded.tables[planned.address] = values["name"]
