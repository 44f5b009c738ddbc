"""Systems Manager documents: the account's own, and those that Amazon owns."""

import hashlib
import json

import pytest
import yaml

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.services.documents import MAX_BYTES, Documents

FIRST = """\
schemaVersion: "0.3"
description: first
parameters:
  InstanceId: {type: String, description: one machine}
mainSteps:
  - {name: Wait, action: aws:sleep, inputs: {Duration: PT1S}}
"""
SECOND = FIRST.replace("first", "second")
OWNED = {
    "schemaVersion": "0.3",
    "description": "Amazon's",
    "parameters": {"Minutes": {"type": "String", "default": "5"}, "Names": {"type": "StringList", "default": []}},
    "mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}
NAME = "AWSEC2-Example"


@pytest.fixture(scope="module")
def region():
    made = Region(VirtualClock())
    attach(made)
    made.part(Documents).add_aws_owned(NAME, json.dumps(OWNED), version="5")
    yield made
    made.close()


@pytest.fixture
def ssm(region):
    return lambda operation, **params: region.call(region.administrator, "ssm", operation, params)


@pytest.fixture
def document(region, ssm, request):
    """The name of a document of two versions of which the first is the default."""
    name = f"runbook-{abs(hash(request.node.name))}"
    ssm("CreateDocument", Name=name, Content=FIRST, DocumentType="Automation", DocumentFormat="YAML")
    ssm("UpdateDocument", Name=name, Content=SECOND, DocumentVersion="1", DocumentFormat="YAML")
    yield name
    region.backend("ssm", "DeleteDocument", {"Name": name})


@pytest.mark.parametrize(
    ("version", "expected"),
    [(None, "1"), ("$DEFAULT", "1"), ("$LATEST", "2"), ("1", "1"), ("2", "2")],
)
def test_a_version_is_a_number_or_latest_or_default(region, ssm, document, version, expected):
    """Each way of naming a version yields that version's text, byte for byte."""
    text, number = region.part(Documents).automation(document, version)

    assert (number, text) == (expected, FIRST if expected == "1" else SECOND)
    asked = {} if version is None else {"DocumentVersion": version}
    assert ssm("DescribeDocument", Name=document, **asked)["Document"]["DocumentVersion"] == expected
    assert ssm("GetDocument", Name=document, DocumentFormat="YAML", **asked)["Content"] == text


def test_an_update_becomes_the_default_only_when_asked(ssm, document):
    """UpdateDocument leaves the default version alone; UpdateDocumentDefaultVersion moves it."""
    before = ssm("DescribeDocument", Name=document)["Document"]
    ssm("UpdateDocumentDefaultVersion", Name=document, DocumentVersion="2")
    after = ssm("DescribeDocument", Name=document)["Document"]

    assert (before["DefaultVersion"], before["LatestVersion"]) == ("1", "2")
    assert (after["DefaultVersion"], after["LatestVersion"]) == ("2", "2")
    assert after["Hash"] == hashlib.sha256(SECOND.encode()).hexdigest()
    assert after["PlatformTypes"] == ["Windows", "Linux", "MacOS"]


def test_a_stale_update_is_refused(ssm, document):
    """An update that names a version other than the latest ends in InvalidDocumentVersion, as on AWS."""
    with pytest.raises(AwsError, match="InvalidDocumentVersion"):
        ssm("UpdateDocument", Name=document, Content=FIRST + "# third\n", DocumentVersion="1", DocumentFormat="YAML")


def test_missing_documents_and_versions_are_told_apart(region, ssm, document):
    """GetDocument knows two errors, StartAutomationExecution's look-up two of its own."""
    with pytest.raises(AwsError, match="InvalidDocument:"):
        ssm("GetDocument", Name="nobody")
    with pytest.raises(AwsError, match="InvalidDocumentVersion"):
        ssm("GetDocument", Name=document, DocumentVersion="9")
    with pytest.raises(AwsError, match="AutomationDefinitionNotFoundException"):
        region.part(Documents).automation("nobody")
    with pytest.raises(AwsError, match="AutomationDefinitionVersionNotFoundException"):
        region.part(Documents).automation(document, "9")


def test_a_changed_document_is_read_anew(region, ssm):
    """A text that was read once is not remembered past an update, another default, or a new document of its name."""

    def read():
        answer = ssm("GetDocument", Name="changing", DocumentFormat="YAML")
        return answer["DocumentVersion"], answer["Content"], region.part(Documents).automation("changing")[0]

    made = {"Name": "changing", "DocumentType": "Automation", "DocumentFormat": "YAML"}
    ssm("CreateDocument", Content=FIRST, **made)
    assert read() == read() == ("1", FIRST, FIRST)
    ssm("UpdateDocument", Name="changing", Content=SECOND, DocumentVersion="1", DocumentFormat="YAML")
    assert read() == ("1", FIRST, FIRST)
    ssm("UpdateDocumentDefaultVersion", Name="changing", DocumentVersion="2")
    assert read() == ("2", SECOND, SECOND)
    region.backend("ssm", "DeleteDocument", {"Name": "changing"})
    with pytest.raises(AwsError, match="InvalidDocument:"):
        read()
    ssm("CreateDocument", Content=SECOND, **made)
    assert read() == ("1", SECOND, SECOND)
    region.backend("ssm", "DeleteDocument", {"Name": "changing"})
    ssm("CreateDocument", Content=FIRST, **made)
    assert read() == ("1", FIRST, FIRST)
    region.backend("ssm", "DeleteDocument", {"Name": "changing"})


def test_a_text_belongs_to_who_asked(ssm, document):
    """Changing an answer does not change the next."""
    ssm("GetDocument", Name=document).clear()
    assert ssm("GetDocument", Name=document)["Content"]


def test_a_command_document_is_no_runbook(region, ssm):
    """A document of another type cannot be started as an automation."""
    content = json.dumps({"schemaVersion": "2.2", "description": "c", "mainSteps": []})
    ssm("CreateDocument", Name="a-command", Content=content, DocumentType="Command")

    with pytest.raises(AwsError, match="not an Automation document"):
        region.part(Documents).automation("a-command")


@pytest.mark.parametrize("operation", ["CreateDocument", "UpdateDocument"])
def test_a_document_above_64_kb_is_refused(ssm, document, operation):
    """Content above 64 KB, counted in bytes, ends in MaxDocumentSizeExceeded; exactly 64 KB is taken."""
    fits = FIRST + "#" * (MAX_BYTES - len(FIRST))
    name = f"{document}-large" if operation == "CreateDocument" else document
    params = {"DocumentType": "Automation"} if operation == "CreateDocument" else {"DocumentVersion": "$LATEST"}

    with pytest.raises(AwsError, match="MaxDocumentSizeExceeded"):
        ssm(operation, Name=name, Content=fits[:-1] + "é", DocumentFormat="YAML", **params)
    assert ssm(operation, Name=name, Content=fits, DocumentFormat="YAML", **params)["DocumentDescription"]


@pytest.mark.parametrize(("document_format", "load"), [("JSON", json.loads), ("YAML", yaml.safe_load)])
def test_an_aws_owned_document_is_read_in_both_formats(ssm, document_format, load):
    """GetDocument of Amazon's document converts its text; the order of its keys stays."""
    answer = ssm("GetDocument", Name=NAME, DocumentFormat=document_format, DocumentVersion="$LATEST")

    assert load(answer["Content"]) == OWNED
    assert list(load(answer["Content"])) == list(OWNED)
    assert (answer["DocumentVersion"], answer["DocumentFormat"]) == ("5", document_format)


def test_an_aws_owned_document_belongs_to_amazon(ssm, region):
    """DescribeDocument says who owns it and what it takes; a version that it does not have is an error."""
    described = ssm("DescribeDocument", Name=NAME)["Document"]

    assert (described["Owner"], described["DefaultVersion"], described["DocumentType"]) == ("Amazon", "5", "Automation")
    assert described["Parameters"] == [
        {"Name": "Minutes", "Type": "String", "Description": "", "DefaultValue": "5"},
        {"Name": "Names", "Type": "StringList", "Description": "", "DefaultValue": "[]"},
    ]
    assert region.part(Documents).automation(f"arn:aws:ssm:us-east-1::document/{NAME}", "5")[1] == "5"
    with pytest.raises(AwsError, match="InvalidDocumentVersion"):
        ssm("GetDocument", Name=NAME, DocumentVersion="4")
    with pytest.raises(AwsError, match="DocumentAlreadyExists"):
        ssm("CreateDocument", Name=NAME, Content=FIRST, DocumentType="Automation", DocumentFormat="YAML")


def test_own_documents_are_listed(ssm, document):
    """ListDocuments names the account's documents without inventing platforms."""
    listed = ssm("ListDocuments", Filters=[{"Key": "Name", "Values": [document]}])["DocumentIdentifiers"]

    assert [(d["Name"], d["PlatformTypes"]) for d in listed] == [(document, ["Windows", "Linux", "MacOS"])]


@pytest.mark.parametrize("operation", ["GetDocument", "DescribeDocument"])
def test_names_of_versions_are_not_known_here(ssm, document, operation):
    """A version that is asked for by a name of its own is refused rather than answered with the default one."""
    with pytest.raises(NotKnownHere, match="VersionName"):
        ssm(operation, Name=document, VersionName="release")
