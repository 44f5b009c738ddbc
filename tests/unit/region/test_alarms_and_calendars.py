"""CloudWatch's alarms and metrics, change calendars, and SNS."""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from albpatch.region.faults import CallFault
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.services.alarms import Alarms
from albpatch.region.services.calendars import Calendars
from albpatch.region.transport.in_process import client
from data_plane import Fleet

BOTH = ["MetricAlarm", "CompositeAlarm"]


@pytest.fixture(scope="module")
def region():
    """A region with a metric alarm of the control plane's, others from outside, two calendars and a topic."""
    fleet = Fleet(0)
    fleet.make(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="made",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_ELB_5XX_Count",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Threshold=1.0,
        Statistic="Sum",
    )
    alarms, calendars = fleet.region.part(Alarms), fleet.region.part(Calendars)
    alarms.set("errors", "ALARM")
    alarms.set("service", "OK", "CompositeAlarm")
    calendars.set("holidays", "OPEN")
    calendars.set("sales", "CLOSED")
    fleet.make("sns", "CreateTopic", Name="news")
    yield fleet.region
    fleet.region.close()


def call(region, service, operation, **params):
    return region.call(region.administrator, service, operation, params)


def described(region, **params):
    answer = call(region, "cloudwatch", "DescribeAlarms", **params)
    return {a["AlarmName"]: a["StateValue"] for key in ("MetricAlarms", "CompositeAlarms") for a in answer[key]}


def test_composite_alarms_are_asked_for(region):
    """Without AlarmTypes only metric alarms are answered; a name that no alarm has is left out without an error."""
    names = ["errors", "service", "nobody"]

    assert described(region, AlarmNames=names) == {"errors": "ALARM"}
    assert described(region, AlarmNames=names, AlarmTypes=BOTH) == {"errors": "ALARM", "service": "OK"}
    assert described(region, AlarmTypes=["CompositeAlarm"]) == {"service": "OK"}


def test_alarms_come_in_pages(region):
    """A page has at most MaxRecords alarms of all types together, and the next one follows by its token."""
    pages = client(region, region.administrator, "cloudwatch").get_paginator("describe_alarms")
    sizes = [
        len(p["MetricAlarms"]) + len(p["CompositeAlarms"])
        for p in pages.paginate(AlarmTypes=BOTH, PaginationConfig={"PageSize": 2})
    ]

    assert sizes == [2, 1]
    assert set(described(region, AlarmTypes=BOTH)) == {"errors", "made", "service"}


def test_an_alarm_changes_its_state(region):
    """A state that is set holds from then on, the kind stays, and the change is journaled."""
    region.part(Alarms).set("service", "INSUFFICIENT_DATA")

    assert described(region, AlarmNames=["service"], AlarmTypes=BOTH) == {"service": "INSUFFICIENT_DATA"}
    assert region.journal.of("alarm", "service")[-1].detail == {"state": "INSUFFICIENT_DATA"}
    with pytest.raises(ValueError, match="RED"):
        region.part(Alarms).set("service", "RED")


@pytest.mark.parametrize("more", [{"StateValue": "OK"}, {"AlarmTypes": ["LogAlarm"]}, {"AlarmNamePrefix": "e"}])
def test_what_is_not_known_of_alarms(region, more):
    """Other ways to ask are errors, not empty answers."""
    with pytest.raises(NotKnownHere):
        call(region, "cloudwatch", "DescribeAlarms", **more)


def test_metrics_are_journaled(region):
    """A value that is put can be read in the journal with its dimensions; anything but plain values is not known."""
    data = [{"MetricName": "Out", "Value": 2.0, "Dimensions": [{"Name": "Table", "Value": "leases"}]}]
    call(region, "cloudwatch", "PutMetricData", Namespace="Mine", MetricData=data)
    (entry,) = region.journal.of("metric", "Mine Out")

    assert (entry.detail["value"], entry.detail["dimensions"]) == (2.0, {"Table": "leases"})
    with pytest.raises(NotKnownHere):
        call(region, "cloudwatch", "PutMetricData", Namespace="Mine", MetricData=[{"MetricName": "a", "Values": [1.0]}])


@pytest.mark.parametrize(("value", "name", "rings"), [(9.0, "web", False), (10.0, "web", True), (10.0, "api", False)])
def test_a_metric_that_crosses_a_threshold_rings(region, value, name, rings):
    """An alarm looks at metric and dimensions together, and the number that it names counts."""
    named = f"older than {value} for {name}"
    alarm = {"AlarmName": named, "Namespace": "Mine", "MetricName": "Age", "Statistic": "Maximum", "Period": 60}
    alarm |= {"Dimensions": [{"Name": "Name", "Value": "web"}], "EvaluationPeriods": 1, "Threshold": 10.0}
    region.backend("cloudwatch", "PutMetricAlarm", {**alarm, "ComparisonOperator": "GreaterThanOrEqualToThreshold"})
    data = [{"MetricName": "Age", "Value": value, "Dimensions": [{"Name": "Name", "Value": name}]}]
    call(region, "cloudwatch", "PutMetricData", Namespace="Mine", MetricData=data)

    assert bool(region.journal.of("alarm", named)) is rings


@pytest.mark.parametrize(
    ("names", "state"),
    [
        (["holidays"], "OPEN"),
        (["sales"], "CLOSED"),
        (["holidays", "sales"], "CLOSED"),
        (["arn:aws:ssm:us-east-1:123456789012:document/sales"], "CLOSED"),
    ],
)
def test_open_only_if_all_are_open(region, names, state):
    """One closed calendar closes them all; a calendar is named by its name or its ARN."""
    assert call(region, "ssm", "GetCalendarState", CalendarNames=names)["State"] == state


def test_a_calendar_that_is_not_there(region):
    """An unknown calendar is an error; one of another account is not known here."""
    with pytest.raises(AwsError, match="InvalidDocument"):
        call(region, "ssm", "GetCalendarState", CalendarNames=["easter"])
    with pytest.raises(NotKnownHere):
        call(region, "ssm", "GetCalendarState", CalendarNames=["arn:aws:ssm:us-east-1:111122223333:document/sales"])
    with pytest.raises(ValueError, match="AJAR"):
        region.part(Calendars).set("sales", "AJAR")


def test_a_message_is_journaled(region):
    """What is published to a topic stands in the journal with subject and text."""
    arn = "arn:aws:sns:us-east-1:123456789012:news"
    client(region, region.administrator, "sns").publish(TopicArn=arn, Subject="End", Message="Two patched.")
    (entry,) = region.journal.of("notification", arn)

    assert (entry.detail["title"], entry.detail["message"]) == ("End", "Two patched.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TopicArn": "arn:aws:sns:us-east-1:123456789012:nobody"}, "NotFound"),
        ({"Message": ""}, "InvalidParameter"),
        ({"Message": "x" * 262_145}, "InvalidParameter"),
        ({"Subject": "two\nlines"}, "InvalidParameter"),
        ({"Subject": "x" * 100}, "InvalidParameter"),
        ({"Subject": "ende für heute"}, "InvalidParameter"),
    ],
)
def test_a_message_that_is_refused(region, change, code):
    """The topic must exist, and text and subject keep to SNS's limits."""
    params = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:news", "Subject": "End", "Message": "Text"} | change

    with pytest.raises(ClientError) as caught:
        client(region, region.administrator, "sns").publish(**params)

    assert caught.value.response["Error"]["Code"] == code
    assert not [e for e in region.journal.of("notification") if e.detail["title"] == params["Subject"] != "End"]


def test_a_fault_of_an_alarm_is_an_error_of_cloudwatch(region):
    """CloudWatch knows several protocols: throttling is retried there too, and a refusal arrives with its code."""
    region.faults.calls.append(CallFault("cloudwatch", "DescribeAlarms", "Throttling", times=2))
    retries = Config(retries={"mode": "standard", "max_attempts": 8})
    found = []

    def ask():
        cloudwatch = client(region, region.administrator, "cloudwatch", retries)
        found.extend(
            a["AlarmName"] for a in cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        )

    region.clock.run(region.clock.spawn("ask", ask))
    region.faults.calls[:] = [CallFault("cloudwatch", "DescribeAlarms", "AccessDenied", status=403)]
    with pytest.raises(ClientError) as caught:
        client(region, region.administrator, "cloudwatch").describe_alarms()
    region.faults.calls.clear()

    assert found == ["service"]
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
