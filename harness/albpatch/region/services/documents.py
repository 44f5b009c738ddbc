"""Systems Manager documents: the caller's own in the control plane, and those that Amazon owns.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetDocument.html
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml
from moto.backends import get_backend

from albpatch.document.model import Refused
from albpatch.document.read import load
from albpatch.document.text import Unreadable
from albpatch.region import command_documents
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, answered_by_backend, operation

PLATFORMS = ["Windows", "Linux", "MacOS"]
MAX_BYTES = 65_536
MAX_LISTED = 50
_AMAZON_CREATED = datetime(2022, 5, 25, tzinfo=UTC)
_DEFAULT_VERSION = (None, "", "$DEFAULT")

answered_by_backend(
    "ssm", "UpdateDocumentDefaultVersion", "ModifyDocumentPermission", "DescribeDocumentPermission", "DeleteDocument"
)


@dataclass(frozen=True)
class AwsOwned:
    """One version of a document that Amazon owns, readable by everybody, writable by nobody."""

    name: str
    content: str
    format: str
    version: str

    @property
    def parsed(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.content))

    def description(self) -> dict[str, Any]:
        """What DescribeDocument says of it."""
        parsed = self.parsed
        return {
            "Name": self.name,
            "Owner": "Amazon",
            "Hash": hashlib.sha256(self.content.encode()).hexdigest(),
            "HashType": "Sha256",
            "CreatedDate": _AMAZON_CREATED,
            "Status": "Active",
            "DocumentVersion": self.version,
            "LatestVersion": self.version,
            "DefaultVersion": self.version,
            "Description": parsed.get("description", ""),
            "Parameters": [_parameter(name, spec) for name, spec in (parsed.get("parameters") or {}).items()],
            "PlatformTypes": PLATFORMS,
            "DocumentType": "Automation",
            "SchemaVersion": str(parsed["schemaVersion"]),
            "DocumentFormat": self.format,
            "Tags": [],
        }


class Documents:
    """The region's documents (a part of the region)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.aws_owned: dict[str, AwsOwned] = {}
        self._owned_versions: dict[tuple[str, str], AwsOwned] = {}
        self._automations: dict[tuple[str, str | None], tuple[tuple[Any, ...], tuple[str, str]]] = {}
        self._texts: dict[tuple[str, str, str], tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def add_aws_owned(self, name: str, content: str, version: str = "1") -> None:
        """Let Amazon own an Automation document of this name. `content` is JSON or YAML text.

        Added again it is another version: the newest and the default, while the former ones stay readable.
        """
        as_json = content.lstrip().startswith("{")
        made = AwsOwned(name, content, "JSON" if as_json else "YAML", version)
        self.aws_owned[name] = made
        self._owned_versions[name, version] = made

    def automation(self, name: str, version: str | None = None) -> tuple[str, str]:
        """The text and the version number of an Automation document, as StartAutomationExecution finds it.

        Args:
            version: a number, "$LATEST", "$DEFAULT", or None for the default.

        Raises:
            AwsError: AutomationDefinitionNotFoundException, AutomationDefinitionVersionNotFoundException.
        """
        stamp = self._stamp(name)
        known = self._automations.get((name, version))
        if stamp is not None and known is not None and known[0] == stamp:
            return known[1]
        found = self._automation(name, version)
        if stamp is not None:
            self._automations[name, version] = (stamp, found)
        return found

    def _stamp(self, name: str) -> tuple[Any, ...] | None:
        """Differs when the documents of this name do; None for a name that the account has no document of.

        It holds moto's object itself: one that took a deleted one's place is another.
        """
        found = get_backend("ssm")[self._region.account_id][self._region.name]._documents.get(name)
        return None if found is None else (found, found.default_version, *found.versions)

    def _automation(self, name: str, version: str | None) -> tuple[str, str]:
        try:
            description = self.describe(name, version)
        except AwsError as error:
            if error.code == "InvalidDocumentVersion":
                raise AwsError("AutomationDefinitionVersionNotFoundException", _no_version(name, version)) from None
            raise AwsError("AutomationDefinitionNotFoundException", f"Document with name {name} not found.") from None
        if description["DocumentType"] != "Automation":
            raise AwsError("AutomationDefinitionNotFoundException", f"{name} is not an Automation document.")
        number = description["DocumentVersion"]
        return self.get(name, number, description["DocumentFormat"])["Content"], number

    def describe(self, name: str, version: str | None = None) -> dict[str, Any]:
        """The members of DescribeDocument's `Document`."""
        name = name.rsplit("/", 1)[-1]  # an ARN names a document too
        owned = self._owned(name, version)
        if owned is not None:
            return owned.description()
        params = {"Name": name} if version in _DEFAULT_VERSION else {"Name": name, "DocumentVersion": version}
        document: dict[str, Any] = self._ask("DescribeDocument", params)["Document"]
        return {**document, "PlatformTypes": PLATFORMS}

    def get(self, name: str, version: str | None = None, document_format: str = "JSON") -> dict[str, Any]:
        """GetDocument's answer. The text is converted when another format is asked for than it was written in."""
        name = name.rsplit("/", 1)[-1]
        owned = self._owned(name, version)
        if owned is None:
            return self._own(name, version, document_format)
        return {
            "Name": name,
            "CreatedDate": _AMAZON_CREATED,
            "DocumentVersion": owned.version,
            "Status": "Active",
            "Content": owned.content if document_format == owned.format else _written_as(document_format, owned.parsed),
            "DocumentType": "Automation",
            "DocumentFormat": document_format,
        }

    def _own(self, name: str, version: str | None, document_format: str) -> dict[str, Any]:
        """GetDocument of the account's own: asked of moto once, until the documents of this name change."""
        asked, stamp = (name, str(version), document_format), self._stamp(name)
        known = self._texts.get(asked)
        if stamp is not None and known is not None and known[0] == stamp:
            return dict(known[1])
        params = {"Name": name, "DocumentFormat": document_format}
        if version not in _DEFAULT_VERSION:
            params["DocumentVersion"] = str(version)
        answer = self._ask("GetDocument", params)
        if stamp is not None:
            self._texts[asked] = (stamp, answer)
        return dict(answer)

    def _owned(self, name: str, version: str | None) -> AwsOwned | None:
        owned = self.aws_owned.get(name)
        if owned is None or version in (*_DEFAULT_VERSION, "$LATEST"):
            return owned
        if (name, str(version)) not in self._owned_versions:
            raise AwsError("InvalidDocumentVersion", _no_version(name, version))
        return self._owned_versions[name, str(version)]

    def _ask(self, name: str, params: dict[str, Any]) -> dict[str, Any]:
        """moto says InvalidDocument for a missing version too; AWS tells the two apart."""
        try:
            return self._region.backend("ssm", name, params)
        except AwsError as error:
            if error.code != "InvalidDocument" or "DocumentVersion" not in params:
                raise
            self._region.backend("ssm", "DescribeDocument", {"Name": params["Name"]})
            raise AwsError("InvalidDocumentVersion", _no_version(params["Name"], params["DocumentVersion"])) from None


def _no_version(name: str, version: str | None) -> str:
    return f"The document version {version} of {name} is not valid or does not exist."


def _parameter(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    default = spec.get("default")
    shown = {} if default is None else {"DefaultValue": default if isinstance(default, str) else json.dumps(default)}
    return {"Name": name, "Type": spec["type"], "Description": spec.get("description", ""), **shown}


def _written_as(document_format: str, parsed: dict[str, Any]) -> str:
    if document_format == "JSON":
        return json.dumps(parsed, indent=2, default=str)
    return yaml.safe_dump(parsed, sort_keys=False)


def _within_limits(content: str) -> None:
    if len(content.encode()) > MAX_BYTES:
        raise AwsError("MaxDocumentSizeExceeded", f"The size limit of a document is {MAX_BYTES // 1024} KB.")


def _valid(content: str, document_type: str | None) -> None:
    """Refuse a document that CreateDocument would refuse, with every reason. Other forms of commands pass."""
    try:
        if document_type == "Automation":
            load(content)
        elif document_type == "Command":
            with suppress(NotKnownHere):
                command_documents.read("the document", content)
    except (Refused, Unreadable) as refused:
        raise AwsError("InvalidDocumentContent", str(refused)) from None


@operation("ssm", "CreateDocument")
def create_document(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """A document of the caller's account. Refuses what is above 64 KB, is not valid, or has a name of Amazon's."""
    _within_limits(params["Content"])
    _valid(params["Content"], params.get("DocumentType"))
    if params["Name"] in region.part(Documents).aws_owned:
        raise AwsError("DocumentAlreadyExists", "The specified document already exists.")
    answer = region.backend("ssm", "CreateDocument", params)
    return {"DocumentDescription": {**answer["DocumentDescription"], "PlatformTypes": PLATFORMS}}


@operation("ssm", "UpdateDocument")
def update_document(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """A new version. It becomes the default only by UpdateDocumentDefaultVersion."""
    _within_limits(params["Content"])
    _valid(params["Content"], region.part(Documents).describe(params["Name"])["DocumentType"])
    answer = region.backend("ssm", "UpdateDocument", params)
    return {"DocumentDescription": {**answer["DocumentDescription"], "PlatformTypes": PLATFORMS}}


def _by_number(params: dict[str, Any]) -> None:
    if params.get("VersionName"):
        raise NotKnownHere("documents by VersionName")


@operation("ssm", "GetDocument")
def get_document(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The text of one version, in the format asked for (JSON unless said otherwise)."""
    _by_number(params)
    documents = region.part(Documents)
    return documents.get(params["Name"], params.get("DocumentVersion"), params.get("DocumentFormat", "JSON"))


@operation("ssm", "DescribeDocument")
def describe_document(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    _by_number(params)
    return {"Document": region.part(Documents).describe(params["Name"], params.get("DocumentVersion"))}


@operation("ssm", "ListDocuments")
def list_documents(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The account's own documents; Amazon's are not listed here. At most 50 an answer."""
    answer = region.backend("ssm", "ListDocuments", {"MaxResults": MAX_LISTED, **params})
    for document in answer["DocumentIdentifiers"]:
        document["PlatformTypes"] = PLATFORMS
    if not answer.get("NextToken"):
        answer.pop("NextToken", None)
    return answer
