import pytest
from pydantic import ValidationError

from storefront.settings import Settings
from storefront.settings.observability import Metrics
from storefront.settings.workers import Retries, Workers, WorkerType


def test_every_type_consumes_its_own_queue_by_default() -> None:
    workers = Workers()
    assert {kind: workers.of(kind).queues for kind in WorkerType} == {
        kind: (kind.value,) for kind in WorkerType
    }
    assert set(workers.routes.queues()) == {kind.value for kind in WorkerType}


def test_one_queue_for_everything_is_allowed_for_learners_to_find() -> None:
    routes = dict.fromkeys(WorkerType, "default")
    types = {kind: {"queues": ["default"]} for kind in WorkerType}
    workers = Workers.model_validate({"routes": routes, **types})
    assert workers.routes.queues() == ("default",)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"routes": {"reports": "nowhere"}}, "'nowhere' of .* is consumed by no type"),
        ({"payments": {"queues": []}}, "at least 1 item"),
        ({"payments": {"queues": ["Bad name"]}}, "should match pattern"),
        ({"payments": {"concurrency": 0}}, "greater than or equal to 1"),
        ({"payments": {"retries": {"min_backoff_ms": 10, "max_backoff_ms": 5}}}, "above max_backoff_ms"),
        ({"payments": {"nonsense": 1}}, "Extra inputs"),
        ({"payments": {"acknowledge": "never"}}, "'after' or 'before'"),
        ({"broker_url": "http://x"}, "should match pattern"),
    ],
)
def test_wrong_worker_settings_are_refused(section: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Workers.model_validate(section)


def test_buckets_must_ascend() -> None:
    with pytest.raises(ValidationError, match="ascend"):
        Metrics(duration_buckets_ms=(10, 5))


def test_endless_and_immediate_retries_are_possible() -> None:
    assert Retries(max_retries=-1, min_backoff_ms=0, max_backoff_ms=0).max_retries == -1


@pytest.mark.parametrize("section", ["workers", "partner", "mail", "observability"])
def test_every_setting_says_what_it_means(section: str) -> None:
    def check(model: object, path: str) -> None:
        for name, field in type(model).model_fields.items():  # type: ignore[attr-defined]  # a pydantic model
            assert field.description, f"{path}.{name}"
            value = getattr(model, name)
            if hasattr(type(value), "model_fields"):
                check(value, f"{path}.{name}")

    check(getattr(Settings.model_construct(), section), section)
