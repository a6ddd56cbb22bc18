"""One bounded question over a Unix socket or a TCP connection: a line in, everything that comes back out."""

import asyncio
from pathlib import Path

from drillyard.range.addresses import Endpoint

_TIMEOUT_S = 1.0


async def ask(where: Path | Endpoint, question: bytes, *, until: bytes = b"") -> bytes:
    """Send `question`; the answer up to the end of the connection, or up to and with `until`.

    Raises:
        OSError: nobody listens, or the connection broke.
        TimeoutError: no whole answer within a second.
    """
    async with asyncio.timeout(_TIMEOUT_S):
        if isinstance(where, Endpoint):
            reader, writer = await asyncio.open_connection(where.host, where.port)
        else:
            reader, writer = await asyncio.open_unix_connection(where)
        try:
            writer.write(question)
            await writer.drain()
            if not until:
                return await reader.read()
            try:
                return await reader.readuntil(until)
            except asyncio.IncompleteReadError as cut:
                return cut.partial
        finally:
            writer.close()
