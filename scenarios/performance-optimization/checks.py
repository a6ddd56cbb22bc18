"""What is measured: relative to par or to the twin of the same run, and generous enough for another way.

For each check: what would a lazy learner do to fool it, and when could it fail a correct repair? The comments
say; the generic invariants (customers served, nothing lost, budget, promises) hold beside all of it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import httpx

from drillyard.assess.check import Verdict, all_of, any_of, check
from drillyard.assess.measurement import Measurement
from drillyard.assess.probe import ProbeSite, probe
from drillyard.assess.verdicts import (
    at_least,
    at_most,
    capacity_ratio_at_least,
    counts_at_least,
    never_above,
    ratio_at_most,
    true_that,
)
from drillyard.measure.paired import Interval
from drillyard.measure.proportions import count_ratio, proportion_ratio
from drillyard.measure.reading import Reading, Unit

BOTH = ("learner", "par")
ALL = ("learner", "twin", "par")


# The cache. Fooled by serving old prices (see prices-fresh) or by answering less (see customers-served).


def _hits(m: Measurement, kind: str) -> Interval:
    """The hit ratio compared with par's, by the counts of all windows: round by round it is mostly noise."""
    ratio, lookups = f"cache.hit_ratio{kind}", f"cache.lookups{kind}"
    return proportion_ratio(m.learner[ratio], m.learner[lookups].value, m.par[ratio], m.par[lookups].value)


def _or_no_more_work(m: Measurement, verdict: Verdict) -> Verdict:
    """A cache in front of this one (a balancer's, for a few seconds) takes the easy hits away from it and is
    as good: then the database is asked no more than at par.
    """
    if verdict.passed:
        return verdict
    asked = ratio_at_most(
        m.ratio("db.calls_per_request", *BOTH),
        1.1,
        what="or else, statements per request, compared with par",
        look_next="pg_stat_statements by calls",
    )
    return any_of(verdict, asked)


@check(id="cache-hits", task="cache", title="Look-ups find their value nearly as often as at par", needs=BOTH)
def cache_hits(m: Measurement) -> Verdict:
    """Hits of all look-ups: 0.8 of par's leaves room for lifetimes half as long."""
    hits = counts_at_least(
        _hits(m, ""),
        0.8,
        what="Hit ratio of all look-ups, compared with par",
        look_next="cache.hit_ratio.<kind> and cache.lookups.<kind> in `drill measure`: which kind is low?",
    )
    return _or_no_more_work(m, hits)


@check(
    id="cache-each-kind",
    task="cache",
    title="No kind that is asked for often is left out or never found",
    needs=BOTH,
)
def cache_each_kind(m: Measurement) -> Verdict:
    """One overall ratio hides a kind at zero. 0.4 of par's is low enough for any sensible lifetime."""
    verdicts = []
    for kind in ("product", "listing", "search", "home"):
        name = f"cache.hit_ratio.{kind}"
        asked = m.learner.get(name)
        if asked is None:
            verdicts.append(
                true_that(
                    m.par.get(name) is None,
                    f"{kind}: the cache is never asked",
                    source=f"cache.lookups.{kind}",
                    look_next="Compare the look-ups of each kind with the requests of its route.",
                )
            )
            continue
        verdicts.append(
            counts_at_least(
                _hits(m, f".{kind}"),
                0.4,
                what=f"Hit ratio of {kind}, compared with par",
                look_next="Which of the five reasons for a miss is it? See the task's page.",
            )
        )
    return _or_no_more_work(m, all_of(*verdicts))


@check(id="cache-holds", task="cache", title="What is cached stays until it expires", needs=("learner",))
def cache_holds(m: Measurement) -> Verdict:
    """Evictions per key written. A few are a tight but sensible size; each refused write is a fault."""
    evicted, written = m.learner["valkey.evicted"], m.learner["valkey.writes"]
    share = evicted.value / max(written.value, 1)
    return all_of(
        true_that(
            share <= 0.05,
            "Keys thrown out for each key written",
            value=share,
            threshold="at most 0.05",
            source=evicted.source,
            look_next="drill valkey info memory: used_memory against maxmemory, and the policy",
        ),
        at_most(
            m.learner["valkey.rejected"],
            0,
            what="Writes refused for want of memory",
            look_next="drill valkey info errorstats",
        ),
    )


@check(id="home-computed-once", task="cache", title="The home page is computed once a lifetime", needs=BOTH)
def home_computed_once(m: Measurement) -> Verdict:
    """Calls of its dearest query, over all windows. Six times par's leaves room for a lifetime of 5 s without
    any staleness; par may be lucky and compute it once, which is no reason to ask for more luck.
    """
    ours, par = m.totals("db.query.calls.bestsellers")
    return never_above(
        ours,
        6 * max(par.value, 2),
        what=f"Computations of the home page in the same windows (par: {par.value:.0f})",
        look_next="calls in pg_stat_statements, against what the lifetime would give",
    )


# The database: counters of work per customer request. Fooled by answering less (content is checked), by
# deleting rows (see rows-kept), by resetting statistics (a counter that went backwards is no reading).


@check(
    id="work-per-request",
    task="database",
    title="A request touches about as many blocks as at par",
    needs=BOTH,
)
def work_per_request(m: Measurement) -> Verdict:
    """Blocks follow from plan and hit ratio alone; twice par's is another good plan, no missing index."""
    return ratio_at_most(
        m.ratio("db.buffers_per_request", *BOTH),
        2.2,
        what="Blocks touched per request, compared with par",
        look_next="pg_stat_statements by blocks per call; then EXPLAIN (ANALYZE, BUFFERS)",
    )


@check(
    id="time-per-request",
    task="database",
    title="A request takes about as much of the database's time as at par",
    needs=BOTH,
)
def time_per_request(m: Measurement) -> Verdict:
    """What blocks do not show: filters over whole tables that are small, sorts, wrong joins."""
    return ratio_at_most(
        m.ratio("db.time_per_request", *BOTH),
        2.5,
        what="Execution time per request, compared with par",
        look_next="pg_stat_statements by total_exec_time",
    )


@check(
    id="queries-per-request",
    task="database",
    title="A request runs about as many statements as at par",
    needs=BOTH,
)
def queries_per_request(m: Measurement) -> Verdict:
    """Loops over rows. Half as many again allows for a lower hit ratio."""
    return ratio_at_most(
        m.ratio("db.calls_per_request", *BOTH),
        1.5,
        what="Statements per request, compared with par",
        look_next="pg_stat_statements by calls: which tiny statement has many times its neighbours' calls?",
    )


@check(id="nothing-spills", task="database", title="Sorts and hashes stay in memory", needs=("learner",))
def nothing_spills(m: Measurement) -> Verdict:
    """A rare large report may spill; a page may not. One block per request is far above the former.

    Judged over all windows together: few reports fall into each, so that windows differ by all or nothing.
    """
    return never_above(
        m.learner["db.temp_blocks_per_request"],
        1.0,
        what="Temporary blocks written per request",
        look_next="temp_blks_written in pg_stat_statements; `Sort Method` and `Batches` in the plan",
    )


@check(id="pool-fits", task="database", title="Requests get a connection, and the server has one", needs=BOTH)
def pool_fits(m: Measurement) -> Verdict:
    """Waiting in the pools at the measured rate; held connections are within the server's limit."""
    waiting, allowed = m.learner["pool.waiting.max"], m.learner["db.connections.allowed"]
    held = m.learner["db.connections.max"]
    return all_of(
        at_most(
            waiting,
            max(8.0, 3 * m.par["pool.waiting.max"].value),
            what="Most requests that waited for a connection",
            look_next="db_pool_waiting beside db_pool_in_use and pg_stat_activity",
        ),
        true_that(
            held.value <= 0.9 * allowed.value,
            "Largest number of connections, of those that the server allows",
            value=held.value,
            threshold=f"at most {0.9 * allowed.value:.0f}",
            source=held.source,
            look_next="the sum of all pools at their largest, against max_connections",
        ),
    )


# The workers. Fooled by stopping them (services-running, jobs-kept), by purging queues (jobs-kept).


@check(id="payments-prompt", task="workers", title="Payments do not wait", needs=("learner",))
def payments_prompt(m: Measurement) -> Verdict:
    """The promise is an invariant of its own; here with reserve, under the reports of the load."""
    return at_most(
        m.learner["promise.payment_wait"],
        0.8 * m.limit("promise.payment_wait_s"),
        what="Time from an order to its charge that 95 of 100 stayed below",
        look_next="Who listens to the queue of payments, and what else do they do? job_wait_seconds by actor",
    )


@check(id="jobs-flow", task="workers", title="Jobs are finished as fast as they come", needs=BOTH)
def jobs_flow(m: Measurement) -> Verdict:
    """The same load goes to par: what is finished there and not here is piling up."""
    verdicts = [
        counts_at_least(
            count_ratio(*m.totals(f"jobs.done.{job}")),
            0.75,
            what=f"Finished jobs `{job}` in all windows, compared with par",
            look_next="queue.depth and queue.oldest of their queue, jobs in progress against threads",
        )
        for job in ("charge_payment", "send_mail", "book_sale")
    ]
    return all_of(*verdicts)


@check(
    id="retries-bounded", task="workers", title="A job that cannot succeed stops costing", needs=("learner",)
)
def retries_bounded(m: Measurement) -> Verdict:
    """Some retries are normal (the partner says no now and then); more than one for two jobs is a loop."""
    return at_most(
        m.learner["jobs.retries_per_job"],
        0.5,
        what="Retries per finished job",
        look_next="rate(job_retries_total[1m]) by actor, and that type's `retries`",
    )


# What is on the pages: a shop that shows less is quicker, and no customer complains of one review instead
# of five. Product 1 is the most popular and has plenty of everything.

SHOWN = {"home": 24, "listing": 20, "reviews": 5, "recommendations": 6}
"""How many entries these show as shipped."""


async def _entries(site: ProbeSite, path: str, *lists: str) -> int:
    """How many entries these lists of a page have together; a page that is no page has none."""
    answer = await site.http.get(path)
    answer.raise_for_status()
    try:
        page = answer.json()
    except ValueError:
        return 0
    found = [page.get(name) for name in lists] if isinstance(page, dict) else []
    return sum(len(entries) for entries in found if isinstance(entries, list))


LOOKS = 8
LOOK_EVERY_S = 3.5
"""A cache may show for a while what was made before files were changed: the least of some looks counts."""


async def _shown(site: ProbeSite) -> dict[str, int]:
    return {
        "home": await _entries(site, "/api/home", "bestsellers", "new"),
        "listing": await _entries(site, "/api/products?page=1", "items"),
        "reviews": await _entries(site, "/api/products/1", "reviews"),
        "recommendations": await _entries(site, "/api/products/1", "recommendations"),
    }


@probe(id="page-content", seconds=30, gives=tuple(f"content.{name}" for name in SHOWN))
async def page_content(site: ProbeSite) -> Sequence[Reading]:
    """Count what is on three pages, as a customer sees them."""
    counted = await _shown(site)
    for _ in range(LOOKS - 1):
        await asyncio.sleep(LOOK_EVERY_S)
        with suppress(httpx.HTTPError):  # a page that is not answered says nothing of what is on it
            counted = {name: min(count, counted[name]) for name, count in (await _shown(site)).items()}
    source = f"GET /api/home, /api/products, /api/products/1, {LOOKS} times"
    return [site.reading(f"content.{name}", n, Unit.COUNT, source=source) for name, n in counted.items()]


@check(
    id="pages-complete",
    task="results",
    title="Pages show all that they showed",
    needs=("learner",),
    probes=("page-content",),
    invariant=True,
)
def pages_complete(m: Measurement) -> Verdict:
    """Nobody asked for a smaller shop."""
    return all_of(
        *(
            at_least(
                m.learner[f"content.{name}"],
                count,
                what=f"Entries shown: {name}",
                look_next="[catalogue] and per_page in storefront.toml, and queries that were replaced",
            )
            for name, count in SHOWN.items()
        )
    )


# The whole. Fooled by stopping the traffic (the measured load is not the learner's to stop).


@check(
    id="customers-feel-it",
    task="results",
    title="Customers feel it",
    needs=ALL,
)
def customers_feel_it(m: Measurement) -> Verdict:
    """The tail over all requests: far from the twin's (or at par, where that is all there is to gain), and
    near par's. No route was sacrificed for it.
    """
    verdicts = [
        any_of(
            ratio_at_most(
                m.ratio("latency.p95", "learner", "twin"),
                0.7,
                what="95th percentile of all requests, compared with the untouched twin",
                look_next="latency.p95.<route>: which route is still slow?",
            ),
            ratio_at_most(
                m.ratio("latency.p95", "learner", "par"),
                1.25,
                what="or else, 95th percentile of all requests as good as par's",
                look_next="latency.p95.<route>: which route is still slow?",
            ),
        ),
        ratio_at_most(
            m.ratio("latency.p95", "learner", "par"),
            2.0,
            what="95th percentile of all requests, compared with par",
            look_next="latency.p95.<route> beside par's",
        ),
    ]
    return all_of(*verdicts)


@check(
    id="sustained-throughput",
    task="results",
    title="The shop carries nearly as much as at par",
    needs=("learner", "par", "throughput"),
    quick=False,
)
def sustained_throughput(m: Measurement) -> Verdict:
    """Largest rate at the latency objective. Steps are coarse, so 0.7 is one step below par."""
    return capacity_ratio_at_least(
        m,
        "learner",
        "par",
        0.7,
        what="Sustained throughput, compared with par",
        look_next="Which part bends first under `drill traffic`? processes.cpu.<kind>, proxy.queue.max",
    )
