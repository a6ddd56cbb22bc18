"""What can be weak in the shop. None does anything on a good day: each has the trial that brings it to light.

The ids are the mechanisms of `findings.yaml`; tasks/4-analysis.md publishes them. `moves` and `by` are proven
by `drill certify`, which holds the trial on a range that has the flaw and on one without it.
"""

from random import Random

from drillyard.range.addresses import WORKERS
from drillyard.scenario import Plant, Strike, Trial, flaw

SHOP = "storefront/storefront.toml"
HAPROXY = "haproxy/haproxy.cfg"
RANGE = "range.toml"
SERVED = "requests.success_ratio"
TO_CACHE = {"link": "storefront-*-to-valkey"}
MAILS = {"link": "worker-*-to-mailsink"}


# The cache


def _silent_cache(rng: Random) -> Trial:
    """Longer than any customer waits, so that it does not matter when it is over."""
    return Trial((Strike("network.black-hole", TO_CACHE),), seconds=rng.randint(13, 16))


@flaw(
    id="cache-without-timeout",
    family="cache",
    title="Whoever asks the cache waits for it for half a minute",
    moves=SERVED,
    direction="down",
    by=1.3,
    excludes=("cache-required",),
    trial=_silent_cache,
)
def cache_without_timeout(plant: Plant) -> None:
    """Raised on the day of a network fault, to be on the safe side."""
    plant.edit_toml(SHOP, "cache.timeout_ms", plant.rng.choice((20_000, 30_000, 45_000)))


def _no_cache(rng: Random) -> Trial:
    return Trial((Strike("network.cut", TO_CACHE),), seconds=rng.randint(6, 9))


@flaw(
    id="cache-required",
    family="cache",
    title="Without the cache there is no page",
    moves=SERVED,
    direction="down",
    by=1.3,
    excludes=("cache-without-timeout",),
    trial=_no_cache,
)
def cache_required(plant: Plant) -> None:
    """The database was to be spared, at any price."""
    plant.edit_toml(SHOP, "cache.required", value=True)


def _empty_cache(rng: Random) -> Trial:
    """A crowd that only looks around, and a database that is not next door: computing takes its time."""
    away = {"link": "storefront-*-to-postgres", "delay_ms": rng.randint(50, 70)}
    return Trial(
        (Strike("network.delay", away), Strike("cache.flush", {"every_s": 1.0})),
        seconds=10,
        rate=90,
        mix={"browse": 100},
    )


@flaw(
    id="stampede",
    family="cache",
    title="Everybody computes the dearest page at once when the cache is empty",
    moves="db.query.calls.bestsellers",
    direction="up",
    by=1.8,
    leaves=20,  # twice what a shop with its lock computes
    excludes=("pool-held-by-partner",),
    trial=_empty_cache,
)
def stampede(plant: Plant) -> None:
    """A lock hung once, and protection was switched off."""
    plant.edit_toml(SHOP, "cache.home.protection", "none")
    plant.edit_toml(SHOP, "cache.home.stale_s", 0.0)


# Jobs and the partner


def _no_mail_server(rng: Random) -> Trial:
    return Trial((Strike("network.cut", MAILS),), seconds=rng.randint(6, 9))


@flaw(
    id="retries-without-budget",
    family="jobs",
    title="A mail that cannot be sent is tried again at once, for ever",
    moves="jobs.retries",
    direction="up",
    by=4,
    trial=_no_mail_server,
)
def retries_without_budget(plant: Plant) -> None:
    """No mail was to be late."""
    for key, value in (("max_retries", -1), ("min_backoff_ms", 0), ("max_backoff_ms", 0), ("jitter", False)):
        plant.edit_toml(SHOP, f"workers.notifications.retries.{key}", value)


def _dying_mailer(rng: Random) -> Trial:
    slow = {**MAILS, "delay_ms": rng.randint(80, 140)}
    every_s = rng.choice((2.5, 3.0, 3.5))
    return Trial((Strike("network.delay", slow), *_dying(every_s)), seconds=11, after_s=4)


def _dying(every_s: float) -> tuple[Strike, ...]:
    """Every worker that there is, whichever has been given a queue, again and again."""
    return tuple(Strike("process.restart-loop", {"component": each, "every_s": every_s}) for each in WORKERS)


@flaw(
    id="acknowledged-before-work",
    family="jobs",
    title="A job is taken off its queue before it is done",
    moves="ledger.incomplete",
    direction="up",
    by=2,
    leaves=0,
    trial=_dying_mailer,
)
def acknowledged_before_work(plant: Plant) -> None:
    """A customer had got a mail twice."""
    plant.edit_toml(SHOP, "workers.notifications.acknowledge", "before")


def _late_partner(rng: Random) -> Trial:
    """Whoever waits longer than it takes has his worker die meanwhile: no timeout answers both."""
    late = {"delay_ms": rng.randint(2800, 4000)}
    return Trial((Strike("dependency.partner-slow", late), *_dying(3.5)), seconds=10, after_s=12)


@flaw(
    id="charge-without-key",
    family="jobs",
    title="A charge that is sent again is a new charge",
    moves="partner.doubled",
    direction="up",
    by=2,
    leaves=0,
    excludes=("pool-held-by-partner",),
    trial=_late_partner,
)
def charge_without_key(plant: Plant) -> None:
    """A key for each attempt: the support wanted to tell attempts apart in the partner's statement."""
    plant.edit_toml(SHOP, "partner.charge_key", "attempt")


def _hanging_partner(rng: Random) -> Trial:
    return Trial((Strike("dependency.partner-slow", {"delay_ms": rng.randint(14, 18) * 1000}),), seconds=13)


@flaw(
    id="pool-held-by-partner",
    family="partner",
    title="A slow partner takes all connections to the database with it",
    moves=SERVED,
    direction="down",
    by=1.2,
    excludes=("charge-without-key", "stampede"),
    trial=_hanging_partner,
)
def pool_held_by_partner(plant: Plant) -> None:
    """Since a wave of stolen cards the checkout asks the partner first, and waits as long as that takes."""
    plant.edit_toml(SHOP, "partner.asked_at_checkout", value=True)
    plant.edit_toml(SHOP, "partner.timeout_ms", 30_000)
    plant.edit_toml(SHOP, "database.pool_max", plant.rng.choice((4, 5, 6)))


def _start_alone(rng: Random) -> Trial:
    """The cut is ended first: what dies comes back only then, where it needs the partner."""
    return Trial(
        (
            Strike("process.kill-9", {"component": "storefront-1"}),
            Strike("process.kill-9", {"component": "storefront-2"}),
            Strike("network.cut", {"link": "storefront-*-to-partner"}),
        ),
        seconds=rng.randint(10, 12),
    )


@flaw(
    id="start-needs-partner",
    family="partner",
    title="A replica that starts while the partner is away does not start",
    moves=SERVED,
    direction="down",
    by=1.4,
    excludes=("single-replica",),
    trial=_start_alone,
)
def start_needs_partner(plant: Plant) -> None:
    """A replica with a wrong address of the partner had gone into production."""
    plant.edit_toml(SHOP, "partner.needed_at_start", value=True)


# The front door


def _one_away(rng: Random) -> Trial:
    """One replica and, when it is well again, the other: whichever customers are sent to. Long enough that
    the load balancer's patience (three seconds of retries) is a small part of it.
    """
    away, pause = float(rng.randint(13, 15)), 4.0
    first, second = ({"component": f"storefront-{number}", "takes_s": away} for number in (1, 2))
    return Trial(
        (
            Strike("process.slow-start", first),
            Strike("process.slow-start", second, after_s=away + pause),
        ),
        seconds=2 * away + pause + 1,
    )


@flaw(
    id="dead-replica-in-rotation",
    family="edge",
    title="The load balancer goes on sending customers to a dead replica",
    moves=SERVED,
    direction="down",
    by=1.2,
    excludes=("single-replica",),
    trial=_one_away,
)
def dead_replica_in_rotation(plant: Plant) -> None:
    """Health checks filled the logs, and repeated requests the database."""
    plant.set_line(HAPROXY, r" *default-server .*", "    default-server maxconn 64")
    plant.set_line(HAPROXY, r" *option redispatch.*", "    no option redispatch")
    plant.set_line(HAPROXY, r" *retry-on .*", "    retry-on none")


@flaw(
    id="single-replica",
    family="edge",
    title="One replica is all there is",
    moves=SERVED,
    direction="down",
    by=1.2,
    excludes=("dead-replica-in-rotation", "start-needs-partner"),
    trial=_one_away,
)
def single_replica(plant: Plant) -> None:
    """One is enough for the traffic, said the capacity plan."""
    plant.edit_toml(RANGE, "storefront.replicas", 1)
