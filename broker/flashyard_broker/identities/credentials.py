"""Who the running broker lets in: the file of credentials as it is now, and its changes.

It judges names and secrets, not topics; what a change means for a session is the server's affair.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

from flashyard.contract.faults import FaultError
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import Credential, CredentialFile
from flashyard_broker.identities.secret import LONGEST, is_secret_of

_AT_ONCE = 2  # verifications; the loop and the disk want threads as well
_SETTLED = 2_000_000_000  # ns; a file system's clock ticks a hundred times a second
_log = logging.getLogger(__name__)


class _Stamp(NamedTuple):
    """What tells one state of the file from another, if they are not made at the same moment."""

    inode: int
    size: int
    changed: int  # ns; of the inode, so that nobody can set it back

    @classmethod
    def of(cls, path: Path) -> _Stamp:
        try:
            stat = path.stat()
        except OSError:
            return cls(0, 0, 0)
        return cls(stat.st_ino, stat.st_size, stat.st_ctime_ns)


class Credentials:
    """Answers whether a name and a secret belong together, from the file at a path.

    :meth:`load` comes first. A secret that was right once is recognised by a keyed hash, so that
    a reconnect costs nothing; neither the key nor any secret outlives or leaves this process.
    """

    def __init__(self, path: Path) -> None:
        self._file = CredentialFile(path)
        self._stamp: _Stamp | None = None  # None: it has to be read
        self._known: Mapping[str, Credential] = {}
        self._key = secrets.token_bytes(32)
        self._seen: dict[str, bytes] = {}  # by name: of those who are known, so it is bounded
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._turn_of: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def load(self) -> None:
        """Read the file.

        Raises:
            FaultError: `invalid_request`: there is none, or it is none of ours.
        """
        # Before the reading: a change that comes in between is then found by the next look.
        stamp = _Stamp.of(self._file.path)
        self._known = self._file.read()
        # A file this young may change once more and look the same: the next look reads it again.
        is_settled = time.time_ns() - stamp.changed > _SETTLED
        self._stamp = stamp if is_settled else None

    def reload(self) -> frozenset[str]:
        """Take over what has changed in the file; return who is no longer what they were.

        Those are to be disconnected: the revoked, the ones with another secret or role, and a
        viewer that may have taken for its own what is somebody else's name from now on. A file
        that is missing or broken changes nothing, and is told once. Cheap while nothing changed.
        """
        if not self.changed():
            return frozenset()
        before = self._known
        try:
            self.load()
        except FaultError as error:
            self._stamp = _Stamp.of(self._file.path)
            _log.error("%s Those who were let in before still are.", error.fault.sentence)
            return frozenset()
        gone = {name for name, was in before.items() if self._known.get(name) != was}
        for name in gone:
            self._seen.pop(name, None)
        new = self._known.keys() - before.keys()
        gone |= {
            name
            for name, is_now in self._known.items()
            if is_now.role is Role.VIEWER and any(each.startswith(name) for each in new - {name})
        }
        if gone or new:
            _log.info("the credentials changed; %d identities are known", len(self._known))
        return frozenset(gone)

    def changed(self) -> bool:
        """May the file be another one than was read last?"""
        return _Stamp.of(self._file.path) != self._stamp

    def role_of(self, name: str) -> Role | None:
        """Return what an identity is; None: there is none of this name."""
        known = self._known.get(name)
        return None if known is None else known.role

    def may_use(self, name: str, client_id: str) -> bool:
        """Is this client id this identity's?

        A hub's and a bridge's is their name; a viewer's begins with its name, and is nobody
        else's: it could keep a hub out of its own session otherwise.
        """
        if client_id == name:
            return name in self._known
        return (
            self.role_of(name) is Role.VIEWER
            and client_id.startswith(name)
            and client_id not in self._known
        )

    async def verify(self, name: str, secret: str) -> bool:
        """Does this secret let this identity in? The first time it takes a thread's millisecond."""
        known = self._known.get(name)
        if known is None or len(secret) > LONGEST:
            return False
        mark = hashlib.blake2b(secret.encode(), key=self._key).digest()
        if hmac.compare_digest(mark, self._seen.get(name, b"")):
            return True
        # One at a time of each name: who guesses one keeps nobody else waiting.
        async with self._turn_of.setdefault(name, asyncio.Lock()), self._turns:
            is_right = await asyncio.to_thread(is_secret_of, known.argon2, secret)
        if not is_right or self._known.get(name) != known:  # it was revoked meanwhile
            return False
        self._seen[name] = mark
        return True
