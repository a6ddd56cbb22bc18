"""One bounded HTTP request on the loopback, for readiness; nothing but the standard library is imported."""

import asyncio

from drillyard.range.addresses import Endpoint

_TIMEOUT_S = 1.0


async def status_of(endpoint: Endpoint, path: str) -> int:
    """The status code of `GET path`; 0 when nothing answers within a second."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await _get(endpoint, path)
    except (OSError, TimeoutError, ValueError):
        return 0


async def _get(endpoint: Endpoint, path: str) -> int:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        words = (await reader.readline()).split()
        return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else 0
    finally:
        writer.close()
