"""aws:executeAwsApi: one API call. UG "aws:executeAwsApi"."""

from __future__ import annotations

from albpatch.region.automation.actions import Result, Work, action, api


@action("aws:executeAwsApi")
def run(work: Work) -> Result:
    answer = api.call_of_step(work)
    return Result({"OutputPayload": answer}, answer)
