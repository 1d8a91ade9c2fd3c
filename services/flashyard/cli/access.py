"""`flashyard access`: who is let in at a broker of ours, or at Mosquitto in its place."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashyard.cli.invocation import Invocation
from flashyard.cli.options import Credentials, DataDir, Json
from flashyard.contract.faults import Code, refuse
from flashyard_broker.access import Role

if TYPE_CHECKING:
    from flashyard_broker.identities.credential_file import CredentialFile

access = typer.Typer(name="access")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the identity; a hub's is its id.")]
_USE = {
    Role.HUB: "Use it: flashyard hub --broker mqtts://{name}:SECRET@HOST:PORT, "
    "or FLASHYARD_HUB_BROKER, out of others' sight.",
    Role.BRIDGE: "Use it: flashyard bridge --broker mqtts://{name}:SECRET@HOST:PORT, "
    "or FLASHYARD_BRIDGE_BROKER, out of others' sight.",
    Role.VIEWER: "Use it with any MQTT client: user {name}, client id {name} or {name}-…",
}


class Peer(StrEnum):
    """Another broker that can be told who is let in."""

    MOSQUITTO = "mosquitto"


@access.callback(invoke_without_command=True)
def about(ctx: typer.Context) -> None:
    """Say who is let in at the broker: hubs, bridges and viewers."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@access.command()
def add(
    ctx: typer.Context,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="hub, bridge or viewer.")],
    name: Name,
    *,
    credentials: Credentials = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Let somebody in; print the secret, this once."""
    from flashyard.cli.talk import print_data, say

    file = _file(ctx, credentials, data_dir)
    secret = file.add(role, name)
    if json:
        print_data(_as_json({"name": name, "role": role, "secret": secret}))
        return
    say(f"The {role} {name} is let in within a second. Its secret, which is shown this once:")
    print_data(secret)
    say(_USE[role].format(name=name))


@access.command("list")
def list_(
    ctx: typer.Context,
    *,
    credentials: Credentials = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List who is let in."""
    from flashyard.cli.table import print_table, when
    from flashyard.cli.talk import print_data, say

    everybody = sorted(_file(ctx, credentials, data_dir).read_if_there().items())
    if json:
        for name, each in everybody:
            print_data(_as_json({"name": name, "role": each.role, "since": each.since}))
    elif not everybody:
        say("Nobody has a credential. `flashyard access add hub NAME` makes the first.")
    else:
        rows = [(name, each.role.value, when(each.since)) for name, each in everybody]
        print_table(("NAME", "ROLE", "SINCE"), rows)


@access.command()
def revoke(
    ctx: typer.Context,
    name: Name,
    *,
    credentials: Credentials = None,
    data_dir: DataDir = None,
) -> None:
    """Let somebody in no more; a running broker of ours disconnects it."""
    from flashyard.cli.talk import say

    gone = _file(ctx, credentials, data_dir).revoke(name)
    say(f"The {gone.role} {name} is let in no more. For Mosquitto, export its files anew.")


@access.command()
def export(
    ctx: typer.Context,
    peer: Annotated[Peer, typer.Argument(metavar="BROKER", help="mosquitto.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write them.")],
    credentials: Credentials = None,
    data_dir: DataDir = None,
) -> None:
    """Write the files that tell another broker who is let in; print their paths."""
    from flashyard.cli.talk import print_data, say
    from flashyard_broker.identities.mosquitto import export as write

    written = write(_file(ctx, credentials, data_dir).read(), out)
    for path in written.paths:
        print_data(str(path))
    if written.is_kept:
        say(f"{written.paths[-1]} was there and is kept as it is; the others are made anew.")
    say(f"docs/access.md tells how {peer} uses them, and what it cannot keep to.")


def _file(ctx: typer.Context, credentials: Path | None, data_dir: Path | None) -> CredentialFile:
    from flashyard.settings import BrokerSettings
    from flashyard_broker.identities.credential_file import CredentialFile

    said: Invocation = ctx.obj
    # A broker's listener beyond this machine is refused for the lack of what is made here.
    settings = said.settings(
        BrokerSettings, credentials=credentials, data_dir=data_dir, listen=["127.0.0.1:0"]
    )
    path = settings.credentials_path
    if settings.credentials is not None and not path.parent.is_dir():
        raise refuse(
            Code.INVALID_REQUEST,
            f"There is no directory {path.parent} for the credentials.",
            hint="Make it, or name another file with --credentials.",
        )
    return CredentialFile(path)


def _as_json(facts: dict[str, object]) -> str:
    from json import dumps

    return dumps(facts, separators=(",", ":"))
