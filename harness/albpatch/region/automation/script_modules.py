"""What `import time`, `import datetime` and `import boto3` give a script: the region's time, the role's clients."""

from __future__ import annotations

import datetime as real_datetime
import time as real_time
from typing import Any

import boto3
from botocore.exceptions import NoCredentialsError

from albpatch.region.automation.executions import Execution
from albpatch.region.clock import Clock
from albpatch.region.core import Region
from albpatch.region.operations import NotKnownHere
from albpatch.region.transport.in_process import client


class ScriptModule:
    """A module as the import statement sees it."""

    def child(self, _name: str, _fromlist: Any) -> Any:
        """What `import name` or `from name import ...` binds."""
        return self


class TimeModule(ScriptModule):
    """The module `time` in the clock's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self._clock.sleep(seconds)

    def time(self) -> float:
        return self._clock.time()

    def time_ns(self) -> int:
        return int(self._clock.time() * 1e9)

    monotonic = perf_counter = process_time = time
    monotonic_ns = perf_counter_ns = process_time_ns = time_ns

    def gmtime(self, seconds: float | None = None) -> real_time.struct_time:
        return real_time.gmtime(self._clock.time() if seconds is None else seconds)

    localtime = gmtime  # Automation runs in UTC

    def strftime(self, form: str, when: Any = None) -> str:
        return real_time.strftime(form, self.gmtime() if when is None else when)

    def ctime(self, seconds: float | None = None) -> str:
        return real_time.asctime(self.gmtime(seconds))


class DatetimeModule(ScriptModule):
    """The module `datetime` whose now and today are the clock's."""

    def __init__(self, clock: Clock) -> None:
        self.datetime = _datetime_of(clock)
        self.date = _date_of(clock)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_datetime, name)


def _datetime_of(clock: Clock) -> type[real_datetime.datetime]:
    class AnyDatetime(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real_datetime.datetime)

    class ClockDatetime(real_datetime.datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
            aware = real_datetime.datetime.fromtimestamp(clock.time(), real_datetime.UTC)
            return aware.replace(tzinfo=None) if tz is None else aware.astimezone(tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now()

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    ClockDatetime.__name__ = ClockDatetime.__qualname__ = "datetime"
    return ClockDatetime


def _date_of(clock: Clock) -> type[real_datetime.date]:
    class AnyDate(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real_datetime.date)

    class ClockDate(real_datetime.date, metaclass=AnyDate):
        @classmethod
        def today(cls) -> Any:
            return real_datetime.datetime.fromtimestamp(clock.time(), real_datetime.UTC).date()

    ClockDate.__name__ = ClockDate.__qualname__ = "date"
    return ClockDate


class BotoModule(ScriptModule):
    """The module `boto3`, its clients bound to the execution's role."""

    def __init__(self, region: Region, execution: Execution) -> None:
        self._region, self._execution = region, execution
        self.session = self
        self.__version__ = boto3.__version__

    def __getattr__(self, name: str) -> Any:
        if name in ("exceptions", "dynamodb"):
            return getattr(boto3, name)
        raise NotKnownHere(f"boto3.{name} in a script")

    def client(self, service_name: str, region_name: str | None = None, config: Any = None, **other: Any) -> Any:
        """boto3.client. Another region, endpoint or key is not known here."""
        if other:
            raise NotKnownHere(f"boto3.client with {', '.join(sorted(other))}")
        if region_name not in (None, self._region.name):
            raise NotKnownHere(f"boto3.client in the region {region_name}")
        if self._execution.role == self._execution.caller and self._execution.role.role_name is None:
            raise NoCredentialsError()  # UG: a script that calls AWS needs an assume role
        return client(self._region, self._execution.role, service_name, config)

    def Session(self, region_name: str | None = None, **other: Any) -> BotoModule:  # noqa: N802 - boto3's name
        """boto3.Session, which is the same thing here."""
        if other or region_name not in (None, self._region.name):
            raise NotKnownHere("boto3.Session with arguments")
        return self

    @property
    def region_name(self) -> str:
        return self._region.name
