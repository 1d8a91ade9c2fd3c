"""Does the broker let this hub in? Asked as the hub would ask, over MQTT; nothing is published."""

from __future__ import annotations

import secrets
import shlex

from flashyard.contract.faults import FaultError
from flashyard.contract.topics import ANNOUNCE, hub_filters
from flashyard.doctor.finding import About, Finding
from flashyard.link import Address, Link, tls_for
from flashyard.link.reach import reach
from flashyard.settings import HubSettings

_ABOUT = About("broker")
WITHIN = 2.5  # seconds
# Whoever is known to a broker has one client id, and two connections of one put each other off.
_BUSY = "a hub runs here, so that its login was not tried"
# What the link says of a failure, and what mends it.
_MENDING = (
    ("clock", "sudo timedatectl set-ntp true"),
    ("mqtts://", "flashyard hub --broker mqtts://{place}"),
    ("no TLS there", "flashyard hub --broker mqtt://{place}"),
    ("--broker-cert", "flashyard hub --broker-cert FILE --broker-key FILE"),
    ("--broker-ca", "flashyard hub --broker-ca FILE"),
    ("user", "flashyard access add hub {hub}"),
)


async def broker(settings: HubSettings, *, is_told: bool, hub_runs: bool) -> Finding:
    """Connect and subscribe to what a hub hears.

    Args:
        settings: the hub's.
        is_told: was a broker named? Else it is looked for where `flashyard up` has one.
        hub_runs: does a hub of these settings run on this host?
    """
    address = Address.parse(settings.broker)
    hub_id = address.user or settings.hub_id
    is_known = address.user is not None or settings.broker_cert is not None
    try:
        tls = tls_for(settings)
        await reach(settings.broker, tls, WITHIN / 2)  # sooner told than by a link, which tries on
        if is_known and hub_runs:
            return _ABOUT.ok(f"{address} answers; {_BUSY}.")
        link = Link(
            settings.broker,
            hub_id if is_known and hub_id else f"flashyard-doctor-{secrets.token_hex(4)}",
            owner="hub",
            tls=tls,
            on_message=lambda *_: None,
            subscriptions=hub_filters(hub_id) if hub_id else [(ANNOUNCE, 1)],
            connect_timeout=WITHIN / 2,
        )
        async with link:
            await link.wait_until_up(WITHIN)
    except FaultError as error:
        return _down(error, address, hub_id, is_told=is_told)
    return _ABOUT.ok(f"{address} lets {hub_id or 'a hub'} in.")


def _down(error: FaultError, address: Address, hub_id: str | None, *, is_told: bool) -> Finding:
    if not is_told:
        return _ABOUT.unknown(
            f"No --broker was given, and none answers at {address}.", "flashyard up"
        )
    why = error.fault.details
    sentence = f"{error.fault.sentence[:-1]}: {why}." if why else error.fault.sentence
    place = str(address).partition("://")[2]
    for word, command in _MENDING:
        if word in sentence:
            return _ABOUT.problem(
                sentence, command.format(place=place, hub=shlex.quote(hub_id or "NAME"))
            )
    return _ABOUT.problem(sentence, f"flashyard broker --listen {place}")
