from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from flashyard.doctor.bench import Bench
from flashyard.doctor.checks.rivals import adb_answers, rivals
from flashyard.doctor.finding import Finding, Level
from support.broker_process import free_port
from support.paper_host import HostOnPaper


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Answers one question; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def found(bench: Bench) -> list[Finding]:
    return rivals(bench, free_port())


def test_where_nobody_is_in_the_way_all_is_well(paper: HostOnPaper) -> None:
    paper.run("systemd", "sshd")
    assert [each.level for each in found(paper.bench())] == [Level.OK]


def test_an_adb_server_is_asked_who_it_is(paper: HostOnPaper) -> None:
    with server(b"OKAY00040029") as port:
        [told] = rivals(paper.bench(), port)
    assert told.level is Level.WARNING
    assert told.command == "adb kill-server"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_another_server_on_its_port_is_not_taken_for_it(answer: bytes) -> None:
    with server(answer) as port:
        assert not adb_answers(port)


def test_fwupd_is_in_the_way_with_or_without_the_rule(paper: HostOnPaper) -> None:
    paper.run("fwupd")
    [told] = found(paper.ruled())
    assert told.level is Level.WARNING
    assert told.command == "sudo systemctl mask --now fwupd.service"


def test_the_rule_keeps_modem_manager_off(paper: HostOnPaper) -> None:
    paper.run("ModemManager")
    [told] = found(paper.bench())
    assert (told.level, "--install-udev" in str(told.command)) == (Level.WARNING, True)
    [told] = found(paper.ruled())
    assert told.level is Level.OK


def test_who_mounts_disks_matters_only_where_ports_were_named(paper: HostOnPaper) -> None:
    paper.run("udisksd", "gvfs-udisks2-vo")
    assert "in the way" in found(paper.bench())[0].sentence
    [told] = found(paper.bench("*-usb-0:2"))
    assert told.level is Level.WARNING
    assert "gvfs-udisks2-vo, udisksd" in told.sentence
    [told] = found(paper.ruled("*-usb-0:2"))
    assert told.level is Level.OK


def test_a_container_does_not_see_its_host(paper: HostOnPaper) -> None:
    paper.write(".dockerenv", "")
    [told] = found(paper.bench())
    assert told.level is Level.UNKNOWN
