from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import usb.backend.libusb1

from flashyard.contract.faults import Code
from flashyard.flash.usb.backend import load_backend
from support.faults import refused

Find = Callable[[str], str | None]


def test_libusb_looks_at_the_host_anew_each_time_it_is_loaded() -> None:
    assert load_backend() is not load_backend()


def test_a_system_without_libusb_has_the_one_that_comes_as_a_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real: Any = usb.backend.libusb1.get_backend
    found: list[str | None] = []

    def only_packaged(find_library: Find | None = None) -> Any:
        if find_library is None:
            return None
        found.append(find_library("usb-1.0"))
        return real(find_library)

    monkeypatch.setattr("usb.backend.libusb1.get_backend", only_packaged)
    assert load_backend() is not None
    assert "libusb_package" in (found[0] or "")


def test_without_any_libusb_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda **_: None)
    with refused(Code.NOT_SUPPORTED) as told:
        load_backend()
    assert "libusb" in (told.fault.hint or "")
