"""The tables as they are now; `migrations` has how they came to be. Times are Unix ms."""

from flashyard_bridge.database.tables import (  # noqa: F401 - so that the metadata has them all
    audit,
    batches,
    history,
    learning,
    rollback,
    rollups,
    standing,
)
