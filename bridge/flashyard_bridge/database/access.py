"""What a transaction may do. Each kind of database sees to it in its own way."""

from __future__ import annotations

from enum import Enum

from sqlalchemy import Connection

_OPTION = "flashyard_access"


class Access(Enum):
    """What a transaction is for; who writes or upgrades is the only one to do so meanwhile."""

    READS = "reads"
    WRITES = "writes"
    UPGRADES = "upgrades"

    @property
    def option(self) -> dict[str, Access]:
        """The execution option that says it to the engine."""
        return {_OPTION: self}

    @classmethod
    def of(cls, connection: Connection) -> Access:
        """Look it up in a transaction's connection; nothing said: it reads."""
        found: Access = connection.get_execution_options().get(_OPTION, cls.READS)
        return found
