"""DynamoDB: the control plane's own state. moto evaluates conditions and transactions as DynamoDB does."""

from albpatch.region.operations import answered_by_backend

answered_by_backend("dynamodb", "DeleteItem", "GetItem", "Scan", "TransactWriteItems", "UpdateItem")
