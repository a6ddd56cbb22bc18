import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from drillyard.base.clock import until
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace

SCALE = 0.02
PATHS = ("/api/home", "/api/products/1", "/api/categories", "/api/products?page=2", "/api/search?q=kite")


@dataclass
class Customers:
    """A light load: who got what, while something else happens."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def shopping(self, base: str) -> AsyncIterator[None]:
        """Four customers ask page after page; entered once they are served, left when all went home."""
        stop = asyncio.Event()
        async with httpx.AsyncClient(base_url=base, timeout=15) as client:

            async def shop(number: int) -> None:
                while not stop.is_set():
                    number += 1
                    await self._ask(client, PATHS[number % len(PATHS)])
                    await asyncio.sleep(0.01)

            async def served() -> bool:
                return self.answers > 20

            customers = [asyncio.create_task(shop(number)) for number in range(4)]
            try:
                await until(served, deadline_s=20, what="customers are served")
                yield
            finally:
                stop.set()
                await asyncio.gather(*customers)

    async def _ask(self, client: httpx.AsyncClient, path: str) -> None:
        try:
            answer = await client.get(path)
        except httpx.HTTPError as error:
            self.failures.append(f"{path}: {error!r}")
        else:
            self.answers += 1
            if answer.status_code != 200:
                self.failures.append(f"{path}: {answer.status_code} {answer.text[:200]}")


@dataclass
class Live:
    """A running range, its workspace, and the loop that it lives in."""

    range: Range
    workspace: Path
    runner: asyncio.Runner

    @property
    def shop(self) -> str:
        """Where customers go."""
        return f"http://{self.range.addresses.endpoint('http')}"

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run asynchronous work in the range's loop."""

        async def running() -> None:
            await work()

        self.runner.run(running())

    def pid(self, component: str) -> int:
        """The pid of its process now."""
        return self.range.supervisor.member(component).pid

    def text(self, name: str) -> str:
        """A file of the workspace."""
        return (self.workspace / name).read_text()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that the service account can reach (pytest's own is closed to it)."""
    with TemporaryDirectory(prefix="drillyard-test-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        monkeypatch.setenv("DRILLYARD_HOME", str(directory / "home"))
        yield directory


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """One running range on small data for all tests of a module."""
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory(prefix="drillyard-test-") as scratch,
        asyncio.Runner() as runner,
    ):
        directory = Path(scratch)
        directory.chmod(0o755)
        patch.setenv("DRILLYARD_HOME", str(directory / "home"))
        made = runner.run(Range.create(directory / "range", Settings(scale=SCALE)))
        try:
            workspace = create_workspace(directory / "workspace", made.addresses, made.credentials)
            made.release(workspace)
            runner.run(made.start())
            yield Live(made, workspace, runner)
        finally:
            runner.run(made.remove())


@pytest.fixture
def customers() -> Customers:
    """Nobody yet."""
    return Customers()
