"""Who asked for something, and from where: what is proven apart from what is only said."""

from __future__ import annotations

from flashyard.contract.model import Model, Name


class Requester(Model):
    """Who asked.

    Attributes:
        identity: whose token was shown; absent: none was asked for.
        user: who the program says it works for; nobody checked that.
        address: the IP address the request came from; absent: it was the bridge itself.
        agent: the program, by its own word.
        on_behalf: the standing order or batch that a bridge acted for, by its id.
    """

    identity: Name | None = None
    user: Name | None = None
    address: Name | None = None
    agent: Name | None = None
    on_behalf: Name | None = None
