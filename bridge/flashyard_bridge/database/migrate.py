"""Bringing a database's tables up to date, in the transaction of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0007"  # the newest revision there


class NewerSchemaError(Exception):
    """Raised where a database is at a revision that this version does not know."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply the revisions that are missing, all or none.

    Two bridges that start at once wait for each other: the second finds nothing left to do.

    Raises:
        NewerSchemaError: a newer flashyard was here.
    """
    if to == "head" and _revision(connection) == HEAD:
        return
    # Loading Alembic costs as much as all else of a start, and there is hardly ever a need.
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(_config(connection), to)
    except CommandError as error:
        raise NewerSchemaError(
            f"it belongs to a newer flashyard, or is not one of ours ({error})"
        ) from error


def downgrade(connection: Connection, to: str) -> None:
    """Take revisions back; ``base``: all of them."""
    from alembic import command  # noqa: PLC0415 - as above

    command.downgrade(_config(connection), to)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    # No alembic.ini: it would configure logging, too, and that is the process' own matter.
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
