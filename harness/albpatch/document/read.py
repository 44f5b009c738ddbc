"""Text -> Document and its defects. The one way in for everybody who has a document's text.

What CreateDocument refuses is marked "creation", what only shows when it runs is marked "run": parameter types inside
step inputs are not checked at creation except for aws:runCommand (UG "Data elements and parameters").
"""

from __future__ import annotations

from typing import Any

from albpatch.document.check import check
from albpatch.document.model import Defect, Document, Refused
from albpatch.document.parameters import read_parameters, read_variables
from albpatch.document.steps import read_steps
from albpatch.document.text import Unreadable, parse

SIZE_LIMIT = 64 * 1024
TOP_LEVEL = (
    "schemaVersion",
    "description",
    "assumeRole",
    "parameters",
    "variables",
    "mainSteps",
    "outputs",
    "files",
)


def read(text: str) -> tuple[Document | None, list[Defect]]:
    """The document (None when there is too little to make one of) and everything that is wrong with it."""
    defects: list[Defect] = []
    if len(text.encode()) > SIZE_LIMIT:
        size = f"{len(text.encode())} bytes"
        defects.append(Defect("", f"the document has {size}, the limit is {SIZE_LIMIT} (64 KB)"))
    try:
        raw = parse(text)
    except Unreadable as error:
        return None, [*defects, Defect("", str(error))]
    if not isinstance(raw, dict):
        return None, [*defects, Defect("", "the document is no map")]
    document = _document(raw, defects)
    if document is not None:
        defects.extend(check(document))
    return document, defects


def load(text: str) -> Document:
    """The document, or Refused with every reason for which CreateDocument would refuse it."""
    document, defects = read(text)
    refusals = [defect for defect in defects if defect.at == "creation"]
    if refusals or document is None:
        raise Refused(refusals)
    return document


def _document(raw: dict[Any, Any], defects: list[Defect]) -> Document | None:
    def complain(where: str, text: str) -> None:
        defects.append(Defect(where, text))

    for key in raw:
        if key not in TOP_LEVEL:
            complain(str(key), f"no element of an Automation document (known: {', '.join(TOP_LEVEL)})")
    if "schemaVersion" not in raw:
        complain("schemaVersion", "is missing")
    elif str(raw["schemaVersion"]) != "0.3":
        complain("schemaVersion", f"is {raw['schemaVersion']!r}, an Automation document has '0.3'")
    for key in ("description", "assumeRole"):
        if not isinstance(raw.get(key, ""), str):
            complain(key, "is a text")
    parameters = read_parameters(raw.get("parameters", {}), complain)
    variables = read_variables(raw.get("variables", {}), complain)
    outputs = _outputs(raw.get("outputs", []), complain)
    if not isinstance(raw.get("files", {}), dict):
        complain("files", "is a map")
    if "mainSteps" not in raw:
        complain("mainSteps", "is missing")
        return None
    steps = read_steps(raw["mainSteps"], "mainSteps", defects)
    return Document(
        steps,
        parameters,
        variables,
        outputs,
        raw["assumeRole"] if isinstance(raw.get("assumeRole"), str) else "",
        raw["description"] if isinstance(raw.get("description"), str) else "",
    )


def _outputs(raw: Any, complain: Any) -> tuple[str, ...]:
    if not isinstance(raw, list):
        complain("outputs", "is a list of 'Step.Output'")
        return ()
    for number, item in enumerate(raw):
        if not isinstance(item, str):
            complain(f"outputs[{number}]", "is a text such as 'Step.Output'")
    return tuple(item.strip().removeprefix("{{").removesuffix("}}").strip() for item in raw if isinstance(item, str))
