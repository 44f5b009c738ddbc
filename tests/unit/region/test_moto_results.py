"""moto's objects read as botocore reads the XML that moto would have written of them."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.parsers import create_parser
from moto.core.responses import ActionContext, ActionResult
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.ec2.responses import EC2Response

from albpatch.region.moto_results import Reader, Unreadable

MODEL = get_service_model("ec2")
WRITER = get_serializer_class("ec2", "ec2")


def both(operation, result):
    """The answer by the short way, which has to be the one over XML."""
    model = MODEL.operation_model(operation)
    read = Reader(model, WRITER, EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER).read(result)
    status, headers, body = ActionResult(result).execute_result(ActionContext(MODEL, model, WRITER, EC2Response()))
    written = {"status_code": status, "headers": headers, "body": body.encode()}
    parsed = create_parser("ec2").parse(written, model.output_shape)
    parsed.pop("ResponseMetadata")
    assert read == parsed
    return read


def instance(**values):
    found = both("DescribeInstances", {"Reservations": [{"Instances": [values]}]})
    return found["Reservations"][0]["Instances"][0]


@pytest.mark.parametrize(("value", "read"), [(True, True), ("true", True), ("false", False), (0, False), ("on", False)])
def test_a_truth(value, read):
    """moto keeps some as texts: the text false is no truth."""
    assert instance(EbsOptimized=value) == {"EbsOptimized": read}


def test_numbers_times_and_texts():
    """Each in the type that a script gets; a time without its fraction, as EC2 sends it."""
    at = datetime(2026, 1, 4, 3, 0, 0, 250000, tzinfo=UTC)
    read = instance(AmiLaunchIndex="3", LaunchTime=at, ImageId=12)

    assert read == {"AmiLaunchIndex": 3, "LaunchTime": at.replace(microsecond=0), "ImageId": "12"}


def test_what_is_not_there():
    """Nothing is said of a member without a value; an empty list is one; an empty thing in a list is left out."""
    assert instance(KeyName=None, ProductCodes=[], Placement={}) == {"ProductCodes": [], "Placement": {}}
    assert instance(SecurityGroups=[{}, {"GroupName": "a"}]) == {"SecurityGroups": [{"GroupName": "a"}]}


def test_names_of_attributes():
    """An object's attributes have names of Python, in one kind of object as in another."""
    plain = SimpleNamespace(instance_id="i-1", _state="x", placement=SimpleNamespace(availability_zone="us-east-1a"))
    read = both("DescribeInstances", {"Reservations": [{"Instances": [plain, {"InstanceId": "i-2"}]}]})

    assert read["Reservations"][0]["Instances"] == [
        {"InstanceId": "i-1", "Placement": {"AvailabilityZone": "us-east-1a"}},
        {"InstanceId": "i-2"},
    ]


def test_a_kind_that_nobody_wrote_down():
    """It is refused instead of guessed: the control plane goes the long way then."""
    shape = get_service_model("kms").operation_model("Encrypt").output_shape
    kind = SimpleNamespace(output_shape=shape, name="Encrypt")

    with pytest.raises(Unreadable, match="blob"):
        Reader(kind, lambda _: WRITER(MODEL.operation_model("DescribeInstances")), {}).read({"CiphertextBlob": b"x"})
