"""Waiting for a verdict to settle, credentials that lead nowhere, and the verb's bad input. No account is asked."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from albpatch import cli
from albpatch.errors import Failure
from albpatch.live import check, snapshot
from albpatch.live.calls import Calls, Unanswered
from albpatch.live.rules import RULES
from albpatch.live.verdicts import Check, Verdict, right, wrong
from albpatch.settings import parse
from unit.test_settings import RECORD

DEPLOYMENT = parse(RECORD)


class Client:
    """Answers every operation with the next of the given answers, and the last one for ever."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers, self.asked = answers, 0

    def __getattr__(self, _name: str) -> Any:
        def call(**_params: Any) -> Any:
            self.asked += 1
            answer = self.answers[min(self.asked, len(self.answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Session:
    def __init__(self, *answers: Any) -> None:
        self.made = Client(list(answers))

    def client(self, *_: Any, **__: Any) -> Client:
        return self.made


class Clock:
    """Time that passes only by sleeping."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def settled(monkeypatch, states, timeout=100.0):
    """settle() over looks of which each has one item of these: right, passing or wrong. Its findings and progress."""
    items = {
        "right": right("a", "x", "x"),
        "passing": wrong("roll-under-way", "a", "x", "y", passing=True),
        "wrong": wrong("document-shared", "a", "x", "y"),
    }
    looks = iter(states)
    one = Check("one", "the check", lambda _look: iter(()), ("roll-under-way", "document-shared"))
    monkeypatch.setattr(check, "look", lambda _session: [(DEPLOYMENT, [Verdict(one, (items[next(looks)],))])])
    clock, said = Clock(), list[str]()
    session = check.Session([DEPLOYMENT], lambda: datetime(2026, 1, 1, tzinfo=UTC))
    found = check.settle(session, timeout, 15.0, clock.time, clock.sleep, said.append)
    return [f.id for f in found.findings], said, clock.now


def test_it_looks_until_nothing_passes_any_more(monkeypatch):
    """Two looks that are not settled cost two intervals; the third is the answer."""
    ids, said, seconds = settled(monkeypatch, ["passing", "passing", "right"])

    assert (ids, seconds) == ([], 30.0)
    assert said == ["not settled yet: one; 100 s left", "not settled yet: one; 85 s left"]


def test_what_is_wrong_for_good_is_not_waited_for(monkeypatch):
    """A finding that will not change by itself is told at once."""
    assert settled(monkeypatch, ["wrong"]) == (["document-shared"], [], 0.0)


def test_the_time_out_is_a_finding(monkeypatch):
    """What has not settled is an error of its own, after exactly the time-out."""
    ids, _, seconds = settled(monkeypatch, ["passing"] * 99, timeout=40.0)

    assert ids == ["not-settled", "roll-under-way"]
    assert RULES["not-settled"].severity == "error"
    assert seconds == 40.0


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")


@pytest.mark.parametrize("error", [NoCredentialsError(), refusal("ExpiredToken"), refusal("InvalidClientTokenId")])
def test_credentials_that_lead_nowhere_end_the_check(error):
    """Without an account there is one line with the cause, and no list of forty missing things."""
    session = check.Session([DEPLOYMENT], lambda: datetime.now(UTC), boto=Session(error))

    with pytest.raises(Failure, match="AWS credentials: "):
        check.once(session)


def test_an_answer_is_kept_for_one_look():
    """The same question is asked once a look, a refusal too; after `forget` it is asked again."""
    boto = Session({"Account": "1"}, {"Account": "2"})
    calls = Calls("us-east-1", boto)

    assert [calls.ask("sts", "get_caller_identity")["Account"] for _ in range(2)] == ["1", "1"]
    calls.forget()
    assert calls.ask("sts", "get_caller_identity")["Account"] == "2"

    refused = Calls("us-east-1", denied := Session(refusal("AccessDenied")))
    for _ in range(2):
        with pytest.raises(Unanswered) as caught:
            refused.ask("sts", "get_caller_identity")
    assert (caught.value.denied, caught.value.throttled, denied.made.asked) == (True, False, 1)


def test_a_call_that_may_change_something_cannot_be_made():
    """Only operations that describe, get or list pass."""
    calls = Calls("us-east-1", boto := Session({}))

    for method in ("register_targets", "send_command", "update_maintenance_window", "put_role_policy"):
        with pytest.raises(ValueError, match="may change something"):
            calls.ask("elbv2", method)
        with pytest.raises(ValueError, match="may change something"):
            calls.pages("elbv2", method, "Pages")
    assert boto.made.asked == 0


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("{", "standard input is not JSON"),
        ("[]", "standard input holds no deployment record"),
        ('{"planned_values": {}}', "this is a plan"),
        ('{"schema": "alb-patching/deployment/9"}', "has schema alb-patching/deployment/9"),
        (json.dumps({**RECORD, "more": 1}), "not known here: deployment.more"),
        ("[" * 100_000, "standard input is not JSON"),
    ],
)
def test_input_that_is_no_deployment(monkeypatch, capsys, given, line):
    """One line, exit status 2."""
    monkeypatch.setattr("sys.stdin", io.StringIO(given))

    assert cli.main(["check"]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--deployment", "gone.json"], "cannot read gone.json: No such file or directory"),
        (["--timeout", "soon"], "soon is no whole number of seconds"),
        (["--write", "pdf=x"], "--write pdf=x: give FORMAT=FILE"),
        (["--fail-on", "never"], "invalid choice: 'never'"),
        (["--snapshot", "gone/before.json"], "cannot write gone/before.json"),
        (["--after-window", "--snapshot", "gone.json"], "cannot read gone.json"),
    ],
)
def test_arguments_that_are_wrong(monkeypatch, capsys, tmp_path, arguments, line):
    """Said before the account is asked, exit status 2."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(RECORD)))

    assert cli.main(["check", *arguments]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ([], "is no snapshot"),
        ({"schema": "other"}, "is no snapshot"),
        ({"schema": snapshot.SCHEMA}, "is no whole snapshot"),
        ({"schema": snapshot.SCHEMA, "taken": "x", "target_groups": {"arn": [1]}}, "is no whole snapshot"),
    ],
)
def test_a_file_that_is_no_snapshot(monkeypatch, capsys, tmp_path, content, line):
    """One line that says what it should be, exit status 2."""
    (tmp_path / "before.json").write_text(json.dumps(content))
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(RECORD)))

    assert cli.main(["check", "--after-window", "--snapshot", str(tmp_path / "before.json")]) == 2
    assert line in capsys.readouterr().err


def test_a_terminal_is_not_waited_for(monkeypatch, capsys):
    """Without a file and with nothing piped in, the command says what it needs."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())

    assert cli.main(["check"]) == 2
    assert "no deployment given" in capsys.readouterr().err
