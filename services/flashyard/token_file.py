"""A bearer token's file, so that the secret is on no command line: one word, or a line for each.

A line is ``TOKEN``, where it is the only one, or ``NAME TOKEN``; one that begins with ``# `` is a
comment. A token is a word of printable ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from flashyard.contract.faults import Code, FaultError, refuse

NAMELESS = "token"  # whose a token is that has no name
_WORD = re.compile(r"[!-~]{1,4096}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_MAKE_ONE = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A token, and whose it is."""

    identity: str
    token: str = field(repr=False)


def read_token(path: Path | None) -> str | None:
    """Read the token a client shows, or None where no file is named.

    Raises:
        FaultError: `invalid_request`: no such file, or not one token in it.
    """
    tokens = read_tokens(path)
    if len(tokens) > 1:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The token file {path} holds {len(tokens)} tokens, and a client shows one.",
            hint="Put your own into a file and name that one with --token-file.",
        )
    return tokens[0].token if tokens else None


def read_tokens(path: Path | None) -> tuple[NamedToken, ...]:
    """Read the tokens a bridge knows; none where no file is named.

    Two tokens may be of one name: an old one and the one that is to replace it.

    Raises:
        FaultError: `invalid_request`: no such file, or none in it, or a line that is not one. No
            token is in its sentence.
    """
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise refuse(
            Code.INVALID_REQUEST,
            f"The token file {path} cannot be read: {reason}.",
            hint="Name a readable file with --token-file.",
        ) from error
    lines = [(number, line.split()) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, words) for number, words in lines if words and words[0] != "#"]
    if not lines:
        raise refuse(Code.INVALID_REQUEST, f"There is no token in {path}.", hint=_MAKE_ONE)
    tokens = [_token(path, number, words, is_only=len(lines) == 1) for number, words in lines]
    if len({each.token for each in tokens}) < len(tokens):
        raise refuse(
            Code.INVALID_REQUEST,
            f"The token file {path} has one token twice.",
            hint="Whose it is could not be told. Give each name a token of its own.",
        )
    return tuple(tokens)


def _token(path: Path, number: int, words: list[str], *, is_only: bool) -> NamedToken:
    if not _WORD.fullmatch(words[-1]):
        raise _bad(path, number, "a token is a word of printable ASCII")
    if len(words) == 1 and is_only:
        return NamedToken(NAMELESS, words[0])
    if len(words) != 2:
        raise _bad(path, number, "it must be NAME TOKEN")
    if not _NAME.fullmatch(words[0]):
        raise _bad(path, number, "a name has letters, digits and `._@-`, at most 64")
    return NamedToken(*words)


def _bad(path: Path, number: int, why: str) -> FaultError:
    return refuse(
        Code.INVALID_REQUEST, f"Line {number} of the token file {path}: {why}.", hint=_MAKE_ONE
    )
