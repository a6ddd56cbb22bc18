"""Invariants: what must hold all along, whatever is being tuned. Generic, with the manifest's numbers.

A scenario gets them without writing anything. Each says why it exists by what it prevents:

| id | prevents |
|---|---|
| `customers-served` | speed bought by refusing customers or by answering with less |
| `writes-kept` | speed bought by losing orders that were acknowledged |
| `orders-whole` | checkouts made cheap by leaving out what follows from an order |
| `pages-true` | queries that answer with less, or with nothing where few look |
| `rows-kept` | tables made small by deleting what is in them |
| `services-running` | resources saved by stopping what somebody needs |
| `within-budget` | speed bought with more than the shop has |
| `prices-fresh` | a cache that serves yesterday's prices |
| `payments-first` | reports that hold up payments |
| `jobs-kept` | queues kept short by dropping what is in them |
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from drillyard.assess.answers_seen import TRUE_SHARE
from drillyard.assess.check import Check, Evidence, Need, Status, Verdict, all_of, inconclusive
from drillyard.assess.measurement import SERVED, LoadWindow, Measurement, MissingReadingError
from drillyard.assess.probes import pages, reports
from drillyard.assess.probes.prices import LEEWAY_S
from drillyard.assess.verdicts import at_least, at_most, never_above, true_that
from drillyard.measure.paired import CONFIDENCE, Interval
from drillyard.measure.wilson import wilson
from drillyard.scenario.manifest import Budget, Manifest, Promises
from drillyard.traffic.result import Outcome

TASK = "invariants"
ROUTE_SERVED = 0.9
"""A route of which surely less is served was given up, however few of all requests are its own."""
FORGIVEN = 2
"""So many wrong answers may be chance: two customers and the last piece of a product."""
WRONG = 0.001
"""At most this share of answers may be good in status and wrong in content (a stock that just ran out is
not).
"""
SEEN_LEAST = 4
"""So many answers that customers got say that a shop shows them no other face than probes."""
MEBIBYTE = 1024 * 1024


def invariants(manifest: Manifest) -> list[Check]:
    """The invariants of a scenario, in the order in which they are shown."""
    return [
        _invariant("customers-served", "Customers get the right answers", customers_served),
        _invariant("writes-kept", "No acknowledged order is lost or changed", writes_kept, Need.LEDGER),
        _invariant(
            "orders-whole",
            "An order is one order, with all that follows from it",
            orders_whole,
            Need.LEDGER,
            probes=("order-once",),
        ),
        _invariant(
            "pages-true",
            "Pages show what is in the tables",
            pages_true,
            Need.ANSWERS,
            probes=("pages-true", "reports-made"),
        ),
        _invariant("rows-kept", "Nothing that was in the tables is gone", rows_kept, Need.LEDGER),
        _invariant("services-running", "Every service runs", services_running),
        _invariant("within-budget", "The range stays inside its budget", _Budgeted(manifest.budget)),
        _invariant(
            "prices-fresh",
            "Prices are as fresh as promised",
            _Fresh(manifest.promises),
            probes=("price-staleness",),
        ),
        _invariant("payments-first", "Payments do not wait", _PaymentsFirst(manifest.promises), Need.LEDGER),
        _invariant("jobs-kept", "No job is lost", _JobsKept(manifest.promises), Need.LEDGER),
    ]


def limits(manifest: Manifest, figures: Mapping[str, float] | None = None) -> dict[str, float]:
    """The manifest's bounds, and the `figures` of the variant's brief, as a measurement keeps them."""
    graded = {"disasters.graded": float(manifest.disasters.graded)} if manifest.disasters else {}
    return {
        "budget.processes": float(manifest.budget.processes),
        "budget.connections": float(manifest.budget.connections),
        "budget.memory": float(manifest.budget.memory_mb * MEBIBYTE),
        "promise.price_stale_s": manifest.promises.price_stale_s,
        "promise.payment_wait_s": manifest.promises.payment_wait_s,
        "promise.jobs_lost": float(manifest.promises.jobs_lost),
        "promise.report_stale_s": manifest.promises.report_stale_s,
        **{f"objective.{route}": value for route, value in manifest.traffic.objectives_ms.items()},
        **{f"brief.{name}": value for name, value in (figures or {}).items()},
        **graded,
    }


def _invariant(name: str, title: str, judge: object, *needs: Need, probes: Iterable[str] = ()) -> Check:
    if not callable(judge):
        raise TypeError(f"{name}: a judge is a function of a measurement")
    return Check(
        id=name,
        task=TASK,
        title=title,
        needs=frozenset({Need.LEARNER, *needs}),
        quick=True,
        judge=judge,
        probes=frozenset(probes),
        invariant=True,
    )


def customers_served(m: Measurement) -> Verdict:
    """Requests are answered, and with the right content."""
    served = at_least(
        m.learner["requests.success_ratio"],
        SERVED,
        what="Requests that were served well",
        look_next="Which route? `drill logs storefront-1`, and what was not OK below.",
    )
    wrong = m.learner["requests.wrong"]
    share = wrong.value / max(m.learner["requests.count"].value, 1)
    item = Evidence(
        what="Answers with a good status and the wrong content",
        status=Status.PASS if share <= WRONG or wrong.value <= FORGIVEN else Status.FAIL,
        value=share,
        threshold=f"at most {WRONG:g}",
        unit="ratio",
        window=wrong.window,
        source=wrong.source,
        look_next="; ".join(_complaints(m)) or "Compare the page with what the database holds.",
    )
    return all_of(served, *_given_up(m), Verdict(item.status, (item,)))


def _given_up(m: Measurement) -> list[Verdict]:
    """Routes that are not served any more: one that few ask for hardly shows in the whole."""
    outcomes: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    for window in m.learner.windows:
        if not window.troubles:
            for route in window.traffic.routes.values():
                outcomes[route.route] += route.outcomes
    verdicts = []
    for name, counted in outcomes.items():
        asked, well = counted.total(), counted[Outcome.OK]
        if asked - well > FORGIVEN and wilson(well / asked, asked, CONFIDENCE)[1] < ROUTE_SERVED:
            verdicts.append(
                true_that(
                    False,
                    f"Requests of the route {name} that were served well",
                    value=well / asked,
                    threshold=f"at least {ROUTE_SERVED:g}",
                    source=f"drill traffic, {asked} requests",
                    look_next="; ".join(_complaints(m, name)) or "What does this route answer?",
                )
            )
    return verdicts


def _complaints(m: Measurement, only: str = "") -> list[str]:
    routes = (
        route
        for window in m.learner.windows
        for route in window.traffic.routes.values()
        if not only or route.route == only
    )
    return list(dict.fromkeys(f"{r.route}: {c}" for r in routes for c in r.complaints))[:3]


def writes_kept(m: Measurement) -> Verdict:
    """Every acknowledged order is in the learner's database, once, with its amount."""
    entered = m.learner["ledger.acknowledged"]
    seen = sum(_acknowledged(window) for window in m.learner.windows)
    if entered.value < seen:
        return inconclusive(
            f"the ledger holds {entered.value:.0f} acknowledged orders, and {seen} were in this measurement:"
            " it is not whole, and proves nothing",
            what="Orders of the ledger",
            look_next="`drill reset` starts with a new ledger.",
        )
    return all_of(
        *(
            never_above(m.learner[name], 0, what=what, look_next=look_next)
            for name, what, look_next in (
                (
                    "ledger.missing",
                    "Acknowledged orders that are not in the database",
                    "What deletes orders?",
                ),
                ("ledger.changed", "Acknowledged orders whose amount differs", "What changes orders?"),
                ("ledger.doubled", "Orders that exist more than once", "Is the idempotency key still kept?"),
            )
        )
    )


def _acknowledged(window: LoadWindow) -> int:
    checkouts = window.traffic.routes.get("checkout")
    return checkouts.outcomes[Outcome.OK] if checkouts else 0


def orders_whole(m: Measurement) -> Verdict:
    """An order has lines that add up, a payment, a mail and a stock movement; one key makes one order."""
    name_again = "checkout.sql and jobs.sql: which statement does not do any more what its name says?"
    bounds = (
        (
            "ledger.incomplete",
            0,
            "Acknowledged orders without their lines, payment, mail or stock movement",
            name_again,
        ),
        (
            "promise.orders_per_checkout",
            1,
            "Orders made by one checkout that was sent three times with one key",
            "Is the idempotency key still looked up, locked and kept?",
        ),
        (
            "promise.order_missing",
            0,
            "Of charge, mail and stock, missing of an order that the shop says is settled",
            name_again,
        ),
    )
    return all_of(
        *(
            _alone(m, name, partial(never_above, bound=bound, what=what, look_next=look_next), what)
            for name, bound, what, look_next in bounds
        )
    )


def pages_true(m: Measurement) -> Verdict:
    """Pages drawn at random, reports that were asked for, and what customers got, hold what they must."""
    look_next = "Ask the shop for it (a deep page, if it is a list), and the tables for the same rows."
    verdicts = []
    for kind in (*pages.KINDS, *reports.KINDS):
        what = f"Of what must be shown, shown: {kind.replace('_', ' ')}"
        judge = partial(at_least, threshold=TRUE_SHARE, what=what, look_next=look_next)
        verdicts.append(_alone(m, f"content.true.{kind}", judge, what))
    what = "Answers that customers got while they were measured, and that were not what the tables say"
    verdicts.append(_alone(m, "content.seen_false", partial(_seen, m, what), what))
    return all_of(*verdicts)


def _seen(m: Measurement, what: str, false: Interval) -> Verdict:
    """One of them may have met a change; two are another shop than the one that probes see."""
    looked = m.learner["content.seen"].value
    verdict = never_above(false, 0, what=f"{what} (of {looked:.0f})", look_next=false.source)
    if 0 < false.value < 2:
        named = false.source.partition("; ")[2]
        return inconclusive(
            f"one answer may have met a change of the tables ({named}): check again", what=what
        )
    if looked < SEEN_LEAST and verdict.passed:
        return inconclusive(f"{looked:.0f} answers could be looked up, {SEEN_LEAST} are needed", what=what)
    return verdict


def _alone(m: Measurement, name: str, judge: Callable[[Interval], Verdict], what: str) -> Verdict:
    """The verdict on one of several readings: one that is missing leaves the others to be judged."""
    try:
        return judge(m.learner[name])
    except MissingReadingError as error:
        return inconclusive(str(error), what=what)


def rows_kept(m: Measurement) -> Verdict:
    """What was in the tables at the start of the drill is still there, unchanged where it may not change."""
    lost = m.learner.all("rows.lost.")
    verdicts = [
        never_above(
            found,
            0,
            what=f"Rows of {name.removeprefix('rows.lost.')} that are gone or changed",
            look_next="`drill reset` brings the data back.",
        )
        for name, found in lost.items()
    ]
    return all_of(*verdicts) if verdicts else at_most(m.learner["rows.lost"], 0)


def services_running(m: Measurement) -> Verdict:
    """At the end of every window every component ran, and every worker type has a process that takes jobs."""
    return all_of(
        never_above(
            m.learner["services.down"],
            0,
            what="Components that should run and do not",
            look_next="`drill status` names them.",
        ),
        never_above(
            m.learner["services.without_process"],
            0,
            what="Kinds of service without any process",
            look_next="range.toml says how many processes each worker type has.",
        ),
    )


class _Budgeted:
    """Processes, connections and memory stay inside the budget."""

    def __init__(self, budget: Budget) -> None:
        self._bounds = (
            ("services.processes", float(budget.processes), "Processes of the shop", "range.toml"),
            (
                "db.connections.max",
                float(budget.connections),
                "Database connections",
                "pool_max of every process, added up",
            ),
            (
                "processes.memory",
                float(budget.memory_mb * MEBIBYTE),
                "Memory of the range (proportional set size)",
                "processes.memory.<kind>: which part grew",
            ),
        )

    def __call__(self, m: Measurement) -> Verdict:
        return all_of(
            *(
                never_above(m.learner[name], bound, what=what, look_next=look_next)
                for name, bound, what, look_next in self._bounds
            )
        )


class _Fresh:
    """A changed price is seen in time: tried from outside, because a page can say anything about its own age,
    and because one that is told of changes may be old and right.
    """

    def __init__(self, promises: Promises) -> None:
        self._bound = promises.price_stale_s

    def __call__(self, m: Measurement) -> Verdict:
        return never_above(
            m.learner["promise.price_seen_after"],
            self._bound + LEEWAY_S,
            what=f"Longest time that a changed price was not on a page ({LEEWAY_S:g} s for making the page)",
            look_next="How long may entries of products, listings and searches live, stale ones too?",
        )


class _PaymentsFirst:
    """Payments are charged soon, whatever else is queued."""

    def __init__(self, promises: Promises) -> None:
        self._bound = promises.payment_wait_s

    def __call__(self, m: Measurement) -> Verdict:
        verdict = never_above(
            m.learner["promise.payment_wait"],
            self._bound,
            what="Time from an order to its charge that 95 of 100 stayed below",
            look_next="Which queue do payments share, and with what?",
        )
        troubles = m.learner.troubles()
        if verdict.status is Status.FAIL and troubles:
            verdict = inconclusive(
                f"payments waited, and so did everything on this machine: {'; '.join(troubles)}",
                what=verdict.evidence[0].what,
            )
        return all_of(verdict, self._of_this_partner(m))

    @staticmethod
    def _of_this_partner(m: Measurement) -> Verdict:
        what = "Switches of the payment partner that are not as they were"
        judge = partial(never_above, bound=0, what=what, look_next="GET /control of the partner")
        return _alone(m, "promise.partner_switched", judge, what)


class _JobsKept:
    """Every job that was promised with an order is done, waiting, or a dead letter: none vanished."""

    def __init__(self, promises: Promises) -> None:
        self._bound = float(promises.jobs_lost)

    def __call__(self, m: Measurement) -> Verdict:
        return never_above(
            m.learner["jobs.lost"],
            self._bound,
            what="Jobs that are neither done nor waiting nor a dead letter",
            look_next="valkey.evicted and the eviction policy; queues that were deleted.",
        )
