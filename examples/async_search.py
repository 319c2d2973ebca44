"""A search over HTTP in an asynchronous application, with nothing but the standard library.

    python examples/async_search.py shop 8080
    curl 'http://127.0.0.1:8080/?q=cordless+drill'

With a web framework the coroutine `answer` stays as it is: the client is opened once, when the
application starts, and shared by all requests.
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import aisle


async def answer(shop: aisle.AsyncSearchClient, query: str) -> tuple[int, dict[str, object]]:
    """HTTP status and JSON of one search."""
    try:
        page = await shop.search(query, size=5)
    except aisle.AisleError as error:
        return 400, {"error": error.message, "fix": error.fix}
    hits = [{"id": hit.item.id, "title": hit.item.title, "score": hit.score} for hit in page.hits]
    return 200, {"release": page.release, "total": page.total, "hits": hits}


async def serve(shop: aisle.AsyncSearchClient, port: int) -> asyncio.Server:
    """A server on this machine alone; port 0 takes any that is free."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readline()).split()[1].decode()
        query = parse_qs(urlsplit(target).query).get("q", [""])[0]
        status, found = await answer(shop, query)
        body = json.dumps(found).encode()
        head = f"HTTP/1.0 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(respond, "127.0.0.1", port)


async def main(name: str, port: str) -> None:
    """Serve until Ctrl-C."""
    async with aisle.AsyncSearchClient(aisle.open_search(name)) as shop:
        server = await serve(shop, int(port))
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
