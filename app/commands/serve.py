"""`hearth serve`: the server itself, and what it prints when it is ready."""

import errno
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from app import logs
from app.commands import data_lock, output, parts
from app.errors import BadSetup
from app.main import CLOSE_SECONDS, build_parts, create_app
from app.settings import Settings

GRACEFUL_SECONDS = 3
# Longer than proxies and tunnels keep an idle connection: or one would send a request into a connection being closed.
KEEP_ALIVE_SECONDS = 120
BACKLOG = 128


class Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready, and ends the replies before it waits for those who watch them."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], end_replies: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._end_replies = end_replies

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the replies, so that every watcher hears of it; then close the connections."""
        await self._end_replies()
        await super().shutdown(sockets)


def serve() -> None:
    """Serve until a signal comes. Refuses before anything is touched when the port is taken."""
    chosen = parts.settings()
    logs.configure(chosen.log_level)
    listener = listen(chosen.host, chosen.port)
    for name in parts.unknown_variables():
        output.tell("settings_unknown", {"name": name})
    with listener, data_lock.held(chosen.data_dir):
        database = parts.database(chosen)
        built = build_parts(chosen, database, parts.library(chosen, database))
        token = built.accounts.prepare_setup()
        built.replies.fail_interrupted()
        config = uvicorn.Config(
            create_app(built),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=64 * 1024,
            ws="none",
        )
        address = address_of(chosen.host, listener.getsockname()[1])
        server = Server(config, lambda: _announce(address, token, chosen), lambda: built.replies.close(CLOSE_SECONDS))
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """The listening socket. Raises BadSetup: port_taken, address_unusable."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        code = "port_taken" if error.errno == errno.EADDRINUSE else "address_unusable"
        raise BadSetup(code, host=host, port=port, reason=error.strerror or str(error)) from error
    return listener


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds Hearth."""
    name = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _announce(address: str, token: str | None, chosen: Settings) -> None:
    output.tell("listening", {"address": address})
    if token is not None:
        output.tell("set_up_here", {"link": f"{address}/set-up?token={token}"})
        output.console.print(f"\n    {token}\n", markup=False)
        if not chosen.setup_token.get_secret_value():
            output.tell("set_up_file", {"path": chosen.setup_token_file})
