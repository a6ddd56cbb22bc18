import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

# The servers are those of the jobs' tests; test directories are no packages.
sys.path.insert(0, str(Path(__file__).parent.parent / "storefront_jobs"))

from jobs_services import Postgres, Valkey, running_postgres, running_valkey
from shop_replica import Replica


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("shop-postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with running_valkey(tmp_path_factory.mktemp("shop-valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def replica(
    postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replica]:
    """A replica with the default settings, for tests that leave it as it is."""
    replica = Replica(tmp_path_factory.mktemp("replica"), postgres, valkey)
    with replica.client, replica.running():
        yield replica


@pytest.fixture
def own_replica(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> Iterator[Replica]:
    """A replica that a test configures and starts itself; the cache is its own and empty."""
    with ExitStack() as stack:
        own_valkey = stack.enter_context(running_valkey(tmp_path))
        replica = Replica(tmp_path, postgres, own_valkey)
        stack.callback(replica.client.close)
        stack.callback(replica.stop)
        yield replica
