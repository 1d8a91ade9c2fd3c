"""The one shape of an error over HTTP, for whatever went wrong; never HTML, never a stack trace.

Knows faults and frameworks' exceptions, no route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from flashyard.contract.faults import TABLE, Code, Fault, FaultError, fault
from flashyard.contract.model import Model
from flashyard_bridge.methods import allowed

_BY_STATUS = {
    401: Code.NOT_ALLOWED,
    403: Code.NOT_ALLOWED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.PAYLOAD_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


_MOST_CHOICES = 12  # that are told where none of them was said


class Problem(Model):
    """An error's body. ``details`` are the words of the device, the hub or the parser.

    ``field`` names the request's field at fault, ``job_id`` the job it is about.
    """

    error: str
    code: Code
    hint: str | None = None
    details: str | None = None
    field: str | None = None
    job_id: str | None = None


class RequestError(FaultError):
    """A fault with what only HTTP tells of it: a field, a job, a status or headers of its own."""

    def __init__(
        self,
        why: Fault,
        *,
        field: str | None = None,
        job_id: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(why)
        self.field = field
        self.job_id = job_id
        self.status = status
        self.headers = headers


def reject(code: Code, field: str, sentence: str) -> RequestError:
    """Make the exception for a bad field; the sentence follows the field's name."""
    return RequestError(fault(code, f"`{field}` {sentence}"), field=field)


def reject_all(errors: Sequence[Mapping[str, Any]]) -> RequestError:
    """Make the exception for what pydantic found wrong: the first one's field, all in details."""
    found = [(_name(error["loc"]), _words(str(error["msg"]))) for error in errors]
    field, words = found[0]
    why = fault(
        Code.INVALID_REQUEST,
        f"`{field}` is not valid: {words}.",
        details="; ".join(f"{name}: {said}" for name, said in found[:20]),
    )
    return RequestError(why, field=field)


def _words(said: str) -> str:
    """Tell what is wrong in one sentence, not by all the words that would be right."""
    choices = said.count("'") // 2
    if choices <= _MOST_CHOICES:
        return said
    return f"it is none of the {choices} words there are"


def _name(loc: Sequence[str | int]) -> str:
    places = [str(part) for part in loc if part not in {"body", "query", "path", "header"}]
    return ".".join(places) or "body"


def answer(
    why: Fault,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    field: str | None = None,
    job_id: str | None = None,
) -> Response:
    """Make the response for a fault; ``status`` overrides the code's own (401 for 403, 416)."""
    problem = Problem(
        error=why.sentence,
        code=why.code,
        hint=why.hint,
        details=why.details,
        field=field,
        job_id=job_id,
    )
    return Response(
        problem.encode(),
        status_code=status or why.http,
        headers=headers,
        media_type="application/json",
    )


async def _on_fault(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FaultError)  # noqa: S101 - registered for it alone
    if isinstance(error, RequestError):
        return answer(
            error.fault,
            status=error.status,
            headers=error.headers,
            field=error.field,
            job_id=error.job_id,
        )
    return answer(error.fault)


async def _on_bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    return await _on_fault(request, reject_all(error.errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    code = _BY_STATUS.get(error.status_code, Code.INVALID_REQUEST)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed(request.scope))
    return answer(fault(code), status=error.status_code, headers=headers)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    # The server logs the traceback: starlette raises the exception again after this answer.
    return answer(fault(Code.INTERNAL))


HANDLERS: Mapping[int | type[Exception], ExceptionHandler] = {
    FaultError: _on_fault,
    RequestValidationError: _on_bad_parameter,
    HTTPException: _on_http,
    Exception: _on_crash,
}


# For a router's OpenAPI entries: without it the framework documents an error shape of its own.
ANY_ERROR: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "Whatever else goes wrong."}
}


def documented(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """Describe the faults a route may answer, for its OpenAPI entry."""
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(TABLE[code].http or 409, []).append(code)
    return {
        status: {
            "model": Problem,
            "description": "\n\n".join(f"`{code}`: {TABLE[code].sentence}" for code in group),
        }
        for status, group in by_status.items()
    }
