"""The options of the two suites that a user runs."""

from pathlib import Path

import pytest

from albpatch.pytest_plugin import pytest_configure


class Config:
    """As much of pytest's configuration as the plugin asks for."""

    def __init__(self, **options: Path) -> None:
        self._options = options

    def getoption(self, name: str) -> Path | None:
        return self._options.get(name.removeprefix("--").replace("-", "_"))


@pytest.mark.parametrize("option", ["plan_json", "deployment"])
def test_missing_file_is_a_usage_error(tmp_path: Path, option: str) -> None:
    """A file that is not there ends the run with one line and no test, instead of falling back to the examples."""
    with pytest.raises(pytest.UsageError, match="there is no file") as caught:
        pytest_configure(Config(**{option: tmp_path / "gone.json"}))

    assert option.replace("_", "-") in str(caught.value)


def test_options_are_not_needed(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Without options, and with files that exist, nothing is refused; both options are known to pytest."""
    file = tmp_path / "plan.json"
    file.write_text("{}")
    pytest_configure(Config())
    pytest_configure(Config(plan_json=file))

    assert {"plan_json", "deployment"} <= set(vars(pytestconfig.option))
