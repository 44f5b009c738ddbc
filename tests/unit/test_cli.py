"""The command line: arguments, exit statuses, no traceback."""

import argparse
import importlib

import pytest

from albpatch import __version__, cli
from albpatch.errors import Failure, InputError


@pytest.fixture
def verb(monkeypatch):
    """A verb that ends as the test wants."""

    class Verb:
        ends = 0

        @classmethod
        def add_parser(cls, subparsers):
            parser = subparsers.add_parser("try")
            parser.set_defaults(run=cls.run)

        @classmethod
        def run(cls, _args):
            if isinstance(cls.ends, BaseException):
                raise cls.ends
            return cls.ends

    real = importlib.import_module
    monkeypatch.setattr(cli, "VERBS", ["a.verb"])
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: Verb if name == "a.verb" else real(name))
    return Verb


def test_the_version(capsys):
    """--version prints the version and ends well."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"albpatch {__version__}\n"


def test_no_verb_prints_help(capsys):
    """Without a verb there is help on stderr and exit status 2."""
    assert cli.main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "simulate" in captured.err


def test_an_unknown_verb_is_bad_input(capsys):
    """A misspelt verb is one of argparse's lines and exit status 2."""
    assert cli.main(["simulat"]) == 2
    assert "invalid choice: 'simulat'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ends", "status", "text"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (InputError("no such file"), 2, "albpatch: no such file\n"),
        (InputError("one\ntwo"), 2, "albpatch: one\nalbpatch: two\n"),
        (Failure("AccessDenied: no"), 1, "albpatch: AccessDenied: no\n"),
        (Failure(""), 1, "albpatch: Failure\n"),
        (KeyboardInterrupt(), 130, "albpatch: interrupted\n"),
    ],
)
def test_how_a_verb_ends(verb, capsys, ends, status, text):
    """Bad input is 2, a failure 1, each with its cause in lines of its own and no traceback."""
    verb.ends = ends
    assert cli.main(["try"]) == status
    assert capsys.readouterr().err == text


def test_every_verb_describes_itself():
    """Each registered verb has a parser with help and a function to run."""
    for name in cli.VERBS:
        subparsers = argparse.ArgumentParser().add_subparsers()
        importlib.import_module(name).add_parser(subparsers)
        [parser] = subparsers.choices.values()
        assert parser.description
        assert callable(parser.get_default("run"))
