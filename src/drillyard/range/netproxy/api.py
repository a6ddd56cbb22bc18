"""Toxiproxy's HTTP API, version 2."""

import json
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from drillyard.range.netproxy.proxy import AddressError, Proxy
from drillyard.range.netproxy.toxics import TOXIC, Toxic

VERSION = "2.12.0"
"""Of the API that is spoken; clients ask."""
LINKS = "network_proxy_links"
CLOSING = "network_proxy_links_closing"


class _RefusedError(Exception):
    """An answer that is no success, in the API's own words."""

    def __init__(self, error: str, status: int) -> None:
        super().__init__(error)
        self.status = status


class Api:
    """All proxies of one server, by name."""

    def __init__(self) -> None:
        self.proxies: dict[str, Proxy] = {}

    def app(self) -> Starlette:
        """The application."""
        one, toxics = "/proxies/{proxy}", "/proxies/{proxy}/toxics"
        toxic = f"{toxics}/{{toxic}}"
        return Starlette(
            routes=[
                Route("/version", _answers(self._version)),
                Route("/metrics", _answers(self._metrics)),
                Route("/reset", _answers(self._reset), methods=["POST"]),
                Route("/populate", _answers(self._populate), methods=["POST"]),
                Route("/proxies", _answers(self._index), methods=["GET"]),
                Route("/proxies", _answers(self._create), methods=["POST"]),
                Route(one, _answers(self._show), methods=["GET"]),
                Route(one, _answers(self._update), methods=["POST", "PATCH"]),
                Route(one, _answers(self._delete), methods=["DELETE"]),
                Route(toxics, _answers(self._toxics), methods=["GET"]),
                Route(toxics, _answers(self._add_toxic), methods=["POST"]),
                Route(toxic, _answers(self._toxic), methods=["GET"]),
                Route(toxic, _answers(self._change_toxic), methods=["POST", "PATCH"]),
                Route(toxic, _answers(self._remove_toxic), methods=["DELETE"]),
            ]
        )

    async def put(self, fields: dict[str, Any]) -> Proxy:
        """Make a proxy, in the place of one of that name with other addresses.

        Raises:
            AddressError: it is not on the loopback.
            _RefusedError: an address is no text.
            OSError: its address is taken.
        """
        listen = fields.get("listen") or "127.0.0.1:0"
        if not isinstance(listen, str) or not isinstance(fields["upstream"], str):
            raise _RefusedError("bad request body: listen and upstream are host:port", 400)
        proxy = Proxy(fields["name"], listen, fields["upstream"])
        if known := self.proxies.get(proxy.name):
            if (known.listen, known.upstream) == (proxy.listen, proxy.upstream):
                proxy = known
            else:
                await known.stop()
        if fields.get("enabled", True):
            await proxy.start()
        else:
            await proxy.stop()
        self.proxies[proxy.name] = proxy
        return proxy

    async def stop(self) -> None:
        """Drop everything."""
        for proxy in self.proxies.values():
            await proxy.stop()

    async def _version(self, _: Request) -> Response:
        return JSONResponse({"version": VERSION})

    async def _metrics(self, _: Request) -> Response:
        """Figures of our own, in Prometheus' text format."""
        lines = [
            f"# HELP {LINKS} Connections that are open.",
            f"# TYPE {LINKS} gauge",
            *(f'{LINKS}{{proxy="{name}"}} {len(each.links)}' for name, each in self.proxies.items()),
            f"# HELP {CLOSING} Those of them that one side has closed and the other has not been told yet.",
            f"# TYPE {CLOSING} gauge",
            *(
                f'{CLOSING}{{proxy="{name}"}} {sum(link.closing for link in each.links)}'
                for name, each in self.proxies.items()
            ),
        ]
        return PlainTextResponse("\n".join(lines) + "\n")

    async def _reset(self, _: Request) -> Response:
        for proxy in self.proxies.values():
            await proxy.start()
            proxy.remove(*proxy.toxics)
        return Response(status_code=204)

    async def _populate(self, request: Request) -> Response:
        body = await _body(request)
        if not isinstance(body, list):
            raise _RefusedError("bad request body: a list of proxies is expected", 400)
        made = [await self.put(_fields(each)) for each in body]
        return JSONResponse({"proxies": [proxy.shown() for proxy in made]}, 201)

    async def _index(self, _: Request) -> Response:
        return JSONResponse({name: proxy.shown() for name, proxy in self.proxies.items()})

    async def _create(self, request: Request) -> Response:
        fields = _fields(await _body(request))
        if fields["name"] in self.proxies:
            raise _RefusedError("proxy already exists", 409)
        return JSONResponse((await self.put(fields)).shown(), 201)

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._proxy(request).shown())

    async def _update(self, request: Request) -> Response:
        known, body = self._proxy(request), await _body(request)
        if not isinstance(body, dict):
            raise _RefusedError("bad request body", 400)
        fields = {**known.shown(), **{name: each for name, each in body.items() if each is not None}}
        proxy = await self.put({**fields, "name": known.name})
        if proxy is not known:
            proxy.toxics = known.toxics
        return JSONResponse(proxy.shown())

    async def _delete(self, request: Request) -> Response:
        proxy = self._proxy(request)
        del self.proxies[proxy.name]
        await proxy.stop()
        return Response(status_code=204)

    async def _toxics(self, request: Request) -> Response:
        return JSONResponse(self._proxy(request).shown()["toxics"])

    async def _add_toxic(self, request: Request) -> Response:
        proxy, body = self._proxy(request), await _body(request)
        if isinstance(body, dict) and body.get("stream") not in (None, "", "upstream", "downstream"):
            raise _RefusedError("stream was invalid, can be either upstream or downstream", 400)
        toxic = TOXIC.validate_python(body)
        if toxic.name in proxy.toxics:
            raise _RefusedError("toxic already exists", 409)
        proxy.put(toxic)
        return JSONResponse(toxic.model_dump())

    async def _toxic(self, request: Request) -> Response:
        return JSONResponse(self._of(request)[1].model_dump())

    async def _change_toxic(self, request: Request) -> Response:
        (proxy, toxic), body = self._of(request), await _body(request)
        if not isinstance(body, dict):
            raise _RefusedError("bad request body", 400)
        changed = toxic.changed(body)
        proxy.put(changed)
        return JSONResponse(changed.model_dump())

    async def _remove_toxic(self, request: Request) -> Response:
        proxy, toxic = self._of(request)
        proxy.remove(toxic.name)
        return Response(status_code=204)

    def _proxy(self, request: Request) -> Proxy:
        if found := self.proxies.get(request.path_params["proxy"]):
            return found
        raise _RefusedError("proxy not found", 404)

    def _of(self, request: Request) -> tuple[Proxy, Toxic]:
        proxy = self._proxy(request)
        if found := proxy.toxics.get(request.path_params["toxic"]):
            return proxy, found
        raise _RefusedError("toxic not found", 404)


Handler = Callable[[Request], Awaitable[Response]]


def _answers(handler: Handler) -> Handler:
    """A handler whose refusals are answers of the API's own shape; browsers are refused, as there."""

    async def answer(request: Request) -> Response:
        if request.headers.get("user-agent", "").startswith("Mozilla/"):
            return _refusal("User agent not allowed", 403)
        try:
            return await handler(request)
        except _RefusedError as error:
            return _refusal(str(error), error.status)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            return _refusal(f"bad request body: {where}: {first['msg']}", 400)
        except AddressError as error:
            return _refusal(f"bad request body: {error}", 400)
        except OSError as error:
            return _refusal(str(error), 500)

    return answer


def _refusal(error: str, status: int) -> Response:
    return JSONResponse({"error": error, "status": status}, status)


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body() or b"{}")
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _RefusedError(f"bad request body: {error}", 400) from None


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _RefusedError("bad request body", 400)
    for name in ("name", "upstream"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise _RefusedError(f"missing required field: {name}", 400)
    return body
