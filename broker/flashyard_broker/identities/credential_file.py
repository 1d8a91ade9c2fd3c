"""The file of credentials: who there is, and the hashes of their secrets. Never a secret itself.

It is replaced as a whole, so that whoever reads it finds the old one or the new one.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import Field, TypeAdapter, ValidationError

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import HubId, Millis, Model
from flashyard_broker.access import Role
from flashyard_broker.identities.secret import hash_argon2, hash_mosquitto, make_secret

MOST = 10_000  # identities
_LARGEST = 8 * 1024 * 1024  # bytes; ten thousand take a quarter of it
_WAIT = 10.0  # seconds for another who changes it, which takes milliseconds
_NAME: TypeAdapter[str] = TypeAdapter(HubId)


class Credential(Model):
    """One identity: what it is, the hashes of its secret, and since when (Unix ms)."""

    role: Role
    argon2: Annotated[str, Field(pattern=r"^\$argon2id\$[!-~]{1,300}$")]
    mosquitto: Annotated[str, Field(pattern=r"^\$7\$[0-9]{1,9}\$[A-Za-z0-9+/=$]{1,300}$")]
    since: Millis


class _Book(Model):
    version: Literal[1] = 1
    identities: Annotated[dict[HubId, Credential], Field(default_factory=dict, max_length=MOST)]


class CredentialFile:
    """The file at a path, mode 0600. One name space holds hubs, bridges and viewers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mapping[str, Credential]:
        """Return everybody in it, by name.

        Raises:
            FaultError: `invalid_request`: there is none, or it is none of ours.
        """
        try:
            with self.path.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except OSError as error:
            raise refuse(
                Code.INVALID_REQUEST,
                f"The credentials {self.path} cannot be read: {error.strerror}.",
                hint="Make the first with `flashyard access add hub NAME`.",
            ) from error
        if len(text) > _LARGEST:
            raise self._broken("it is too large")
        try:
            return _Book.decode(text).identities
        except ValidationError as error:
            # Without the input: that would show a hash.
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(each) for each in first["loc"])
            raise self._broken(f"{place}: {first['msg']}" if place else first["msg"]) from None

    def add(self, role: Role, name: str) -> str:
        """Let somebody in from now on; return the secret, which is kept nowhere.

        Raises:
            FaultError: `invalid_request`: the name is none, or is somebody's already, or the file
                is broken or cannot be written; `illegal_state`: another changes it and does not
                come to an end.
        """
        try:
            _NAME.validate_python(name)
        except ValidationError:
            raise refuse(
                Code.INVALID_REQUEST,
                f"{name!r} is no name for an identity.",
                hint="Take 1 to 31 of a-z, 0-9 and -, not beginning with -; a hub's is its hub id.",
            ) from None
        secret = make_secret()
        credential = Credential(
            role=role,
            argon2=hash_argon2(secret),
            mosquitto=hash_mosquitto(secret),
            since=time.time_ns() // 1_000_000,
        )
        with self._held():
            everybody = self.read_if_there()
            if name in everybody:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"There is a {everybody[name].role} named {name} already.",
                    hint=f"Take another name, or `flashyard access revoke {name}` first.",
                )
            if len(everybody) >= MOST:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"There are {MOST} identities already.",
                    hint="Revoke those that are not needed.",
                )
            self._write({**everybody, name: credential})
        return secret

    def revoke(self, name: str) -> Credential:
        """Let somebody in no more; return what they were.

        Raises:
            FaultError: `not_found`: nobody of this name; else as :meth:`add`.
        """
        with self._held():
            everybody = dict(self.read_if_there())
            if name not in everybody:
                raise refuse(
                    Code.NOT_FOUND,
                    f"There is no identity named {name!r}.",
                    hint="`flashyard access list` names them.",
                )
            gone = everybody.pop(name)
            self._write(everybody)
        return gone

    def read_if_there(self) -> Mapping[str, Credential]:
        """Return everybody; nobody where there is no file yet."""
        return self.read() if self.path.exists() else {}

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let nobody else change it while inside; make its directory, for its owner alone."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_WAIT):
                yield
        except Timeout:
            raise refuse(
                Code.ILLEGAL_STATE,
                f"The credentials {self.path} are being changed by another process.",
                hint="Try again when it is done.",
            ) from None
        except OSError as error:
            raise refuse(
                Code.INVALID_REQUEST,
                f"The credentials {self.path} cannot be changed: {error.strerror}.",
                hint="Give --data-dir a directory of yours, with space left.",
            ) from error

    def _write(self, everybody: Mapping[str, Credential]) -> None:
        text = _Book(identities=dict(everybody)).model_dump_json(indent=1)
        with tempfile.NamedTemporaryFile(  # made with mode 0600
            "w", dir=self.path.parent, prefix=f".{self.path.name}.", encoding="utf-8", delete=False
        ) as draft:
            try:
                draft.write(text + "\n")
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(self.path)
            except BaseException:
                Path(draft.name).unlink()
                raise

    def _broken(self, reason: str) -> FaultError:
        return refuse(
            Code.INVALID_REQUEST,
            f"The credentials {self.path} are not as flashyard writes them: {reason}.",
            hint="Restore the file from a copy, or move it away and add everybody anew.",
        )
