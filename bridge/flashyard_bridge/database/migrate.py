"""Bringing a database's tables up to date, in the transaction of the caller."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchemaError(Exception):
    """Raised where a database is at a revision that this version does not know."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply the revisions that are missing, all or none.

    Two bridges that start at once wait for each other: the second finds nothing left to do.

    Raises:
        NewerSchemaError: a newer flashyard was here.
    """
    try:
        command.upgrade(_config(connection), to)
    except CommandError as error:
        raise NewerSchemaError(
            f"it belongs to a newer flashyard, or is not one of ours ({error})"
        ) from error


def downgrade(connection: Connection, to: str) -> None:
    """Take revisions back; ``base``: all of them."""
    command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    # No alembic.ini: it would configure logging, too, and that is the process' own matter.
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
