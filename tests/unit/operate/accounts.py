"""An account as an operator's session sees it, with canned answers instead of AWS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from albpatch.operate.session import Session
from albpatch.settings import parse
from unit.test_settings import ARN, RECORD

NOW = datetime(2026, 1, 4, 3, 30, tzinfo=UTC)
I = "i-0123456789abcdef0"  # noqa: E741 (the instance)
OWNER = "11111111-1111-4111-8111-111111111111"
Answer = Callable[[dict[str, Any]], Any]


def error(code: str, operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Boto:
    """Answers by method. An answer is a value, an error to raise, or what the parameters give. `made`: the calls."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers, self.made = answers, list[tuple[str, dict[str, Any]]]()

    def client(self, *_: Any, **__: Any) -> Boto:
        return self

    def __getattr__(self, method: str) -> Any:
        def call(**params: Any) -> Any:
            self.made.append((method, params))
            answer = self._answers[method]
            answer = answer(params) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, method: str) -> Any:
        def paginate(**params: Any) -> Any:
            yield getattr(self, method)(**params)

        return SimpleNamespace(paginate=paginate)


def session(**answers: Any) -> Session:
    """A session of the deployment `web` over canned answers."""
    record = {**RECORD, "assess_document": "web-alb-assess"}
    return Session(parse(record), Boto(answers), lambda: NOW, lambda _seconds: None)


def item(name: str = I, **attributes: Any) -> dict[str, Any]:
    """A record as the table holds it: an instance of web, taken out at 03:00."""
    record = f'[{{"Arn": "{ARN}", "Targets": [{{"Id": "{name}", "Port": 80}}], "Healthy": []}}]'
    texts = {
        "Id": f"INSTANCE#{name}",
        "LeaseOwner": OWNER,
        "LeaseState": "INSTALLING",
        "LeaseToken": "1",
        "Roll": OWNER,
        "Since": str(int(datetime(2026, 1, 4, 3, 0, tzinfo=UTC).timestamp())),
        "PatchedBy": OWNER,
        "CommittedAt": str(int(datetime(2026, 1, 4, 3, 5, tzinfo=UTC).timestamp())),
        "Record": record,
        "RecordSchema": "1",
    }
    changed = {key: value for key, value in attributes.items() if isinstance(value, dict)}
    texts |= {key: value for key, value in attributes.items() if not isinstance(value, dict)}
    return {**{key: {"S": value} for key, value in texts.items() if value is not None}, **changed}


def execution(status: str = "Failed", **members: Any) -> dict[str, Any]:
    """An answer of GetAutomationExecution."""
    found = {
        "AutomationExecutionId": OWNER,
        "DocumentName": "web-alb-patching",
        "AutomationExecutionStatus": status,
        "ExecutionStartTime": datetime(2026, 1, 4, 2, 59, tzinfo=UTC),
        "Parameters": {"InstanceId": [I]},
        **members,
    }
    return {"AutomationExecution": found}
