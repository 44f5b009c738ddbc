"""One account and region as the checks see it: load balancers, machines, Systems Manager, roles, leases. Reads only."""

from __future__ import annotations

import boto3

from albpatch.live.automation import Automation
from albpatch.live.balancing import Balancing
from albpatch.live.calls import Calls
from albpatch.live.leases import Leases
from albpatch.live.machines import Machines
from albpatch.live.named import Named
from albpatch.live.recovery import Recovery
from albpatch.live.roles import Roles
from albpatch.live.windows import Windows


class Account:
    """The account that the caller's credentials lead to. A method answers None for what does not exist.

    Every method raises `calls.Unanswered` when AWS does not answer.
    """

    def __init__(self, region: str, session: boto3.Session | None = None) -> None:
        self.calls = Calls(region, session)
        self.balancing = Balancing(self.calls)
        self.machines = Machines(self.calls)
        self.automation = Automation(self.calls)
        self.windows = Windows(self.calls)
        self.roles = Roles(self.calls)
        self.leases = Leases(self.calls)
        self.recovery = Recovery(self.calls)
        self.named = Named(self.calls)

    @property
    def id(self) -> str:
        """The account's twelve digits."""
        return str(self.calls.ask("sts", "get_caller_identity")["Account"])
