"""Names in a scenario that have to point at something in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from albpatch.rehearsal.reader import Place

if TYPE_CHECKING:
    from albpatch.rehearsal.scenario import Scenario


def check_references(made: Scenario, top: Place) -> None:
    """Refuse names that point at nothing. Raises InputError."""
    exists = top.at("exists")
    if not made.zones:
        raise exists.at("zones").wrong("names no zone")
    if not made.machines:
        raise exists.at("instances").wrong("names no instance")
    groups, machines = exists.at("target_groups"), exists.at("instances")
    for name, group in made.target_groups.items():
        if group.load_balancer is not None and group.load_balancer not in made.load_balancers:
            _unknown(groups.at(name).at("load_balancer"), "load balancer")
    for name, machine in made.machines.items():
        place = machines.at(name)
        if machine.zone not in made.zones:
            _unknown(place.at("zone"), "zone")
        for number, registration in enumerate(machine.registrations):
            if registration.target_group not in made.target_groups:
                _unknown(place.at("registrations").at(number).at("target_group"), "target group")
        if name not in made.assign:
            raise top.at("assign").wrong(f"has no profile for the instance {name}")
    for name, profile in made.assign.items():
        if name not in made.machines:
            raise top.at("assign").at(name).wrong("is no instance of this scenario")
        if profile not in made.profiles:
            _unknown(top.at("assign").at(name), "profile")
    for number, one in enumerate(made.interferences):
        place = top.at("faults").at("acts").at(number)
        for what, machine_name in (("machine", one.machine), ("other", one.other or one.machine)):
            if machine_name and machine_name not in made.machines:
                _unknown(place.at(what), "instance")
        if one.alarm and one.alarm not in made.alarms:
            _unknown(place.at("alarm"), "alarm")
        if one.calendar and one.calendar not in made.calendars:
            _unknown(place.at("calendar"), "calendar")
    for number, fault in enumerate(made.call_faults):
        if fault.labels.get("targets", next(iter(made.machines))) not in made.machines:
            _unknown(top.at("faults").at("calls").at(number).at("machine"), "instance")


def _unknown(place: Place, what: str) -> None:
    raise place.wrong(f"there is no {what} {place.value!r}")
