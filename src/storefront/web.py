"""A replica: serves the shop over HTTP until SIGTERM."""

import asyncio
import signal
import socket
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp

from storefront import chaos, logs, tracing
from storefront.app import make_app
from storefront.cache import ABSENT
from storefront.middleware import ShopMiddleware
from storefront.queries import QueryError
from storefront.serving import QuietServer, serve_until
from storefront.settings import Settings, SettingsError, load, needs_restart
from storefront.settings.web import Web
from storefront.shop import Shop

log = logs.get_logger(__name__)


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of `host:port`.

    Raises:
        ValueError: it is something else.
    """
    host, separator, port = listen.rpartition(":")
    if not separator or not port.isdecimal():
        raise ValueError(f"listen must be host:port, not {listen!r}")
    return host.strip("[]"), int(port)


def bind(host: str, port: int) -> socket.socket:
    """A socket that is bound, so that a taken address ends the process before anything is opened.

    Raises:
        OSError: the address is taken, or not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def run(settings: Settings, settings_path: Path, instance: str, listen: str) -> None:
    """Serve on `listen` (`host:port`) until SIGTERM or SIGINT, then finish what is in work; bounded.

    SIGHUP reads `settings_path` again; what is wrong there leaves all as it was, and is logged.

    Raises:
        OSError: the address is taken.
        QueryError: an SQL file of the operator's is refused.
        SettingsError: the operator's policy is refused.
    """
    logs.configure(settings.observability.logs, instance)
    tracing.configure(settings.observability.tracing, instance)
    host, port = split_listen(listen)
    shop = Shop.make(settings, instance)
    with bind(host, port) as bound, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(shop, settings_path, bound))
    tracing.shutdown()


def _server(app: ASGIApp, web: Web) -> QuietServer:
    return QuietServer(
        uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=web.backlog,
            limit_concurrency=web.max_concurrent_requests or None,
            timeout_keep_alive=web.keep_alive_s,
            timeout_graceful_shutdown=web.graceful_timeout_s,
        )
    )


async def _serve(shop: Shop, settings_path: Path, bound: socket.socket) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    app = make_app(shop)
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reread, shop, app, settings_path)
    await shop.database.open()
    following = asyncio.create_task(chaos.follow(shop.chaos, shop.cache.keys, ABSENT))
    log.info("replica started", listen="{}:{}".format(*bound.getsockname()))
    try:
        await serve_until(_server(app, shop.settings.web), stop, [bound])
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await shop.partner.close()
        await shop.cache.close()
        await shop.database.close()
        log.info("replica stopped")


def reread(shop: Shop, app: ASGIApp, settings_path: Path) -> None:
    """Take the settings and SQL anew, as far as a running process can."""
    try:
        settings = load(settings_path)
        waiting = needs_restart(shop.started_with, settings)
        shop.configure(settings)
    except (SettingsError, QueryError) as error:
        log.warning("settings not taken", problems=[str(problem) for problem in error.problems])
        return
    logs.configure(settings.observability.logs, shop.process)
    if isinstance(app, ShopMiddleware):
        app.logs = settings.observability.logs
    log.info("settings taken", wait_for_restart=waiting)
