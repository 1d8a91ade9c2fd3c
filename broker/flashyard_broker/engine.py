"""amqtt 0.12.1 with the four repairs we cannot start without."""

from __future__ import annotations

import asyncio

from amqtt.adapters import ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

_CANCEL_AGAIN = 0.2  # seconds
_PATIENCE = 1.5  # of a client's keep-alive


class PatientReader(StreamReaderAdapter):
    """Reads from a client, and cuts it off when nothing came for ``patience`` seconds."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.WriteTransport) -> None:
        super().__init__(reader)
        self.patience: float | None = None
        self._transport = transport

    async def read(self, n: int = -1) -> bytes:
        """Read so many bytes; the end of the stream, where it was cut off."""
        try:
            async with asyncio.timeout(self.patience):
                return await super().read(n)
        except TimeoutError:
            self._transport.abort()  # a frozen client does not take a farewell either
            return await super().read(n)


class Engine(Broker):
    """amqtt's broker. It overrides private methods, which is why the version is pinned."""

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        """Take a CONNECT, and the client's keep-alive at its word (3.1.2.10).

        amqtt notices that a client has been silent for its keep-alive, and does nothing: one that
        froze or was unplugged would be online for ever, its will unpublished.
        """
        handler, session = await super()._initialize_client_session(
            reader, writer, remote_address, remote_port
        )
        if isinstance(reader, PatientReader) and session.keep_alive:
            reader.patience = session.keep_alive * _PATIENCE
            # amqtt's own waiting must outlast ours, for its end starts the reading anew. Without
            # it packets are read in one go, and cancelled by the end of the stream before they
            # were handled.
            session.keep_alive *= 2
        return handler, session

    async def _delete_session(self, client_id: str) -> None:
        """Forget a client whose id connects anew, and close its old connection (3.1.4-2).

        amqtt leaves the old connection open, without its subscriptions: a client that is never
        told anything again, and never finds out.
        """
        _, handler = self._sessions.get(client_id, (None, None))
        await super()._delete_session(client_id)
        if handler is None:
            return
        await handler.handle_connection_closed()
        # In the midst of traffic the cancel that amqtt ends its reader with is lost now and then
        # (wait_for of Python 3.11 swallows it), and the connection would live on.
        if isinstance(handler.writer, StreamWriterAdapter):
            handler.writer._writer.transport.abort()  # noqa: SLF001 - the adapter has no abort

    async def _stop_handler(self, handler: BrokerProtocolHandler) -> None:
        """End a connection's tasks.

        amqtt cancels the reading task once and waits for its last words. A task that has not
        begun yet has none, and wait_for of Python 3.11 swallows a cancel that meets a packet:
        either way the wait, and with it the broker's shutdown, would never end.
        """
        if handler._reader_ready is not None:  # noqa: SLF001 - set by the task's first step
            await handler._reader_ready.wait()  # noqa: SLF001
        reader = handler._reader_task  # noqa: SLF001 - no public way to it
        while reader and reader is not asyncio.current_task() and not reader.done():
            reader.cancel()
            await asyncio.wait({reader}, timeout=_CANCEL_AGAIN)
        await super()._stop_handler(handler)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Send a subscriber what is retained under its filter (MQTT 3.1.1, 3.3.1.3).

        amqtt also calls this at each CONNECT, for the filters of *all* clients, while it
        iterates over them. Its own version suspends there: a SUBSCRIBE by somebody else then
        ends the new client's task right after its CONNACK. So this one never suspends, and
        sends nothing to a session that did not subscribe.
        """
        topic_filter, granted = subscription
        subscribers = self._subscriptions.get(topic_filter, [])
        handler = self._get_handler(session)
        if handler is None or not any(subscriber is session for subscriber, _ in subscribers):
            return
        for topic, retained in self._retained_messages.items():
            if self._matches(topic, topic_filter):
                qos = min(granted, retained.qos or 0)
                self._tasks_queue.append(
                    asyncio.create_task(
                        handler.mqtt_publish(topic, retained.data, qos, retain=True)
                    )
                )
