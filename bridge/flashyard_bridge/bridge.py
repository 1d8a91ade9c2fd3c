"""The bridge, assembled: what there is, who is handed what, and how it starts and stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from flashyard.link import tls_for
from flashyard.settings import BridgeSettings
from flashyard.token_file import read_tokens
from flashyard_bridge.app import State, create_app
from flashyard_bridge.audit.pruning import Pruner
from flashyard_bridge.audit.strangers import Strangers
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.batches.overseer import Overseer as BatchOverseer
from flashyard_bridge.clock import BridgeClock
from flashyard_bridge.database.database import Database
from flashyard_bridge.gate import Doors
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.history.history import History
from flashyard_bridge.history.pruning import Bounds
from flashyard_bridge.history.pruning import Pruner as HistoryPruner
from flashyard_bridge.images.renewal import Renewal
from flashyard_bridge.images.store import ImageStore
from flashyard_bridge.intake import Intake
from flashyard_bridge.learning.outlook import Outlook
from flashyard_bridge.listeners import Listener, listen
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.metrics.exposition import Metrics
from flashyard_bridge.orders import ANSWER_DEADLINE
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.rest.health import Vitals
from flashyard_bridge.rollback import scribe
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.rollback.scribe import Scribe
from flashyard_bridge.server import Server
from flashyard_bridge.standing.book import Book
from flashyard_bridge.standing.overseer import PATIENCE, Overseer
from flashyard_bridge.state import BridgeState


class Tempo(NamedTuple):
    """How long a bridge waits, in seconds.

    Attributes:
        answer: for a hub's answer to an order.
        job: for what a hub tells of a standing order's job.
        ledger: between two looks at all that was flashed.
    """

    answer: float = ANSWER_DEADLINE
    job: float = PATIENCE
    ledger: float = scribe.EVERY


USUAL = Tempo()


class Bridge:
    """One bridge, to be served once.

    Attributes:
        state: what its routes see.
        intake: its ear.
        live: its mouth.
    """

    def __init__(self, settings: BridgeSettings, tempo: Tempo = USUAL) -> None:
        self._settings = settings
        self._clock = BridgeClock()
        now = self._clock.now
        fleet = Fleet(now, time.monotonic, lost_after=settings.lost_after)
        self.live = Live(fleet.snapshot, now)
        self.intake = Intake(
            settings.broker,
            fleet,
            self.live,
            now,
            tls=tls_for(settings),
            broker_sys=settings.broker_sys,
            answer_within=tempo.answer,
        )
        database = Database(settings.database_url)
        self.state = BridgeState(
            now=now,
            link=self.intake.link,
            fleet=fleet,
            orders=self.intake.orders,
            images=ImageStore(settings.images, now),
            database=database,
            standing=Book(database, now),
            batches=Batches(database, now),
            ledger=Ledger(database),
            outlook=Outlook(fleet, database, now),
            history=History(database),
            trail=Trail(database, now),
            publish=self.live.publish,
            first_picture=self.intake.first_picture,
        )
        self._strangers = Strangers(self.state.trail, now)
        self._archivist = Archivist(self.state.history, fleet, self.intake.link, now)
        self._overseer = Overseer(self.state, patience=tempo.job)
        self._batches = BatchOverseer(self.state, lost_after=settings.lost_after)
        self._scribe = Scribe(self.state, every=tempo.ledger)
        self._renewal = Renewal(self.state)
        self._server: Server | None = None

    async def serve(self, ready: Callable[[str], None]) -> None:
        """Run until it is cancelled, or told to stop.

        Args:
            ready: gets the URLs, separated by blanks, once they are served.

        Raises:
            FaultError: `port_in_use`, `database_unreachable`, or `invalid_request` for an address,
                a URL or a file.
        """
        tokens = read_tokens(self._settings.token_file)
        await asyncio.to_thread(self.state.images.open)
        listeners: list[Listener] = []
        try:
            listeners = await listen(self._settings.listen)
            await asyncio.to_thread(self.state.database.open)
            self._introduce()
            doors = Doors(tokens, _origins(self._settings), _loopback(listeners))
            app = create_app(self._handed(doors, listeners), self._settings.trusted_proxy)
            self._server = Server(app, lambda: ready(" ".join(map(_url, listeners))))
            sockets = [socket for each in listeners for socket in each.sockets]
            async with self.intake.link, asyncio.TaskGroup() as group:
                chores = [
                    group.create_task(chore, name=f"bridge[{name}]")
                    for name, chore in self._chores().items()
                ]
                await self._server.run_until_stopped(sockets)
                for chore in chores:
                    chore.cancel()
        finally:
            for listener in listeners:
                listener.close()
            self._strangers.tell()
            await self.state.trail.finish()
            await asyncio.to_thread(self.state.database.close)

    def stop(self) -> None:
        """Have it end as it does on SIGTERM."""
        if self._server is not None:
            self._server.should_exit = True

    def _introduce(self) -> None:
        """Have those who listen hear what comes in, browsers first."""
        listening = (
            *(self._overseer, self._batches, self._renewal, self._scribe, self._archivist),
            self.state.outlook,
        )
        self.intake.listeners += [each.hear for each in listening]
        self.intake.archivists.append(self._archivist.take)

    def _handed(self, doors: Doors, listeners: Sequence[Listener]) -> State:
        """What routes, WebSockets and the doors before them are handed."""
        return State(
            bridge=self.state,
            vitals=Vitals(listeners[-1].bound[0].port, self.live, self._archivist),
            metrics=Metrics(
                self.state.fleet, self.intake, self.live, self.state.trail, self.state.images
            ),
            live=self.live,
            doors=doors,
            strangers=self._strangers,
        )

    def _chores(self) -> Mapping[str, Coroutine[Any, Any, Any]]:
        """What is done all the time, by name."""
        settings, database, now = self._settings, self.state.database, self._clock.now
        bounds = Bounds(settings.history_keep, settings.history_max)
        return {
            "patience": self.intake.watch_clock(),
            "clock": self._clock.watch(self.intake.announce_again),
            "signatures": self._renewal.run(),
            "standing orders": self._overseer.run(),
            "batches": self._batches.run(),
            "ledger": self._scribe.run(),
            "history": self._archivist.run(),
            "outlook": self.state.outlook.run(),
            "audit": self.state.trail.run(),
            "strangers": self._strangers.run(),
            "audit's age": Pruner(database, now, settings.audit_keep).run(),
            "history's bounds": HistoryPruner(database, now, bounds).run(),
            "segments": self.state.history.gatherer.run(),
        }


def _origins(settings: BridgeSettings) -> frozenset[str]:
    """Write origins as browsers do: in lower case, without a path."""
    return frozenset(origin.lower().rstrip("/") for origin in settings.allow_origin)


def _loopback(listeners: Sequence[Listener]) -> frozenset[tuple[str, int]]:
    bound = [endpoint for listener in listeners for endpoint in listener.bound]
    return frozenset((each.host, each.port) for each in bound if each.is_loopback)


def _url(listener: Listener) -> str:
    return f"http://{listener.bound[0]}"
