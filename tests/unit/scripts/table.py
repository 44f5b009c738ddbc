"""The lease table as the scripts see it: the few expressions that they use, evaluated as DynamoDB does."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from botocore.exceptions import ClientError

from unit.scripts.errors import refused

TABLE = "web-alb-patching"
Item = dict[str, dict[str, Any]]


class Table:
    """Items by key. `faster` is called before a transaction is judged: somebody else at the same moment.

    So many of the next transactions as `conflicts` says meet another one that is under way.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.faster: Any = lambda: None
        self.conflicts = 0

    def get(self, key: str) -> dict[str, Any]:
        """An item in plain values; empty if there is none."""
        return {name: next(iter(value.values())) for name, value in self.items.get(key, {}).items()}

    def put(self, key: str, **values: Any) -> None:
        kinds = {str: "S", list: "SS"}
        self.items[key] = {name: {kinds[type(value)]: value} for name, value in {"Id": key, **values}.items()}

    def open_record(self, instance: str, owner: str, state: str = "DRAINED", groups: Any = ()) -> None:
        """The record of an instance that is out, and its leases."""
        more = {"LeaseToken": "1", "Roll": "roll", "Since": "1800000000", "RecordSchema": "1", "PatchedBy": owner}
        self.put(f"INSTANCE#{instance}", LeaseOwner=owner, LeaseState=state, Record=json.dumps(list(groups)), **more)
        for group in groups:
            if group["Targets"]:
                self.put(f"TG#{group['Arn']}", Holders=[f"{instance} {len(group['Targets'])}"])

    @property
    def leases(self) -> dict[str, list[str]]:
        """Holders by target group, where there are any."""
        return {k.partition("#")[2]: self.get(k)["Holders"] for k, item in self.items.items() if "Holders" in item}

    # What the scripts call

    def get_item(self, params: dict[str, Any]) -> dict[str, Any]:
        assert params["TableName"] == TABLE and params["ConsistentRead"] is True
        found = self.items.get(params["Key"]["Id"]["S"])
        return {"Item": copy.deepcopy(found)} if found else {}

    def scan(self, params: dict[str, Any]) -> dict[str, Any]:
        assert params["TableName"] == TABLE and params["ConsistentRead"] is True
        return {"Items": copy.deepcopy(list(self.items.values()))}

    def update_item(self, params: dict[str, Any]) -> dict[str, Any]:
        if not self._holds(params):
            raise refused("dynamodb", "UpdateItem", "ConditionalCheckFailedException")
        self._update(params)
        return {}

    def transact_write_items(self, params: dict[str, Any]) -> dict[str, Any]:
        self.faster()
        self.conflicts -= 1
        if self.conflicts >= 0:
            raise cancelled("TransactionConflict", "None")
        writes = [(kind, write) for item in params["TransactItems"] for kind, write in item.items()]
        keys = [self._key(write) for _, write in writes]
        assert len(set(keys)) == len(keys) <= 100, "no two writes of a transaction may name one item"
        reasons = ["None" if self._holds(write) else "ConditionalCheckFailed" for _, write in writes]
        if set(reasons) != {"None"}:
            raise cancelled(*reasons)
        for kind, write in writes:
            if kind == "Put":
                self.items[self._key(write)] = copy.deepcopy(write["Item"])
            elif kind == "Delete":
                self.items.pop(self._key(write), None)
            elif kind == "Update":
                self._update(write)
        return {}

    @staticmethod
    def _key(write: dict[str, Any]) -> str:
        assert write["TableName"] == TABLE
        return str((write.get("Key") or write["Item"])["Id"]["S"])

    def _holds(self, write: dict[str, Any]) -> bool:
        item, values = self.items.get(self._key(write), {}), write.get("ExpressionAttributeValues", {})
        return all(self._clause(c, item, values) for c in write.get("ConditionExpression", "").split(" AND ") if c)

    @staticmethod
    def _clause(clause: str, item: Item, values: Item) -> bool:
        if absent := re.fullmatch(r"attribute_not_exists\((\w+)\)", clause):
            return absent[1] not in item
        if there := re.fullmatch(r"attribute_exists\((\w+)\)", clause):
            return there[1] in item
        found = re.fullmatch(r"(\w+) = (:\w+)", clause)
        assert found, clause
        have, want = item.get(found[1]), values[found[2]]
        return have == want if "SS" not in want else have is not None and sorted(have["SS"]) == sorted(want["SS"])

    def _update(self, write: dict[str, Any]) -> None:
        key, values = self._key(write), write.get("ExpressionAttributeValues", {})
        item = self.items.setdefault(key, {"Id": {"S": key}})
        verb, _, rest = write["UpdateExpression"].partition(" ")
        if verb == "REMOVE":
            item.pop(rest, None)
            return
        if verb == "SET":
            rest, _, gone = rest.partition(" REMOVE ")
            for attribute in gone.split(", "):
                item.pop(attribute, None)
            for name, kept, value in re.findall(r"(\w+) = (?:if_not_exists\((\w+), )?(:\w+)\)?", rest):
                if not (kept and kept in item):
                    item[name] = values[value]
            return
        name, value = rest.split()
        old, change = set(item.get(name, {"SS": []})["SS"]), set(values[value]["SS"])
        new = old | change if verb == "ADD" else old - change
        item.pop(name, None)
        if new:
            item[name] = {"SS": sorted(new)}


def cancelled(*reasons: str) -> ClientError:
    """A transaction that was not carried out, with the reason of each of its writes."""
    text = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(reasons)}]"
    return refused("dynamodb", "TransactWriteItems", "TransactionCanceledException", text)
