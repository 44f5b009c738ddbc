"""AWS edits the document that a clone was made from: the review says so, with the difference in steps."""

import copy
import json

import yaml

from albpatch.plan.read import parse
from albpatch.plan.review import review
from unit.plan.bent import DOCUMENT, NOW, made, without_leases
from unit.plan.plans import Made, plan, record

MODULE = "module.web.module.automation_document"
OLD = {
    "schemaVersion": "0.3",
    "assumeRole": "arn:aws:iam::123456789012:role/web-runbook",
    "parameters": {"InstanceId": {"type": "String"}},
    "mainSteps": [
        {"name": "Drain", "action": "aws:sleep", "inputs": {"Duration": "PT5M"}},
        {"name": "Settle", "action": "aws:sleep", "inputs": {"Duration": "PT2M"}},
    ],
}


def edited(**more):
    """What AWS made of it: Settle is gone, Look is new."""
    new = copy.deepcopy(OLD)
    new["mainSteps"][1] = {"name": "Look", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}, **more}
    return new


def clone(content, version="5", sha="old"):
    """A call that clones a document of AWS's."""
    given = without_leases(record())
    given["document"] = {**given["document"], "source_version": version, "source_sha256": sha}
    return made(given, yaml.safe_dump(content, sort_keys=False))


def reading(clone: Made, **read) -> Made:
    """The same with data sources that Terraform read: name -> (version, content)."""
    other = clone.copy()
    other.data = [
        {
            "address": f"{MODULE}.data.aws_ssm_document.{name}[0]",
            "mode": "data",
            "type": "aws_ssm_document",
            "name": name,
            "index": 0,
            "values": {"content": json.dumps(content), "document_version": version},
        }
        for name, (version, content) in read.items()
    ]
    return other


def said(after, before=None):
    """What the review says of AWS's document."""
    content = plan(after, before)
    root = content["prior_state"]["values"]["root_module"]
    root["child_modules"] = [{"address": MODULE, "resources": root.pop("resources")}]
    return [(f.id, f.address, f.what) for f in review(parse(content), None, NOW).findings if f.id == "upstream-changed"]


def test_a_pinned_version_that_is_no_longer_the_default():
    """Pinned to 5 while AWS's default is 6: the steps that differ are named, at the document of the clone."""
    ((rule, address, what),) = said(reading(clone(OLD), aws_owned=("5", OLD), current=("6", edited())))

    assert (rule, address) == ("upstream-changed", DOCUMENT)
    assert what.startswith("Version 5 is cloned, AWS's default is version 6 now: step Settle removed; step Look added")


def test_a_pinned_version_that_is_the_default():
    """The same text in both is no finding, whatever the numbers; nor is a document of which only one is shown."""
    assert said(reading(clone(OLD), aws_owned=("5", OLD), current=("6", OLD))) == []
    assert said(reading(clone(OLD), aws_owned=("5", OLD))) == []


def test_an_apply_that_follows_aws():
    """Without a pin the apply takes over what AWS has changed: both versions and the steps are named."""
    ((_, _, what),) = said(clone(edited(), "6", "new"), clone(OLD))

    assert what.startswith("This apply clones version 6 in place of version 5: step Settle removed; step Look added")
    assert said(clone(OLD), clone(OLD)) == []
    assert said(clone(OLD)) == []


def test_an_edit_that_changes_nothing_but_words():
    """Another hash with the same steps is told as just that."""
    ((_, _, what),) = said(clone({**OLD, "description": "new words"}, "6", "new"), clone(OLD))

    assert what.endswith("the text differs, what it does has not changed.")


def test_a_bundled_runbook_has_no_upstream():
    """A change of our own runbook is nobody else's."""
    one, two = (made(record()) for _ in range(2))

    assert said(two.put(DOCUMENT, "content", value=yaml.safe_dump(edited())), one) == []
