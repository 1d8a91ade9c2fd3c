"""The journal's file: opened, brought up to date, put aside where it is damaged. Blocking."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

from flashyard.contract.faults import Code, refuse

VERSION = 2
APPLICATION = 0x666C7961  # "flya", in the file's header: it is ours
_BUSY = 5.0  # seconds for whoever looks into the file from outside
# The least byte of what SQLite says where there is no room for what it keeps beside the file.
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_log = logging.getLogger(__name__)

# What a job has done is in `job` and `mark`, and its turn in `place` and `overtaken`; `ended` is
# written once for each.
_FIRST = """
CREATE TABLE jobs (
    arrived INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    device_id TEXT NOT NULL,
    port TEXT NOT NULL,
    said TEXT NOT NULL,
    job TEXT NOT NULL,
    seq INTEGER NOT NULL,
    place INTEGER NOT NULL,
    overtaken INTEGER NOT NULL,
    mark TEXT
) STRICT;
CREATE TABLE ended (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    device_id TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;
CREATE TABLE keys (
    device_id TEXT NOT NULL,
    key TEXT NOT NULL,
    job_id TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (device_id, key)
) STRICT;
CREATE TABLE limits (
    scope TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
CREATE TABLE quarantine (
    port TEXT PRIMARY KEY,
    reason TEXT NOT NULL
) STRICT;
"""
# What happened to a job on its way, as long as it is not over; then it is in its record, which is
# there until a history has it. `kept_at` counts as the total `ticks` does. A start that came again
# under its key stands for the key's job: `asked_as` is its own id, not wanted once taken back.
_SECOND = """
CREATE TABLE courses (
    job_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (job_id, kind, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    ended_at INTEGER NOT NULL,
    kept_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE TABLE claims (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    asked_as TEXT NOT NULL UNIQUE,
    job_id TEXT NOT NULL,
    is_wanted INTEGER NOT NULL
) STRICT;
CREATE TABLE totals (
    what TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES ('lost', 0), ('ticks', 0);
"""
_STEPS = (_FIRST, _SECOND)  # each brings a file to the next version


def open_file(path: Path) -> sqlite3.Connection:
    """Open the journal, made if need be; one that is damaged is put aside, and said so.

    Raises:
        FaultError: `invalid_request`: it is a newer flashyard's, or not a hub's at all.
        OSError: the directory cannot be used.
        sqlite3.Error: it can be neither used nor put aside, as on a full disk.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _opened_anyhow(path)
    except sqlite3.DatabaseError as damage:
        if isinstance(damage, sqlite3.OperationalError):
            raise
        aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
        _log.critical(
            "%s is damaged (%s) and was put aside as %s: jobs that were waiting or running are "
            "told as interrupted",
            *(path, damage, aside.name),
        )
        return _opened(path)


def _opened_anyhow(path: Path) -> sqlite3.Connection:
    """Open it; on a full disk alone, with nothing beside it that others could share."""
    try:
        return _opened(path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NO_ROOM:
            raise
        return _opened(path, alone=True)


def _opened(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    # Orders in it carry signatures for downloads: nobody else is to read them.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        if alone:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _check(connection)
        _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION and tables:
        raise refuse(
            Code.INVALID_REQUEST,
            f"{path} is another program's file, and not a hub's journal.",
            hint="Move it away, or give the hub another --data-dir.",
        )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The journal {path.name} was written by a newer flashyard.",
            hint="Run that version again, or give the hub another --data-dir.",
        )
    if version < VERSION:
        signed = f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};"
        connection.executescript(f"BEGIN; {''.join(_STEPS[version:])} {signed} COMMIT;")
