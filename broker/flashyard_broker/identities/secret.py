"""A credential's secret: how it is made, and the two hashes that are kept in its place.

It knows no identity and no file.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

LONGEST = 256  # characters that are hashed at all; ours have 43
# Stretching slows down the guessing of what people choose. A secret of 256 random bits cannot be
# guessed at any speed, so the parameters are those that let a thousand hubs return at once: about
# a millisecond and one MiB each.
_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
# Mosquitto knows no argon2. These are the numbers its own mosquitto_passwd uses.
_ITERATIONS, _SALT, _LENGTH = 101, 12, 64


def make_secret() -> str:
    """Make a secret: 256 random bits in characters that need no quoting in a URL."""
    return secrets.token_urlsafe(32)


def hash_argon2(secret: str) -> str:
    """Hash a secret with argon2id, as RFC 9106 encodes it."""
    return _HASHER.hash(secret)


def hash_mosquitto(secret: str) -> str:
    """Hash a secret with PBKDF2-HMAC-SHA512 as Mosquitto's password file has it (``$7$``)."""
    salt = secrets.token_bytes(_SALT)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _ITERATIONS, _LENGTH)
    in_text = (base64.b64encode(each).decode() for each in (salt, digest))
    return f"$7${_ITERATIONS}${'$'.join(in_text)}"


def is_secret_of(hashed: str, said: str) -> bool:
    """Does this secret belong to this argon2 hash? Takes a millisecond, without the GIL."""
    try:
        return _HASHER.verify(hashed, said)
    except (Argon2Error, InvalidHashError):
        return False
