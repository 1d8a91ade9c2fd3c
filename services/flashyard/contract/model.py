"""The base of everything that is said, and the ids and numbers it is said with.

On the wire names are camelCase and null is not sent: what is absent is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A frozen value with camelCase names on the wire.

    Unknown keys are ignored: the contract grows by adding, and an older peer must not care.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        strict=True,
        extra="ignore",
        ser_json_inf_nan="constants",
    )
    # The one message whose null means something (`device: null`: gone) keeps it.
    keeps_null: ClassVar[bool] = False

    def encode(self, *, without: Mapping[str, set[str]] | None = None) -> bytes:
        """Encode as compact UTF-8 JSON without nulls.

        Args:
            without: fields to leave out, by the field they are nested in.
        """
        return self.__pydantic_serializer__.to_json(
            self, by_alias=True, exclude_none=not self.keeps_null, exclude=without
        )

    @classmethod
    def decode(cls, payload: bytes | str) -> Self:
        """Decode JSON strictly: a numeric string is not a number.

        Raises:
            pydantic.ValidationError: (a ValueError) naming every bad field.
        """
        return cls.model_validate_json(payload, by_alias=True, by_name=False)

    def with_(self, **changes: object) -> Self:
        """Copy with some fields changed; the values are trusted, not validated again."""
        return self.model_copy(update=changes)


def _one_decimal(value: float) -> float:
    if round(value, 1) != value:
        raise ValueError("has more than one decimal")
    return value


_SAFE_INTEGER = 2**53 - 1  # the largest a browser's number holds exactly

JobId = Annotated[str, Field(pattern=r"^job_[0-9]{10}_[0-9a-z]{6,10}$")]
DeviceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:@-]{1,64}$")]
HubId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
Partition = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]  # session and order ids
Name = Annotated[str, Field(max_length=200)]
Sentence = Annotated[str, Field(max_length=1000)]
Millis = Annotated[int, Field(ge=0, le=_SAFE_INTEGER)]  # Unix milliseconds
Count = Annotated[int, Field(ge=0, le=_SAFE_INTEGER)]
ByteCount = Annotated[int, Field(ge=0, le=_SAFE_INTEGER)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), AfterValidator(_one_decimal)]
