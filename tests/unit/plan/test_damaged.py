"""Plans with anything anywhere: reviewed or refused, never a traceback."""

import copy
import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albpatch.plan.read import PlanError, parse
from albpatch.plan.review import review
from albpatch.report import annotations, findings_json, junit, markdown, sarif
from unit.plan.plans import Made, arn, plan

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)


def sound():
    """A plan with a call, its target group, an attachment, an instance and something before it."""
    made = Made().call().add("aws_lb_target_group.web", arn=arn(), name="web", tags={}, deregistration_delay="60")
    made.add("aws_lb_target_group_attachment.a", target_group_arn=arn(), target_id="i-1")
    made.add("aws_instance.a", id="i-1", tags={"Fleet": "web"})
    made.add("aws_ecs_service.a", load_balancer=[{"target_group_arn": arn("b")}])
    return plan(made, made)


def places(value, path=()):
    """The path of everything in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


SOUND = sound()
PLACES = [path for path in places(SOUND) if path]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**9),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["{}", "[]", "[1]", "{{RESOURCE_ID}}", "rate(5 minutes)", "cron(* * * * ? *)", '{"Statement": [1]}', "%"]
    ),
    st.just([]),
    st.just({}),
    st.just([None, {}, [1]]),
    st.just({"a": [1], "name": 5}),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=3))
def test_anything_anywhere_is_reviewed_or_refused(changes):
    """Whatever stands wherever in a plan, the answer is a review in every format, or one line that refuses it."""
    content = copy.deepcopy(SOUND)
    for path, value in changes:
        node = content
        try:
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = copy.deepcopy(value)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    try:
        found = review(parse(content), None, NOW)
    except PlanError as error:
        assert str(error)
        return
    for report in (annotations, findings_json, junit, markdown, sarif):
        assert isinstance(report.text(found), str)
    assert json.loads(findings_json.text(found))["headline"]
