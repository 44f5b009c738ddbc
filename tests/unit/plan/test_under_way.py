"""Findings about what goes on in the account while a plan is reviewed."""

import pytest

from albpatch.plan.under_way import Out, UnderWay, Working, together
from unit.plan.bent import DOCUMENT, LEASES, found_live, made, with_group
from unit.plan.plans import Made, arn

WEB = arn()
ATTACHMENT = "aws_lb_target_group_attachment.a[1]"
OUT = Out("i-2", (arn(),), "i-2 in state INSTALLING, of execution e-1")
RUNNING = Working("e-1", "web-alb-patching", "InProgress", "i-2", (arn(),))
PARENT = Working("e-0", "web-alb-patching", "InProgress", "", (arn(),))
NOTHING = UnderWay()


def attaching(target, group=WEB, address=ATTACHMENT, **values):
    """A plan that creates an attachment; None stands for what the plan does not show."""
    before = with_group()
    given = {"target_group_arn": group, "target_id": target, **values}
    after = before.copy().add(address, **{name: value for name, value in given.items() if value is not None})
    after.unknown[address] = {name: True for name, value in given.items() if value is None}
    return after, before


def ids(seen, plan):
    return [(f.id, f.address) for f in found_live(seen, *plan).findings if "attachment" in f.id]


BLOCKED = [("attachment-during-patching", ATTACHMENT)]


@pytest.mark.parametrize(
    ("seen", "target", "group", "blocked"),
    [
        (UnderWay(out=(OUT,)), "i-2", arn(), True),
        (UnderWay(out=(OUT,)), "i-2", arn("b"), True),
        (UnderWay(out=(OUT,)), "i-3", arn(), False),
        (UnderWay(out=(OUT,)), None, arn(), True),
        (UnderWay(out=(OUT,)), None, arn("b"), False),
        (UnderWay(out=(OUT,)), None, None, True),
        (UnderWay(working=(RUNNING,)), "i-2", arn(), True),
        (UnderWay(working=(RUNNING,)), "i-3", arn(), False),
        (UnderWay(working=(PARENT,)), "i-3", arn(), True),
        (UnderWay(working=(PARENT,)), "i-3", arn("b"), False),
        (NOTHING, "i-2", arn(), False),
        (NOTHING, None, None, False),
    ],
)
def test_an_attachment_of_an_instance_that_is_out(seen, target, group, blocked):
    """Blocked is who is out or worked on; an unknown target counts as any of its group. Nobody out: no word."""
    assert ids(seen, attaching(target, group)) == (BLOCKED if blocked else [])


def test_an_auto_scaling_attachment_registers_anybody():
    """Who stands behind an Auto Scaling group is not in the plan: one out of the same target group is enough."""
    address = "aws_autoscaling_attachment.a"
    after, before = attaching(None, None, address, lb_target_group_arn=arn(), autoscaling_group_name="web")
    other, _ = attaching(None, None, address, lb_target_group_arn=arn("b"), autoscaling_group_name="web")

    assert ids(UnderWay(out=(OUT,)), (after, before)) == [("attachment-during-patching", address)]
    assert ids(UnderWay(out=(OUT,)), (other, before)) == []


def test_an_attachment_that_stays_is_nothing():
    """Only what this apply creates or replaces registers anybody."""
    after, _ = attaching("i-2")

    assert ids(UnderWay(out=(OUT,)), (after, after)) == []
    assert ids(UnderWay(out=(OUT,)), (after, after, {ATTACHMENT: ["delete", "create"]})) == BLOCKED


def test_a_target_group_that_this_apply_makes():
    """Nobody is out of a target group that does not exist yet, though its ARN is not known."""
    before = made()
    after = before.copy().add("aws_lb_target_group.new", name="new", target_type="instance")
    after.unknown["aws_lb_target_group.new"] = {"arn": True}
    after.add(ATTACHMENT)
    after.unknown[ATTACHMENT] = {"target_group_arn": True, "target_id": True}
    expressions = {"target_group_arn": {"references": ["aws_lb_target_group.new.arn", "aws_lb_target_group.new"]}}
    resource = {"type": "aws_lb_target_group_attachment", "name": "a", "expressions": expressions}
    after.configuration = {"resources": [resource]}

    assert ids(UnderWay(out=(OUT,)), (after, before)) == []
    after.configuration = {}
    assert ids(UnderWay(out=(OUT,)), (after, before)) == BLOCKED


def test_without_an_account_it_is_a_warning():
    """What nobody asked for is not known: the attachment is named, and --live is how to find out."""
    after, before = attaching("i-2")
    unknown = UnderWay(unknown=("dynamodb:Scan was not answered (AccessDenied: no)",))

    assert ids(unknown, (after, before)) == [("attachment-created", ATTACHMENT)]
    assert "under-way-not-known" in [f.id for f in found_live(unknown, after, before).findings]


@pytest.mark.parametrize("address", [DOCUMENT, LEASES])
def test_what_is_destroyed_is_judged_by_what_runs(address):
    """With somebody out the finding names them; with nobody it is a note; unanswered it stays an error."""
    actions = {address: ["delete", "create"]}
    busy, idle, hidden = (
        found_live(seen, made(), made(), actions).findings
        for seen in (UnderWay(out=(OUT,), working=(PARENT,)), NOTHING, UnderWay(unknown=("x was not answered",)))
    )

    assert [(f.id, f.severity) for f in busy] == [("replaces-what-a-roll-needs", "error")]
    assert "i-2 in state INSTALLING" in busy[0].what
    assert "execution e-0 of web-alb-patching is InProgress;" in busy[0].what
    assert [(f.id, f.severity) for f in idle] == [("replaces-what-a-roll-needs", "note")]
    assert ("replaces-what-a-roll-needs", "error") in [(f.id, f.severity) for f in hidden]


def test_a_call_that_goes_while_somebody_is_out():
    """Destroying everything of a call with an open record is an error for each part, with the instance in it."""
    found = found_live(UnderWay(out=(OUT,)), Made(), made()).findings

    assert {(f.id, f.severity) for f in found} == {("destroys-what-a-roll-needs", "error")}
    assert all("i-2" in f.what for f in found)


def test_the_words_say_what_goes_on():
    """The section of the call begins with what is under way, or that nothing is."""
    busy, idle = (found_live(seen, made(), made()).sections[0].blocks[0] for seen in (UnderWay(out=(OUT,)), NOTHING))

    assert (busy.title, busy.lines) == ("Under way", (f"open record: {OUT.words}",))
    assert idle.lines == ("nothing: no execution runs and no record is open",)
    assert found_live(NOTHING, made(), made()).findings == ()


def test_several_calls_tell_the_same_once():
    """Two calls that share a table both see its records; together they are named once."""
    seen = together([UnderWay(out=(OUT,), unknown=("a",)), UnderWay(out=(OUT,), working=(RUNNING,), unknown=("a",))])

    assert seen == UnderWay((RUNNING,), (OUT,), ("a",))
