"""One deployment in its account: reads through the checks' own account, and the few calls that write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from albpatch.errors import Failure, InputError
from albpatch.live.account import Account
from albpatch.live.calls import Unanswered
from albpatch.settings import Deployment, Restore

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 8}, connect_timeout=5)


def now() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    """Wait on this machine."""
    time.sleep(seconds)


@dataclass
class Session:
    """A deployment of the bundled runbook, seen with the caller's credentials. now, sleep: the account's time."""

    deployment: Deployment
    boto: boto3.Session | None = None
    now: Callable[[], datetime] = now
    sleep: Callable[[float], None] = sleep
    clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def account(self) -> Account:
        """Reads. An answer is kept until `account.calls.forget()`."""
        return Account(self.deployment.region, self.boto)

    @property
    def table(self) -> str:
        """The name of the lease table."""
        assert self.deployment.lease_table is not None
        return self.deployment.lease_table

    @property
    def restore(self) -> Restore:
        assert self.deployment.restore is not None
        return self.deployment.restore

    @property
    def groups(self) -> list[str]:
        """The ARNs of all target groups that the fleets name."""
        return sorted({arn for fleet in self.deployment.fleets.values() for arn in fleet.target_group_arns})

    def ask(self, service: str, method: str, missing: tuple[str, ...] = (), **params: Any) -> Any:
        """One call of boto3's client method; None where AWS answers with one of the codes `missing`.

        Raises Unanswered.
        """
        operation = "".join(part.capitalize() for part in method.split("_"))
        try:
            return getattr(self._client(service), method)(**params)
        except ClientError as error:
            told = error.response["Error"]
            if told["Code"] in missing:
                return None
            raise Unanswered(service, operation, told["Code"], told.get("Message", "")) from None
        except BotoCoreError as error:
            raise Unanswered(service, operation, type(error).__name__, str(error)) from None

    def belongs(self) -> None:
        """Raises InputError: the credentials lead to another account than the deployment's."""
        found = self.account.id
        if found != self.deployment.account_id:
            raise InputError(
                f"these credentials lead to account {found}, the deployment {self.deployment.name} is in "
                f"{self.deployment.account_id}"
            )

    def _client(self, service: str) -> Any:
        if service not in self.clients:
            made = self.boto or boto3.Session()
            self.clients[service] = made.client(service, region_name=self.deployment.region, config=_CONFIG)
        return self.clients[service]


def opened(deployment: Deployment) -> Session:
    """A session in this machine's time, with the caller's own credentials."""
    return Session(deployment, now=now, sleep=sleep)


@contextmanager
def answered() -> Iterator[None]:
    """A call that AWS did not answer ends the verb with one line that names it. Raises Failure."""
    try:
        yield
    except Unanswered as error:
        raise Failure(words(error)) from None


def words(error: Unanswered) -> str:
    """What was asked, what AWS said, and what helps."""
    said = " ".join(f"{error.code}: {error.message}".split())
    if error.denied:
        return f"you may not {error.action} ({said})"
    if error.throttled:
        return f"AWS throttles {error.action}: wait a minute and try again ({said})"
    return f"{error.service}:{error.operation} was not answered ({said})"
