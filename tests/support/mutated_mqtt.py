"""What a client gone mad sends: random bytes, and lawful MQTT 3.1.1 packets after an accident."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from support.raw_mqtt import (
    CONNACK,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    Will,
    acknowledgement,
    connect,
    packet,
    publish,
    subscribe,
    text,
    unsubscribe,
)

_ONE = b"\0\1"  # a packet id
CONNECTS = [
    connect("mad"),
    connect("mad", clean=False, keep_alive=60),
    connect("mad", will=Will("a/will", b"gone")),
    connect("", user="someone", password="secret", will=Will("a/will", b"", 1, retain=True)),
]
PACKETS = [
    publish("a/b", b"x" * 20),
    publish("a/b", b"x", qos=1, packet_id=300),
    publish("a", b"x" * 200, qos=2, retain=True, dup=True),
    publish("a/ä/中", b"", retain=True),
    *(acknowledgement(kind, 1) for kind in (PUBACK, PUBREC, PUBREL, PUBCOMP)),
    subscribe("a/b", qos=2),
    subscribe("#", "+/b", "a/#", "$share/g/a", qos=1, packet_id=300),
    packet(SUBSCRIBE, _ONE + b"".join(text(f"a/{number}") + b"\2" for number in range(40)), 2),
    unsubscribe("a/b", "#"),
    packet(PINGREQ),
    packet(DISCONNECT),
    packet(CONNACK, b"\0\0"),
    packet(SUBACK, _ONE + b"\0"),
    packet(PINGRESP),
]
_BUSY = [subscribe("a/#", qos=2), publish("a/b", b"x", qos=1), publish("a/b", b"x", qos=2)]
_bytes = st.integers(0, 255)


def _body(frame: bytes) -> bytes:
    """Return what a lawful packet carries."""
    return frame[next(at for at in range(1, len(frame)) if frame[at] < 128) + 1 :]


def _framed(frame: bytes, body: bytes) -> bytes:
    """Return a packet with another body, of the length that it says."""
    return packet(frame[0] >> 4, body, frame[0] & 15)


def _flipped(draw: DrawFn, frame: bytes) -> bytes:
    bits = bytearray(frame)
    for bit in draw(st.lists(st.integers(0, len(bits) * 8 - 1), min_size=1, max_size=4)):
        bits[bit >> 3] ^= 1 << (bit & 7)
    return bytes(bits)


def _truncated(draw: DrawFn, frame: bytes) -> bytes:
    return frame[: draw(st.integers(1, len(frame)))]


def _shortened(draw: DrawFn, frame: bytes) -> bytes:
    """Leave something out of the body, in a packet that is whole."""
    body = _body(frame)
    return _framed(frame, body[: draw(st.integers(0, len(body)))])


def _stuffed(draw: DrawFn, frame: bytes) -> bytes:
    """Put something into the body, in a packet that is whole."""
    body = _body(frame)
    at = draw(st.integers(0, len(body)))
    return _framed(frame, body[:at] + draw(st.binary(min_size=1, max_size=8)) + body[at:])


def _overwritten(draw: DrawFn, frame: bytes) -> bytes:
    body = _body(frame)
    at = draw(st.integers(0, max(len(body) - 1, 0)))
    return _framed(frame, body[:at] + bytes([draw(_bytes)]) + body[at + 1 :])


def _misread(draw: DrawFn, frame: bytes) -> bytes:
    """Give it another length: shorter, longer, or longer than there may be."""
    return frame[:1] + draw(st.binary(min_size=1, max_size=5)) + _body(frame)


def _renamed(draw: DrawFn, frame: bytes) -> bytes:
    """Give it another type and other flags, reserved ones among them."""
    return bytes([draw(_bytes)]) + frame[1:]


def _spliced(draw: DrawFn, frame: bytes) -> bytes:
    other = draw(st.sampled_from(PACKETS + CONNECTS))
    return frame[: draw(st.integers(1, len(frame)))] + other[draw(_bytes) % len(other) :]


def _lawful(_: DrawFn, frame: bytes) -> bytes:
    """Leave it: what is lawful after a CONNECT is strange before it, and the other way round."""
    return frame


def _noise(draw: DrawFn, _: bytes) -> bytes:
    return draw(st.binary(min_size=1, max_size=60))


_ACCIDENTS = [
    _flipped,
    _truncated,
    _shortened,
    _stuffed,
    _overwritten,
    _misread,
    _renamed,
    _spliced,
    _lawful,
    _noise,
]


@st.composite
def _strange(draw: DrawFn, lawful: list[bytes]) -> bytes:
    """Draw a packet, and an accident that it had."""
    frame = draw(st.sampled_from(lawful))
    return draw(st.sampled_from(_ACCIDENTS))(draw, frame)


@dataclass(frozen=True)
class Attempt:
    """What one connection sends: one strange packet, for a broker hangs up on the first.

    ``clean`` is None where it did not say who it is. ``busy``: messages are under way both ways.
    """

    strange: bytes
    clean: bool | None
    busy: bool
    cuts: list[int]

    def pieces(self, client_id: str) -> list[bytes]:
        """Return what is sent, as it is to be written."""
        stream = b"" if self.clean is None else connect(client_id, clean=self.clean)
        stream += b"".join(_BUSY) if self.busy else b""
        stream += self.strange + packet(PINGREQ)
        ends = sorted({*(cut % len(stream) for cut in self.cuts), 0, len(stream)})
        return [stream[start:end] for start, end in pairwise(ends)]


def attempts() -> SearchStrategy[Attempt]:
    """Draw connections, of whom one in three does not say who it is before it is strange."""
    cuts = st.lists(st.integers(0, 255), max_size=4)
    anonymous = _strange(CONNECTS) | _strange(CONNECTS) | _strange(PACKETS)
    known = _strange(PACKETS) | _strange(PACKETS) | _strange(PACKETS + CONNECTS)
    return st.one_of(
        st.builds(Attempt, anonymous, st.none(), st.just(value=False), cuts),
        st.builds(Attempt, known, st.just(value=True), st.booleans(), cuts),
        st.builds(Attempt, known, st.just(value=False), st.just(value=False), cuts),
    )
