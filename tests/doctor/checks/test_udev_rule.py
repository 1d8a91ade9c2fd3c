from __future__ import annotations

import errno

import pytest

from flashyard.doctor.bench import Bench
from flashyard.doctor.checks.udev_rule import udev_rule
from flashyard.doctor.finding import Level
from flashyard.settings import PortRule
from support.paper_host import ROOT, HostOnPaper


def test_where_no_udev_runs_nothing_is_known_and_nothing_is_called_well(
    paper: HostOnPaper,
) -> None:
    found = udev_rule(paper.bench())
    assert found.level is Level.UNKNOWN
    assert found.command == "flashyard doctor --print-udev"
    paper.write("run/.containerenv", "")
    assert "on its host" in udev_rule(paper.bench()).sentence


def test_a_container_that_sees_udev_and_not_its_rules_knows_nothing(paper: HostOnPaper) -> None:
    paper.run_udev()
    paper.write(".dockerenv", "")
    found = udev_rule(paper.bench("*-usb-0:1.*"))
    assert found.level is Level.UNKNOWN
    assert found.command == "flashyard doctor --print-udev --usb-port '*-usb-0:1.*'"


def test_the_rule_in_its_place_is_well(paper: HostOnPaper) -> None:
    assert udev_rule(paper.ruled()).level is Level.OK


def test_a_rule_that_is_not_there_is_a_problem_with_the_command_that_writes_it(
    paper: HostOnPaper,
) -> None:
    paper.run_udev()
    found = udev_rule(paper.bench())
    assert found.level is Level.PROBLEM
    assert found.command == "sudo flashyard doctor --install-udev"


def test_where_devices_can_be_opened_without_the_rule_it_is_a_warning(
    paper: HostOnPaper,
) -> None:
    paper.run_udev()
    node = paper.plug()
    assert udev_rule(paper.bench()).level is Level.WARNING
    paper.shut[node] = errno.EACCES
    assert udev_rule(paper.bench()).level is Level.PROBLEM
    paper.user = ROOT
    assert udev_rule(paper.bench()).level is Level.WARNING


@pytest.mark.parametrize("written", ["# of another version\n", ""])
def test_another_text_is_a_warning(paper: HostOnPaper, written: str) -> None:
    paper.run_udev()
    paper.rule(written)
    assert udev_rule(paper.bench()).level is Level.WARNING


def test_a_rule_for_other_ports_is_another_text(paper: HostOnPaper) -> None:
    paper.ruled("*-usb-0:1.*")
    assert udev_rule(paper.bench("*-usb-0:1.*")).level is Level.OK
    found = udev_rule(paper.bench("*-usb-0:2.*"))
    assert found.level is Level.WARNING
    assert found.command == "sudo flashyard doctor --install-udev --usb-port '*-usb-0:2.*'"


def test_a_rule_for_another_group_is_asked_for_once(paper: HostOnPaper) -> None:
    paper.run_udev()
    paper.rule(paper.bench(group="flashers").wanted)
    found = udev_rule(paper.bench())
    assert found.level is Level.OK
    assert "--udev-group flashers" in paper.bench().install


def test_a_command_begins_as_this_one_was_started(paper: HostOnPaper) -> None:
    paper.run_udev()
    started = ("/opt/my yard/bin/python", "-m", "flashyard")
    bench = Bench(paper.host, (PortRule("*"),), program=started)
    assert udev_rule(bench).command == (
        "sudo '/opt/my yard/bin/python' -m flashyard doctor --install-udev"
    )
