"""A column that says who asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeDecorator

from flashyard.contract.requester import Requester


class AskedBy(TypeDecorator[Requester]):
    """A requester, as JSON with the contract's names; NULL: nobody, or nobody knows."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(
        self, value: Requester | None, _dialect: Dialect
    ) -> dict[str, Any] | None:
        """Make the JSON."""
        if value is None:
            return None
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Requester | None:
        """Read the JSON."""
        return None if value is None else Requester.model_validate(value, by_alias=True)
