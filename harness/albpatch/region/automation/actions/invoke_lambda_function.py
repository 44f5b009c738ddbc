"""aws:invokeLambdaFunction: a function is called and its answer read. UG "aws:invokeLambdaFunction".

That an error of the function fails the step is not stated on the page; documents of AWS's rely on it.
"""

from __future__ import annotations

import json
from typing import Any

from albpatch.region.automation.actions import POLLING, Result, StepFailed, Work, action, api

SECONDS = 300.0
ANSWER_BYTES = 200 * 1024


@action("aws:invokeLambdaFunction", seconds=SECONDS, most=SECONDS)
def run(work: Work) -> Result:
    params = {name: value for name, value in work.inputs.items() if name != "InputPayload"}
    if "InputPayload" in work.inputs:
        params["Payload"] = json.dumps(work.inputs["InputPayload"])
    answer = api.call(work, "lambda", "Invoke", params)
    text = str(answer.get("Payload", ""))
    if len(text.encode()) > ANSWER_BYTES:
        raise StepFailed(POLLING, f"the function returned {len(text.encode())} bytes, the limit is {ANSWER_BYTES}")
    outputs: dict[str, Any] = {
        name: answer[name] for name in ("StatusCode", "FunctionError", "LogResult") if name in answer
    }
    if "FunctionError" in answer:
        raise StepFailed(
            POLLING, f"Lambda function returned {answer['FunctionError']} error: {text}".rstrip("."), outputs=outputs
        )
    return Result({**outputs, "Payload": text}, _value(text))


def _value(text: str) -> Any:
    """What the step's selectors look into: the answer as JSON, or nothing where it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, (dict, list)) else {}
