"""aws:branch: the first choice that holds. UG "aws:branch"."""

from __future__ import annotations

from albpatch.document import conditions
from albpatch.region.automation.actions import RESOLVING, Result, StepFailed, Work, action


@action("aws:branch", unresolved=("Choices",))
def run(work: Work) -> Result:
    try:
        for choice in work.step.choices:
            if conditions.holds(choice.condition, work.scope.resolve):
                return Result(next_step=choice.next_step)
    except conditions.NotComparable as error:
        raise StepFailed(RESOLVING, str(error), kind="Invalid") from None
    return Result(next_step=work.step.default_choice)
