"""The one door for outgoing requests. Nothing else in Hearth opens a connection to another machine."""

import httpx

Client = httpx.Client
Response = httpx.Response
RequestFailed = httpx.HTTPError

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0


def client(base_url: str, bearer: str) -> httpx.Client:
    """A client for one service; an empty bearer is not sent.

    Its reads are given longer than the pings that Hearth sends every 15 seconds.
    """
    return httpx.Client(
        base_url=base_url,
        headers={"authorization": f"Bearer {bearer}"} if bearer else {},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )
