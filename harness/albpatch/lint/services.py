"""What botocore knows of AWS's services: operations, requests, answers, paginators, waiters. Offline.

The models are read as they lie in the package, so no profile, region or credentials of the user matter.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore
from botocore import xform_name
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

VERSION = f"botocore {botocore.__version__}"
# What a client has besides its operations. boto3's guide, "Client", and the services' own pages.
_OF_ANY_CLIENT = {
    "can_paginate",
    "close",
    "exceptions",
    "generate_presigned_url",
    "get_paginator",
    "get_waiter",
    "meta",
    "waiter_names",
}
_OF_ONE_CLIENT = {
    "dsql": {"generate_db_connect_auth_token", "generate_db_connect_admin_auth_token"},
    "rds": {"generate_db_auth_token"},
    "s3": {
        "copy",
        "download_file",
        "download_fileobj",
        "generate_presigned_post",
        "upload_file",
        "upload_fileobj",
    },
}
_FILLED_IN = {("glacier", "accountId")}  # botocore puts "-" there


@cache
def _loader() -> Loader:
    return Loader()


@cache
def names() -> frozenset[str]:
    """Every service, by the name that boto3 and Automation know it by."""
    return frozenset(_loader().list_available_services("service-2"))


@cache
def model(service: str) -> ServiceModel | None:
    """The model of a service, or None."""
    if service not in names():
        return None
    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@cache
def operation(service: str, name: str) -> OperationModel | None:
    """An operation by the API's name ("DescribeInstances"), or by boto3's ("describe_instances"), or None."""
    known = model(service)
    try:
        return known.operation_model(methods(service).get(name, name)) if known else None
    except OperationNotFoundError:
        return None


@cache
def methods(service: str) -> dict[str, str]:
    """boto3's name of a method -> the operation."""
    known = model(service)
    return {xform_name(name): name for name in known.operation_names} if known else {}


def is_method(service: str, name: str) -> bool:
    """Whether a client of the service has this, operations aside."""
    return name in _OF_ANY_CLIENT or name in _OF_ONE_CLIENT.get(service, ())


@cache
def pages(service: str) -> frozenset[str]:
    """The operations that have a paginator."""
    return frozenset(_extra(service, "paginators-1").get("pagination", {}))


@cache
def waiters(service: str) -> dict[str, str]:
    """boto3's name of a waiter -> the operation that it repeats."""
    found = _extra(service, "waiters-2").get("waiters", {})
    return {xform_name(name): str(waiter["operation"]) for name, waiter in found.items()}


def _extra(service: str, kind: str) -> dict[str, Any]:
    try:
        return dict(_loader().load_service_model(service, kind))
    except (DataNotFoundError, UnknownServiceError):
        return {}


def required(called: OperationModel) -> list[str]:
    """The members that a caller has to give; a token that botocore makes is none of them."""
    shape = called.input_shape
    made = {*called.idempotent_members, *(m for s, m in _FILLED_IN if s == called.service_model.service_name)}
    return [name for name in (shape.required_members if shape else ()) if name not in made]


def action_prefix(service: str) -> str:
    """The prefix of the service's IAM actions, where the model says it (signing name, else endpoint prefix)."""
    known = model(service)
    return str(known.signing_name if known else service)
