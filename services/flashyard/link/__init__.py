"""One MQTT link: connect, will, back-off, re-subscribe; it knows no message and no role.

The public names, all used from the event loop's own thread::

    Link(url, client_id, *, on_message, owner=…, tls=None, subscriptions=(), wishes=(), will=None,
         on_up=…, on_down=…, keepalive=10, keep_unsent=False, max_queued=1000, connect_timeout=5.0)
        async with link: …                                          # connects in the background
        link.publish(topic, payload, *, qos=0, retain=False) -> bool         # never waits
        await link.publish_and_confirm(topic, payload, *, retain=False, within=2.0) -> bool
        await link.wait_until_up(within)                            # FaultError broker_unreachable
        link.is_up, link.down_reason, link.address         # an address prints without credentials
        link.connections, link.received, link.dropped, link.callback_errors          # counters

    client_context(ca=None, cert=None, key=None) -> ssl.SSLContext               # for mqtts
    tls_for(settings) -> ssl.SSLContext | None                    # what a role's settings ask for
    on_message(topic: str, payload: bytes, retained: bool), on_up(), on_down(reason: str)
    Will(topic, payload, qos=1, retain=True)
"""

from flashyard.link.address import Address
from flashyard.link.letter import Will
from flashyard.link.link import Link
from flashyard.link.tls import client_context, tls_for

__all__ = ["Address", "Link", "Will", "client_context", "tls_for"]
