"""Errors as botocore raises them: a class of the service's own for each error that its model names."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError

SERVICES = ("cloudwatch", "dynamodb", "ec2", "elbv2", "ssm", "events")
MODELS = {name: botocore.session.get_session().get_service_model(name) for name in SERVICES}
_FACTORY = ClientExceptionsFactory()


def exceptions_of(service: str) -> Any:
    """What a client of the service has as `exceptions`."""
    return _FACTORY.create_client_exceptions(MODELS[service])


def refused(service: str, operation: str, code: str, message: str = "by the test") -> ClientError:
    kind = exceptions_of(service).from_code(code)
    found: ClientError = kind({"Error": {"Code": code, "Message": f"{code} {message}"}}, operation)
    return found
