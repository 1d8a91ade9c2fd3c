"""PostgreSQL as Debian has it, on a free loopback port and in a directory of its own.

It refuses root: where root runs the tests, the server is the user `postgres`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import psycopg

from support.broker_process import free_port
from support.waiting import until

USER, PASSWORD = "yard", "s3cret-of-the-yard"
_OWNER = "postgres" if os.geteuid() == 0 else None
_WITHIN = 60.0  # seconds to start, or to stop, on a busy machine
_FAST = ("fsync=off", "full_page_writes=off")


def program(name: str) -> str:
    """Tell where one of its programs is."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    assert found, "the tests need the postgresql package, see tests/install-peers"
    return str(found[-1])


class Postgres:
    """A server on one port for its whole life; it belongs to no event loop.

    Args:
        directory: its own; see :func:`cluster`.
        is_durable: what it committed survives the host, too; otherwise only the server.
    """

    def __init__(self, directory: Path, *, is_durable: bool = False) -> None:
        self.port = free_port()
        self._directory = directory
        self._settings = () if is_durable else _FAST
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def url(self, name: str = "postgres", *, password: str = PASSWORD) -> str:
        """Tell the URL of one of its databases."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template1") -> str:
        """Make a database, a copy of another one, and tell its URL."""
        name = f"yard_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def ask(self, words: str) -> None:
        """Have its superuser, who is ours, say something outside of any transaction."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(words.encode())

    async def start(self) -> None:
        """Start, and return when it serves; one that was killed looks after its files first."""
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self._directory}",
            *self._settings,
        ]
        command = [program("postgres"), "-D", str(self._directory / "data")]
        command += [word for setting in settings for word in ("-c", setting)]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - outlives the loop
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                user=_OWNER,
            )
        await until(self._serves, _WITHIN)

    async def stop(self) -> None:
        """Stop it at once, but in order: connections end, files are whole."""
        await self._end(signal.SIGINT)

    async def kill(self) -> None:
        """SIGKILL it, all of its processes."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP it, all of its processes: its sockets stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def _serves(self) -> bool:
        assert self._process is not None, "it does not run"
        assert self._process.poll() is None, (self._directory / "log").read_text()[-4000:]
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> list[psutil.Process]:
        assert self._process is not None, "it does not run"
        first = psutil.Process(self._process.pid)
        all_of_it = [first, *first.children(recursive=True)]
        for each in all_of_it:
            if each.is_running():
                each.send_signal(number)
        return all_of_it

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        process, told = self._process, list[psutil.Process]()
        if how is signal.SIGKILL:
            told = self._signal(how)
        else:
            process.send_signal(how)
        # A child of one that was killed holds its memory until it is gone, too.
        await until(lambda: process.poll() is not None and all(map(_is_gone, told)), _WITHIN)


def initdb(directory: Path, segment: int = 1) -> None:
    """Make the files of a server that never ran; whoever runs the tests owns them.

    Its log comes in segments of so many MiB: small ones are for small databases.
    """
    with _mine() as here:
        password = here / "password"
        password.write_text(PASSWORD)
        options = ["--no-sync", "--encoding=UTF8", "--locale=C", f"--wal-segsize={segment}"]
        options += [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={password}"]
        command = [program("initdb"), *options, "-D", str(here / "data")]
        subprocess.run(command, cwd=here, check=True, capture_output=True, user=_OWNER)
        subprocess.run(["cp", "-r", str(here / "data"), str(directory)], check=True)


@contextmanager
def cluster(files: Path) -> Iterator[Path]:
    """A directory for a server, with a copy of what `initdb` made."""
    with _mine() as here:
        subprocess.run(["cp", "-r", str(files), str(here / "data")], check=True)
        if _OWNER:
            subprocess.run(["chown", "-R", f"{_OWNER}:", str(here)], check=True)
        yield here


@contextmanager
def _mine() -> Iterator[Path]:
    """A directory that the server can reach; those of pytest it cannot."""
    directory = Path(tempfile.mkdtemp(prefix="flashyard-postgres-"))
    try:
        if _OWNER:
            shutil.chown(directory, _OWNER)
        yield directory
    finally:
        shutil.rmtree(directory)


def _is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
