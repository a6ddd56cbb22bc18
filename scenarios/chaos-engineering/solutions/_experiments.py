"""The experiments of the solutions: what is asked, what is expected, and what is broken for how long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drillyard.assess.experiments.activities import ACTIONS, PROBES
from drillyard.faults.catalog import function_of

SERVED = "requests.success_ratio"
MOST, EVERYTHING, FORGOTTEN = "most-are-served", "everything", "nothing-is-forgotten"
"""Names of probes: that the shop is there at all, all readings while the fault is on, and what is in none."""
SERVED_S, READ_S = 2.0, 3.0
"""So long look the probes that the shop is there, and of all readings."""
UNMAILED = """
SELECT count(*) AS left FROM payments p
 WHERE p.status <> 'pending' AND p.updated_at BETWEEN now() - interval '20 s' AND now() - interval '2 s'
   AND NOT EXISTS (SELECT FROM mails_sent m WHERE m.order_id = p.order_id)
   AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'send_mail' AND o.done_at IS NULL
                      AND (o.payload ->> 'order_id')::bigint = p.order_id)
"""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One experiment. `tolerance` is of `reading`; `wait_s` passes before the shop is looked at."""

    name: str
    title: str
    breaks: str
    expected: str
    reading: str
    tolerance: tuple[float, float]
    faults: tuple[tuple[str, Json], ...]
    seconds: float = 30.0
    """Longer than all looking takes on a busy machine; the rollback ends it sooner."""
    wait_s: float = 4.0
    look_s: float = 4.0
    query: str = ""
    crowd: int = 0
    """So many requests a second for the home page come beside the customers (crowd.py), while it lasts."""
    mechanisms: tuple[str, ...] = field(default=())

    def experiment(self, shop: str = "http://127.0.0.1:8080/") -> Json:
        """In Chaos Toolkit's format; `shop` is where customers come to."""
        return {
            "version": "1.0.0",
            "title": self.title,
            "description": f"{self.breaks} {self.expected}",
            "tags": ["chaos-engineering"],
            "steady-state-hypothesis": {"title": self.expected, "probes": list(self._probes())},
            "method": [
                *(self._action(*fault, number) for number, fault in enumerate(self.faults)),
                *([self._come(shop)] if self.crowd else []),
                {**_probe(EVERYTHING, "readings", seconds=READ_S), "pauses": {"before": self.wait_s}},
            ],
            "rollbacks": [
                {
                    "type": "action",
                    "name": "nothing-stays-on",
                    "provider": {"type": "python", "module": ACTIONS, "func": "end_faults"},
                }
            ],
        }

    def _probes(self) -> Iterator[Json]:
        low, high = self.tolerance
        within = {"type": "range", "range": [low, high]}
        if self.reading == SERVED:
            yield _probe("it-stays-so", "success_ratio", within, seconds=self.look_s)
            return
        yield _probe(MOST, "success_ratio", {"type": "range", "range": [0.6, 1.0]}, seconds=SERVED_S)
        if self.query:
            yield {
                "type": "probe",
                "name": FORGOTTEN,
                "tolerance": {"type": "regex", "target": "stdout", "pattern": '"left": 0\\b'},
                "provider": {
                    "type": "process",
                    "path": "drill",
                    "arguments": ["psql", "--json", "-c", " ".join(self.query.split())],
                },
            }
            return
        yield _probe("it-stays-so", "reading", within, name=self.reading, seconds=self.look_s)

    def _action(self, fault: str, parameters: Json, number: int) -> Json:
        arguments = {**parameters, "seconds": self.seconds}
        func = function_of(fault)
        provider = {"type": "python", "module": ACTIONS, "func": func, "arguments": arguments}
        return {"type": "action", "name": f"{fault.replace('.', '-')}-{number + 1}", "provider": provider}

    def _come(self, shop: str) -> Json:
        """Beside the method, which would wait for what the toolkit runs in the background; until all looks
        are over, and no longer.
        """
        lasts = self.wait_s + READ_S + SERVED_S + self.look_s + 2
        crowd = f"python3 crowd.py {shop} {self.crowd} {lasts:g} > crowd.log 2>&1 &"
        provider = {"type": "process", "path": "sh", "arguments": ["-c", crowd]}
        return {"type": "action", "name": "everybody-comes", "provider": provider}

    def hypothesis(self) -> str:
        """Its section of hypothesis.md."""
        low, high = self.tolerance
        asked = "no such order at all (0)" if self.query else f"`{self.reading}` between {low:g} and {high:g}"
        extra = "" if self.reading == SERVED else " And at least 0.6 of the requests are served."
        return (
            f"## {self.name}\n\n**What will break:** {self.breaks}\n\n**Expected:** {self.expected}\n\n"
            f"**Success criteria:** while it lasts, over {self.look_s:g} s: {asked}.{extra} Afterwards"
            f" customers are served as before.\n"
        )


def _probe(name: str, func: str, tolerance: Json | None = None, /, **arguments: Any) -> Json:
    provider = {"type": "python", "module": PROBES, "func": func, "arguments": arguments}
    probe = {"type": "probe", "name": name, "provider": provider}
    return probe if tolerance is None else {**probe, "tolerance": tolerance}


QUESTIONS: tuple[Question, ...] = (
    Question(
        "cache-gone",
        "The shop bears a cache that is gone",
        "No replica can reach the cache any more: its connections are refused.",
        "Pages come from the database instead, a little later, and customers are served.",
        SERVED,
        (0.9, 1.0),
        (("network.cut", {"link": "storefront-*-to-valkey"}),),
        mechanisms=("cache-required",),
    ),
    Question(
        "cache-hangs",
        "The shop bears a cache that does not answer",
        "Whatever a replica sends to the cache is swallowed, and nobody is told.",
        "A replica gives up on it after a fraction of a second, leaves it alone, and customers are served.",
        SERVED,
        (0.9, 1.0),
        (("network.black-hole", {"link": "storefront-*-to-valkey"}),),
        mechanisms=("cache-without-timeout",),
    ),
    Question(
        "cache-flushed",
        "An empty cache is filled by one, not by everybody",
        "The cache is flushed every second; the database is 30 ms away, and a crowd wants the home page.",
        "One request computes the home page after each flush, the others wait: about one query a second.",
        "db.query.calls.bestsellers",
        (0.0, 8.0),
        (
            ("network.delay", {"link": "storefront-*-to-postgres", "delay_ms": 30}),
            ("cache.flush", {"every_s": 1.0}),
        ),
        look_s=5.0,
        crowd=40,
        mechanisms=("stampede",),
    ),
    Question(
        "mails-refused",
        "Mails that cannot be sent cost little",
        "The mail server refuses every connection.",
        "Each mail is tried again after a growing pause: some dozen retries a second, not hundreds.",
        "jobs.retries",
        (0.0, 200.0),
        (("network.cut", {"link": "worker-notifications-to-mailsink"}),),
        mechanisms=("retries-without-budget",),
    ),
    Question(
        "mail-worker-dies",
        "A worker that dies takes no mail with it",
        "The worker that sends mails dies every few seconds, while a mail takes a second to send.",
        "What it had in work is given to its successor: no settled order is without a mail and a job for it.",
        "",
        (0.0, 0.0),
        (
            ("network.delay", {"link": "worker-notifications-to-mailsink", "delay_ms": 100}),
            ("process.restart-loop", {"component": "worker-notifications", "every_s": 3.0}),
        ),
        wait_s=9.0,
        query=UNMAILED,
        mechanisms=("acknowledged-before-work",),
    ),
    Question(
        "partner-late",
        "A charge whose answer is late is made once",
        "The payment partner answers a second after the shop has stopped waiting for it.",
        "The charge is sent again with the same key, and the partner makes it once.",
        "partner.doubled",
        (0.0, 0.0),
        (("dependency.partner-slow", {"delay_ms": 3000}),),
        wait_s=8.0,
        look_s=6.0,
        mechanisms=("charge-without-key",),
    ),
    Question(
        "partner-hangs",
        "Customers do not wait for the payment partner",
        "The payment partner takes fifteen seconds for everything.",
        "Charges are made later by a worker; pages and checkouts do not notice.",
        SERVED,
        (0.9, 1.0),
        (("dependency.partner-slow", {"delay_ms": 15_000}),),
        seconds=40.0,
        wait_s=10.0,
        mechanisms=("pool-held-by-partner",),
    ),
    Question(
        "restart-without-partner",
        "Replicas come back while the partner is away",
        "Both replicas die while nobody reaches the payment partner.",
        "They are started again within seconds, and customers are served; orders are charged later.",
        SERVED,
        (0.85, 1.0),
        (
            ("process.kill-9", {"component": "storefront-1"}),
            ("process.kill-9", {"component": "storefront-2"}),
            ("network.cut", {"link": "storefront-*-to-partner"}),
        ),
        wait_s=6.0,
        look_s=3.0,
        mechanisms=("start-needs-partner",),
    ),
    Question(
        "replica-away",
        "Customers do not notice that a replica is away",
        "One replica is stopped and takes twenty seconds to come back.",
        "The load balancer sends everybody to the other one.",
        SERVED,
        (0.9, 1.0),
        (("process.slow-start", {"component": "storefront-1", "takes_s": 20.0}),),
        wait_s=1.0,
        mechanisms=("dead-replica-in-rotation", "single-replica"),
    ),
)
