"""What follows every start and reset: faults are over, the record of the seeded data, and the customers."""

from drillyard.assess.baseline import take_baseline
from drillyard.drill import faulting
from drillyard.drill.content import scenario_of
from drillyard.drill.customers import Customers
from drillyard.drill.engine import Engine
from drillyard.drill.operations import Reporter
from drillyard.drill.subjects import Subjects
from drillyard.measure.site import site_of
from drillyard.range.range import Range


async def come(engine: Engine, range_: Range, report: Reporter) -> None:
    """Take the baseline of fresh data, and have customers come at the rate that the learner chose."""
    await faulting.take_up(engine, range_)
    baseline = engine.places.private / "baseline.json"
    if not baseline.exists():
        report("recording what is in the database")
        (await take_baseline(site_of("learner", range_))).save(baseline)
    if engine.subjects is None:
        engine.subjects = Subjects(engine.maker, lambda: engine.running, engine.places.private)
    if engine.customers is None:
        engine.customers = Customers(engine.places.private)
    manifest = scenario_of(engine.record.scenario).manifest
    chosen = engine.store.get("traffic.rate")
    rate = float(chosen) if chosen else manifest.traffic.base_rate if engine.record.traffic else 0.0
    scale = range_.settings.scale
    await engine.customers.come(
        str(range_.addresses.endpoint("http")), rate, manifest.traffic.mix, scale=scale
    )
