"""The account of one request: from what was asked and answered to the lines of the trail. Pure.

Ids are found by the names the contract gives them. Of the rest only what the action names is told:
a field that means nothing to us may hold anybody's secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import TABLE, Code
from flashyard.contract.model import DeviceId, HubId, JobId
from flashyard.contract.requester import Requester
from flashyard_bridge.witness.action import Asked
from flashyard_bridge.witness.caller import plain

MOST = 16 * 1024  # bytes of details
_MEMBERS = (100, 10, 0)  # of a list that are told; fewer where it would be too much
_DEPTH = 6
_IDS: Mapping[str, TypeAdapter[str]] = {
    "job_id": TypeAdapter(JobId),
    "device_id": TypeAdapter(DeviceId),
    "hub_id": TypeAdapter(HubId),
}
_ON_WIRE = {"job_id": "jobId", "device_id": "deviceId", "hub_id": "hubId"}
_SUBJECTS = ("batch_id", "order_id", "sha256", "batchId", "id")
_WHOLE = ("job", "device", "hub", "image", "standingOrder")  # an answer's one record
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")

Members = Mapping[str, Any]


@dataclass
class Account:
    """What was seen of one request; ``body`` and ``answer`` are the bytes of JSON, or none."""

    asked: Asked
    at: int  # Unix ms
    query: Mapping[str, str]
    status: int = 500
    body: bytearray = field(default_factory=bytearray)
    answer: bytearray = field(default_factory=bytearray)

    def lines(self, caller: Requester) -> Iterator[AuditEntry]:
        """Make the lines: one, or one for each job that was started."""
        answer, body = _object(self.answer), _object(self.body)
        jobs = [each for each in answer.get("jobs", ()) if isinstance(each, dict)]
        for job in jobs or [{}]:
            yield self._line(caller, body, {**answer, **job})

    def _line(self, caller: Requester, body: Members, answer: Members) -> AuditEntry:
        path = self.asked.path
        wholes = (answer[name] for name in _WHOLE if isinstance(answer.get(name), dict))
        whole: Members = next(wholes, {})
        ids = {name: _id(name, answer, whole, path, self.query, body) for name in _IDS}
        details = self._details(body)
        if (named := path.get("job_id")) not in {None, ids["job_id"]}:
            details["ofJob"] = plain(str(named))
        is_refused = self.status >= 400
        code = _code(answer) if is_refused else None
        return AuditEntry(
            at=self.at,
            action=self.asked.action.name,
            requester=caller,
            **ids,
            subject=_subject(path, answer, whole) or _strange(path, ids),
            outcome="refused" if is_refused else "accepted",
            code=code,
            error=_sentence(answer, code) if code else None,
            details=details or None,
        )

    def _details(self, body: Members) -> dict[str, Any]:
        action = self.asked.action
        said = {name: _text(self.query[name]) for name in action.query if name in self.query}
        for most in _MEMBERS:
            details = {**said, **_shown(body, action.told, most)}
            if len(to_json(details)) <= MOST:
                return details
        return said


def _object(raw: bytearray) -> Members:
    try:
        value = from_json(bytes(raw), allow_inf_nan=False) if raw else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _id(name: str, *places: Members) -> str | None:
    """Find an id; what is none is no id, whoever says so."""
    for place in places:
        found = place.get(_ON_WIRE[name], place.get(name))
        try:
            return _IDS[name].validate_python(found, strict=True)
        except ValidationError:
            continue
    return None


def _subject(path: Members, *places: Members) -> str | None:
    for place in (path, *places):
        found = next((place[name] for name in _SUBJECTS if isinstance(place.get(name), str)), None)
        if found is not None:
            return plain(found)
    return None


def _strange(path: Mapping[str, str], ids: Mapping[str, str | None]) -> str | None:
    """Tell what somebody took for an id."""
    return next((plain(path[name]) for name in ids if name in path and ids[name] is None), None)


def _code(answer: Members) -> Code:
    code = answer.get("code")
    return Code(code) if code in set(Code) else Code.INTERNAL


def _sentence(answer: Members, code: Code) -> str | None:
    said = answer.get("error")
    return plain(said if isinstance(said, str) else TABLE[code].sentence, 1000)


def _shown(value: Any, names: frozenset[str], most: int, depth: int = 0) -> Any:
    """Leave out what is not named, and cut what is long or deep."""
    if depth == _DEPTH:
        return "…"
    below = partial(_shown, names=names, most=most, depth=depth + 1)
    match value:
        case str():
            return _text(value)
        case dict():
            return {name: below(each) for name, each in value.items() if name in names}
        case list():
            more = [f"… and {len(value) - most} more"] if len(value) > most else []
            return [*map(below, value[:most]), *more]
        case _:
            return value


def _text(said: str) -> str | None:
    """Make a bounded line; of a URL only what names a place, neither login nor query."""

    def place(found: re.Match[str]) -> str:
        try:
            parts = urlsplit(found[0])
        except ValueError:
            return "…"
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    return plain(_URL.sub(place, said))
