"""A proxy as some tunnels are: it holds back what answers a GET until it is complete, and streams the rest."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

CHUNK_BYTES = 65536


@contextmanager
def buffering_proxy(port: int, own_port: int = 0) -> Iterator[str]:
    """The address of a proxy in front of a server on this machine; at its end all its connections are cut."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy")
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(lambda reader, writer: _pass_on(reader, writer, port), "127.0.0.1", own_port), loop
    )
    server = listening.result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """One request on one connection."""
    async with _closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
        lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(sum(lengths))
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        async with _closing(forth):
            forth.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
            held: list[bytes] = []
            while chunk := await back.read(CHUNK_BYTES):
                if head.startswith(b"GET "):
                    held.append(chunk)
                else:
                    writer.write(chunk)
                    await writer.drain()
            writer.write(b"".join(held))


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a connection at the end; that the other side has gone already is no error."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        try:
            yield
        finally:
            writer.close()
            await writer.wait_closed()


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
