"""Does the broker let this hub in? Asked as the hub would ask, over MQTT."""

from __future__ import annotations

import shlex

from flashyard.contract.faults import FaultError
from flashyard.contract.topics import ANNOUNCE, hub_filters
from flashyard.doctor.finding import About, Finding
from flashyard.doctor.greeting import greet, is_refusal
from flashyard.link import Address, tls_for
from flashyard.settings import HubSettings

_ABOUT = About("broker")
# What the link says of a failure, and what mends it; the first that fits.
_MENDING = (
    ("host is not known", "getent hosts {host}"),
    ("clock", "sudo timedatectl set-ntp true"),
    ("mqtts://", "flashyard hub --broker mqtts://{place}"),
    ("no TLS there", "flashyard hub --broker mqtt://{place}"),
    ("--broker-cert", "flashyard hub --broker-cert FILE --broker-key FILE"),
    ("--broker-ca", "flashyard hub --broker-ca FILE"),
    ("user", "flashyard access add hub {hub}"),
)


async def broker(settings: HubSettings, *, is_told: bool, hub_runs: bool) -> Finding:
    """Connect, and subscribe to what a hub hears.

    Args:
        settings: the hub's.
        is_told: was a broker named? Else it is looked for where `flashyard up` has one.
        hub_runs: does a hub of these settings run on this host? Where a broker knows it by its
            login, it has that hub's client id alone for it, and must not be put off.
    """
    address = Address.parse(settings.broker)
    hub_id = address.user or settings.hub_id
    is_known = address.user is not None or settings.broker_cert is not None
    try:
        tls = tls_for(settings)
    except FaultError as error:
        return _ABOUT.problem(error.fault.sentence, f"ls -l {_files(settings)}")
    if is_known and hub_runs:
        reason = await greet(str(address), tls=tls)
        if reason is None or is_refusal(reason):
            return _ABOUT.ok(f"{address} answers; a hub runs here, so its login was not tried.")
    else:
        reason = await greet(
            settings.broker,
            client_id=hub_id if is_known else None,
            tls=tls,
            subscriptions=hub_filters(hub_id) if hub_id else [(ANNOUNCE, 1)],
        )
        if reason is None:
            return _ABOUT.ok(f"{address} lets {hub_id or 'a hub'} in.")
    if not is_told and is_refusal(reason):
        return _ABOUT.unknown(
            f"No --broker was named, and {address} asks for a login.",
            f"FLASHYARD_HUB_BROKER=mqtt://USER:PASSWORD@{address.host}:{address.port} "
            "flashyard doctor",
        )
    if not is_told:
        return _ABOUT.unknown(f"No --broker was named, and none is at {address}.", "flashyard up")
    return _ABOUT.problem(f"{address}: {_ended(reason)}", mending(reason, address, hub_id))


def mending(reason: str, address: Address, hub_id: str | None) -> str:
    """Tell what mends it, by what the link says of a failure."""
    place, host, hub = str(address).partition("://")[2], address.host, hub_id or "NAME"
    for word, command in _MENDING:
        if word in reason:
            return command.format(place=place, host=shlex.quote(host), hub=shlex.quote(hub))
    return f"flashyard broker --listen {place}"


def _ended(reason: str) -> str:
    return reason if reason.endswith("?") else f"{reason}."


def _files(settings: HubSettings) -> str:
    files = (settings.broker_ca, settings.broker_cert, settings.broker_key)
    return shlex.join(str(each) for each in files if each is not None)
