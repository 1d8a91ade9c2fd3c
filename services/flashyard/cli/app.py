"""The commands, gathered; and the border where what goes wrong becomes an exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from flashyard.cli.access import access
from flashyard.cli.batch.command import batch
from flashyard.cli.control import ask
from flashyard.cli.control.release import release
from flashyard.cli.control.setting import setting
from flashyard.cli.doctor import doctor
from flashyard.cli.emulate import emulate
from flashyard.cli.flash import flash
from flashyard.cli.history.command import history
from flashyard.cli.invocation import Invocation
from flashyard.cli.ls import ls
from flashyard.cli.roles import bridge, broker, hub
from flashyard.cli.standing import standing
from flashyard.cli.talk import complain, complain_of, speak_of_bugs
from flashyard.cli.up import up
from flashyard.cli.watch import watch
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import FaultError

EPILOG = "Settings: flashyard.toml, then FLASHYARD_…, then flags; the later wins."

app = typer.Typer(
    name="flashyard",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True, epilog=EPILOG)
def flashyard(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The settings file (default: ./flashyard.toml)."),
    ] = None,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Tell the version, and stop.")] = False,
) -> None:
    """Flash fleets of devices and watch it live."""
    ctx.obj = Invocation(config)
    speak_of_bugs(with_traceback=debug)
    if version:
        from flashyard import __version__

        typer.echo(f"flashyard {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


SERVE, USE = "Run the system", "Use it"
app.command(rich_help_panel=SERVE)(up)
app.command(rich_help_panel=SERVE)(broker)
app.command(rich_help_panel=SERVE)(bridge)
app.command(rich_help_panel=SERVE)(hub)
app.command(rich_help_panel=SERVE)(emulate)
app.add_typer(access, rich_help_panel=SERVE)
app.command(rich_help_panel=SERVE)(doctor)
app.command(rich_help_panel=USE)(ls)
app.command(rich_help_panel=USE)(flash)
app.command(rich_help_panel=USE)(watch)
app.add_typer(history, rich_help_panel=USE)
app.add_typer(batch, rich_help_panel=USE)
app.add_typer(standing, rich_help_panel=USE)
app.command(rich_help_panel=USE)(ask.pause)
app.command(rich_help_panel=USE)(ask.resume)
app.command(rich_help_panel=USE)(ask.cancel)
app.command(rich_help_panel=USE)(ask.retry)
app.add_typer(setting, rich_help_panel=USE)
app.command(rich_help_panel=USE)(release)


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit status, having said on stderr what went wrong."""
    try:
        status = app(arguments, prog_name="flashyard", standalone_mode=False)
        sys.stdout.flush()
    except FaultError as error:
        return complain_of(error)
    except UnreachableError as error:
        complain(error.sentence, error.hint)
        return 7
    except TyperException as error:
        # Typer reads values with pydantic, whose own words begin the sentence of a wrong one.
        sentence = error.format_message().replace(": Value error, ", ": ", 1)
        complain(sentence, _where_to_look(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # The reader of our data has seen enough; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status if isinstance(status, int) else 0


def _where_to_look(error: TyperException) -> str:
    """Tell where the right words are written."""
    context = getattr(error, "ctx", None)
    if context is None or isinstance(context.command, TyperGroup):
        return f"`{context.command_path if context else 'flashyard'} --help` lists the commands."
    return f"`{context.command_path} --help` has more."
