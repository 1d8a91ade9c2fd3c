"""Who asked for something, and from where: what is proven apart from what is only said."""

from __future__ import annotations

from flashyard.contract.model import Model, Name

USER_HEADER = "Flashyard-User"
"""The header in which a client says whom it works for: UTF-8, percent-encoded."""


class Requester(Model):
    """Who asked.

    Attributes:
        identity: whose token was shown, which is proven; absent: none was asked for.
        user: who the program says it works for; nobody checked that.
        address: the IP address the request came from; absent: it was the bridge itself.
        agent: the program, by its own word.
        on_behalf: the standing order or batch that a bridge acted for, by its id; ``identity``
            and ``user`` are then those of whoever made or changed that last.
    """

    identity: Name | None = None
    user: Name | None = None
    address: Name | None = None
    agent: Name | None = None
    on_behalf: Name | None = None
