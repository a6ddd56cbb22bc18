from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from jobs_services import Postgres, running_postgres, running_valkey
from jobs_shop import JobsShop


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("jobs-postgres")) as server:
        yield server


@pytest.fixture
def durable() -> bool:
    """Whether Valkey keeps its data over a kill; a test parametrizes it."""
    return False


@pytest.fixture
def shop(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, durable: bool) -> Iterator[JobsShop]:
    directory = tmp_path_factory.mktemp("jobs")
    with postgres.connection() as connection:
        connection.execute("TRUNCATE outbox, low_stock, reports")
    with ExitStack() as stack:
        valkey = stack.enter_context(running_valkey(directory, durable=durable))
        shop = JobsShop(directory, postgres, valkey)
        stack.callback(shop.stop)
        yield shop
