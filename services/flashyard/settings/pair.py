"""Two settings that mean nothing without each other: a certificate and its key."""

from __future__ import annotations

from pathlib import Path

from flashyard.contract.faults import Code, refuse


def refuse_half(option: str, value: Path | None, other: str, its_value: Path | None) -> None:
    """Refuse one of two settings that mean nothing without each other."""
    if (value is None) != (its_value is None):
        given, missing = (other, option) if value is None else (option, other)
        raise refuse(
            Code.INVALID_REQUEST,
            f"{given} needs {missing}: a certificate and its key go together.",
            hint=f"Give {missing}, too, or leave out {given}.",
        )
