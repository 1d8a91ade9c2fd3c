"""What bridges kept at released revisions: dumps, read into a database and made of one.

A dump is what the database's own kind takes for one, and nothing of the host it was made on: from
SQLite as `sqlite3 .dump` would have it, but for the full-text index, of which the pages are kept.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy import Engine, NullPool, create_engine, make_url

from flashyard_bridge.database.migrate import upgrade
from support.postgres import program

SCHEMAS = Path(__file__).parents[1] / "wire/schemas"
_HEAD = (
    "-- What a bridge kept at revision {}: its tables, made by that revision, and rows in each.\n"
)
# Of what `pg_dump` writes: for the session it is read in, or for people.
_NEEDLESS = re.compile(r"^(--.*|SET .*|\\.*|SELECT pg_catalog\.set_config\(.*)?\n", re.MULTILINE)


class Pin(NamedTuple):
    """A database at a released revision; ``url``: where it is, and nobody has opened it since."""

    kind: str
    revision: str
    url: str


def released(kind: str) -> list[str]:
    """Tell the revisions there are dumps of, the oldest first."""
    return [file.stem for file in sorted((SCHEMAS / kind).glob("*.sql"))]


def dump_of(kind: str, revision: str) -> Path:
    """Tell where the dump of a revision is, or is to be."""
    return SCHEMAS / kind / f"{revision}.sql"


def engine_of(url: str) -> Engine:
    """Make an engine that has none of a bridge's ways, and keeps no connection."""
    made = make_url(url)
    if not url.startswith("sqlite"):
        made = made.set(drivername="postgresql+psycopg")
    return create_engine(made, poolclass=NullPool)


def load(url: str, script: str) -> None:
    """Read a dump into a database that has nothing in it."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as raw:
            raw.executescript(script)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(script.encode())


def dump(url: str, *, with_rows: bool = True) -> str:
    """Tell a database as a script that makes another one like it."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as raw:
            return "".join(f"{statement};\n" for statement in _statements(raw, with_rows))
    what = ["--inserts"] if with_rows else ["--schema-only"]
    whose = ["--no-owner", "--no-privileges", "--no-comments", "--encoding=UTF8"]
    command = [program("pg_dump"), *what, *whose, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return _NEEDLESS.sub("", said.stdout)


def grow(kind: str, revision: str, url: str) -> None:
    """Write the dump of a revision: the youngest there is, brought up to it in an empty database.

    What the upgrade does not put into new tables is to be put there by hand.
    """
    load(url, dump_of(kind, released(kind)[-1]).read_text())
    with engine_of(url).begin() as connection:
        upgrade(connection, revision)
    dump_of(kind, revision).write_text(_HEAD.format(revision) + dump(url))


def _file(url: str) -> str:
    file = make_url(url).database
    assert file is not None
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    return file


def _statements(raw: sqlite3.Connection, with_rows: bool) -> Iterator[str]:  # noqa: FBT001 - private
    yield "BEGIN TRANSACTION"
    tables = dict(raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    indexes = {name for name, made in tables.items() if made.startswith("CREATE VIRTUAL")}
    # Their own tables are made with them, and are not empty then.
    made_with = {name for name in tables if any(name.startswith(f"{of}_") for of in indexes)}
    for name, made in sorted(tables.items(), key=lambda each: (each[0] in made_with, each[0])):
        if name == "sqlite_sequence":
            continue
        if name not in made_with:
            yield made
        if with_rows and name not in indexes:
            yield from _rows(raw, name, "REPLACE" if name in made_with else "INSERT")
    if with_rows and (sequences := list(_rows(raw, "sqlite_sequence", "INSERT"))):
        yield "DELETE FROM sqlite_sequence"
        yield from sequences
    others = "type IN ('index', 'trigger') AND sql IS NOT NULL"
    for (made,) in raw.execute(f"SELECT sql FROM sqlite_master WHERE {others} ORDER BY rowid"):  # noqa: S608 - ours
        yield made
    yield "COMMIT"


def _rows(raw: sqlite3.Connection, table: str, verb: str) -> Iterator[str]:
    columns = [row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')]
    if not columns:
        return
    quoted = " || ',' || ".join(f'quote("{column}")' for column in columns)
    for (row,) in raw.execute(f'SELECT {quoted} FROM "{table}"'):  # noqa: S608 - ours
        yield f'{verb} INTO "{table}" VALUES({row})'
