"""The scenario file: what it may say, and one line for every mistake."""

import copy

import pytest
import yaml

from albpatch.errors import InputError
from albpatch.rehearsal.scenario import Registration, Scenario, load, parse

GOOD = yaml.safe_load("""
exists:
  zones: [us-east-1a, us-east-1c]
  load_balancers:
    front: {type: application}
  target_groups:
    web:
      port: 8080
      health_check: {path: /health, interval: 10, timeout: 5, healthy_threshold: 2, unhealthy_threshold: 2}
      attributes: {deregistration_delay.timeout_seconds: 30, load_balancing.cross_zone.enabled: true}
    spare: {port: 9090, load_balancer: null}
  instances:
    web-1:
      zone: us-east-1a
      tags: {ALB: alb01}
      registrations: [{target_group: web}, {target_group: web, port: 8081}]
    web-2: {zone: us-east-1c, state: stopped}
  alarms: {errors: {state: INSUFFICIENT_DATA}, service: {kind: CompositeAlarm}}
  calendars: {holidays: CLOSED}
  topics: [news]
profiles:
  plain: {missing_patches: 2, patch_seconds: 60}
assign: {web-1: plain, web-2: plain}
traffic: {requests_per_second: 2, slow_share: 0.1, slow_seconds: 8, timeout: 20, idle_connections: kept}
faults:
  calls: [{call: elbv2.DeregisterTargets, code: Throttling, times: for ever, where: {TargetGroupArn: x}}]
  events: [{lose: Some Notification, detail: {Status: Failed}, times: 2}]
  acts:
    - {act: cancel, machine: web-1, when: {host: rebooting, after: 5}}
    - {act: alarm, alarm: errors, machine: web-1, when: {step: AwaitDelay}}
    - {act: thaw, calendar: holidays, when: {after: 60}}
    - {act: deregister, machine: web-1, when: {step: Detach}}
""")
AT_A_CALL = yaml.safe_load("""
calls: [{call: dynamodb.UpdateItem, seconds: 700, step: Detach, machine: web-1, first: 2, carried_out: true}]
acts: [{act: crash, machine: web-1, other: web-2, when: {step: Detach, call: elbv2.DeregisterTargets, number: 3}}]
""")


def test_everything_a_scenario_may_say():
    """A full file arrives typed, with AWS's way of writing attribute values."""
    made = parse(GOOD)

    assert made.zones == ("us-east-1a", "us-east-1c")
    assert made.target_groups["web"].load_balancer == "front"
    assert made.target_groups["web"].attributes == {
        "deregistration_delay.timeout_seconds": "30",
        "load_balancing.cross_zone.enabled": "true",
    }
    assert made.target_groups["spare"].load_balancer is None
    assert made.machines["web-1"].registrations == (Registration("web"), Registration("web", 8081))
    assert made.machines["web-2"].state == "stopped"
    assert made.profile("web-1") == {"missing_patches": 2, "patch_seconds": 60}
    assert (made.traffic.slow_seconds, made.traffic.idle_connections) == (8, "kept")
    assert (made.call_faults[0].service, made.call_faults[0].times) == ("elbv2", None)
    assert made.event_faults[0].detail_type == "Some Notification"
    assert (made.event_faults[0].detail, made.event_faults[0].times) == ({"Status": "Failed"}, 2)
    cancel, alarm, thaw, hand = made.interferences
    assert cancel.when.after == 5
    assert (alarm.act, alarm.alarm, alarm.machine, alarm.when.step) == ("alarm", "errors", "web-1", "AwaitDelay")
    assert (thaw.calendar, thaw.machine, thaw.when.after) == ("holidays", "", 60)
    assert (hand.act, hand.machine, hand.when.step) == ("deregister", "web-1", "Detach")
    assert [(a.kind, a.state) for a in made.alarms.values()] == [
        ("MetricAlarm", "INSUFFICIENT_DATA"),
        ("CompositeAlarm", "OK"),
    ]
    assert (made.calendars, made.topics) == ({"holidays": "CLOSED"}, ("news",))


def test_faults_at_a_call_of_a_step():
    """A slow answer and an act name the machine, the step and which of its calls."""
    made = parse({**GOOD, "faults": AT_A_CALL})
    [fault], [act] = made.call_faults, made.interferences

    assert (fault.code, fault.seconds, fault.first, fault.carried_out) == (None, 700, 2, True)
    assert fault.labels == {"step": "Detach", "targets": "web-1"}
    assert (act.when.step, act.when.call, act.when.number) == ("Detach", ("elbv2", "DeregisterTargets"), 3)
    assert (act.machine, act.other, act.when.carried_out) == ("web-1", "web-2", False)


def test_the_least_scenario_has_defaults():
    """Zones, groups, instances and their profiles suffice."""
    made = parse(
        {
            "exists": {"zones": ["us-east-1a"], "target_groups": {}, "instances": {"a": {"zone": "us-east-1a"}}},
            "profiles": {"p": {}},
            "assign": {"a": "p"},
        }
    )

    assert isinstance(made, Scenario)
    assert made.load_balancers == {"default": "application"}
    assert made.call_faults == made.interferences == ()


MISTAKES = {
    "exists": (None, "exists: must be a mapping, not nothing"),
    "exists.zones": ([], "exists.zones: names no zone"),
    "exists.zones[0]": (7, "exists.zones[0]: must be text, not 7"),
    "exists.instances": ({}, "exists.instances: names no instance"),
    "exists.load_balancers.front.type": ("classic", "exists.load_balancers.front.type: must be one of application"),
    "exists.subnets": ([], "exists.subnets: is not known here; known are zones"),
    "exists.target_groups.web.port": (0, "exists.target_groups.web.port: must be a whole number from 1 to 65535"),
    "exists.target_groups.web.protocol": ("GENEVE", "exists.target_groups.web.protocol: must be one of HTTP"),
    "exists.target_groups.web.load_balancer": ("back", "there is no load balancer 'back'"),
    "exists.target_groups.web.health_check.interval": (True, "interval: must be a whole number from 5 to 300"),
    "exists.target_groups.web.health_check.timeout": (10, "timeout: must be below the interval"),
    "exists.target_groups.web.attributes.slow": ([1], "attributes.slow: must be text or a number"),
    "exists.instances.web-1.zone": ("eu-west-1a", "exists.instances.web-1.zone: there is no zone 'eu-west-1a'"),
    "exists.instances.web-1.state": ("asleep", "exists.instances.web-1.state: must be one of running, stopped"),
    "exists.instances.web-1.registrations": ({}, "exists.instances.web-1.registrations: must be a list"),
    "exists.instances.web-1.registrations[1].target_group": ("api", "[1].target_group: there is no target group 'api'"),
    "exists.instances.web-1.registrations[1].port": ("80", "[1].port: must be a whole number"),
    "profiles.plain.reboot": (1, "profiles.plain: profile: unknown key 'reboot'"),
    "profiles.plain.patch_seconds": (-1, "profiles.plain: profile.patch_seconds: -1 is not a number of at least 0"),
    "assign.web-1": ("fast", "assign.web-1: there is no profile 'fast'"),
    "assign.web-3": ("plain", "assign.web-3: is no instance of this scenario"),
    "traffic.requests_per_second": (0, "traffic.requests_per_second: must be a number from 0.01 to 1000, not 0"),
    "traffic.slow_share": (1.5, "traffic.slow_share: must be a number from 0 to 1"),
    "traffic.idle_connections": ("open", "traffic.idle_connections: must be one of closed, kept"),
    "traffic.burst": (1, "traffic.burst: is not known here"),
    "faults.calls[0].call": ("DeregisterTargets", "faults.calls[0].call: must be service.Operation"),
    "faults.calls[0].times": ("often", "faults.calls[0].times: must be a whole number"),
    "faults.calls[0].code": (None, "faults.calls[0]: takes a code, or the seconds until the answer"),
    "faults.calls[0].machine": ("web-9", "faults.calls[0].machine: there is no instance 'web-9'"),
    "faults.calls[0].seconds": (-1, "faults.calls[0].seconds: must be a number from 0 to 86400"),
    "faults.acts[0].other": ("web-9", "faults.acts[0].other: there is no instance 'web-9'"),
    "faults.acts[0].when.call": ("x.Y", "faults.acts[0].when: takes a step or call, or a host state, not both"),
    "faults.events[0].lose": (7, "faults.events[0].lose: must be text"),
    "faults.events[0].times": (0, "faults.events[0].times: must be a whole number"),
    "faults.acts[0].act": ("unplug", "faults.acts[0].act: must be one of cancel, kill, sicken, recover"),
    "faults.acts[0].machine": ("web-9", "faults.acts[0].machine: there is no instance 'web-9'"),
    "faults.acts[0].alarm": ("errors", "faults.acts[0].alarm: is not known here; known are act, machine, other, when"),
    "faults.acts[1].alarm": ("quota", "faults.acts[1].alarm: there is no alarm 'quota'"),
    "faults.acts[2].calendar": ("easter", "faults.acts[2].calendar: there is no calendar 'easter'"),
    "faults.acts[2].when.step": ("Install", "faults.acts[2].when: names what a machine comes to, so machine must say"),
    "exists.alarms.errors.state": ("RED", "exists.alarms.errors.state: must be one of OK, ALARM, INSUFFICIENT_DATA"),
    "exists.calendars.holidays": ("SHUT", "exists.calendars.holidays: must be one of OPEN, CLOSED"),
    "faults.acts[0].when.step": ("Install", "faults.acts[0].when: takes a step or call, or a host state, not both"),
    "faults.weather": ("rain", "faults.weather: is not known here"),
    "extra": (1, "extra: is not known here"),
}


def put(content, path, value):
    """The content with another value at `a.b[0].c`."""
    made = copy.deepcopy(content)
    *way, last = [int(p) if p.isdigit() else p for p in path.replace("[", ".").replace("]", "").split(".")]
    at = made
    for step in way:
        at = at[step]
    if isinstance(at, list) and last >= len(at):
        at.append(value)
    else:
        at[last] = value
    return made


@pytest.mark.parametrize(("path", "value", "message"), [(p, *m) for p, m in MISTAKES.items()], ids=list(MISTAKES))
def test_a_mistake_is_one_line_that_names_its_place(path, value, message):
    """Every mistake is refused with the file, the path in it and what is wrong."""
    with pytest.raises(InputError) as refused:
        parse(put(GOOD, path, value), "night.yaml")

    assert message in str(refused.value)
    assert str(refused.value).startswith("night.yaml: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["exists", "profiles", "assign"])
def test_what_must_be_there_is_asked_for(key):
    """A missing part is named."""
    with pytest.raises(InputError, match=f"{key} is missing"):
        parse({k: v for k, v in GOOD.items() if k != key})


def test_an_instance_needs_a_profile():
    """Nobody guesses how a machine behaves."""
    with pytest.raises(InputError, match="assign: has no profile for the instance web-2"):
        parse({**GOOD, "assign": {"web-1": "plain"}})


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_a_file_that_is_no_mapping(content):
    """An empty file or a list is refused as such."""
    with pytest.raises(InputError, match="the file: must be a mapping"):
        parse(content)


def test_a_missing_file_is_one_line(tmp_path):
    """No traceback for a file that is not there."""
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load(tmp_path / "rehearsal.yaml")


def test_a_file_that_is_not_yaml_is_one_line(tmp_path):
    """The parser's many lines become one."""
    path = tmp_path / "rehearsal.yaml"
    path.write_text("exists: [unclosed", encoding="utf-8")

    with pytest.raises(InputError) as refused:
        load(path)

    assert "is not YAML" in str(refused.value)
    assert "\n" not in str(refused.value)
