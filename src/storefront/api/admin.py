"""/api/admin: for the people who run the shop. What changes something is written to the audit log."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import to_json

from storefront import chaos
from storefront.api.answers import Id, Page, RefusedError, answer, days_of, not_found
from storefront.api.identity import (
    AllOrdersReader,
    ChaosReader,
    ChaosWriter,
    ProductWriter,
    ReportReader,
    ReportWriter,
)
from storefront.api.orders import number_of
from storefront.cache import ABSENT
from storefront.shop import Shop, shop_of

REPORTS = ("sales", "inventory", "customers")
REPORT_ENTRIES = 50

router = APIRouter(prefix="/api/admin")


async def _report(shop: Shop, name: str, days: int) -> dict[str, object]:
    async with shop.database.session() as session:
        match name:
            case "sales":
                return {
                    "by_day": await session.rows("sales_by_day", days=days),
                    "by_category": await session.rows("sales_by_category", days=days),
                }
            case "inventory":
                return {"items": await session.rows("inventory", days=days, entries=REPORT_ENTRIES)}
            case "customers":
                return {"items": await session.rows("best_customers", days=days, entries=REPORT_ENTRIES)}
    raise not_found("report")


@router.get("/reports/{name}")
async def report(request: Request, name: str, account: ReportReader) -> Response:
    """A report over the last `?days=` days (counted back from the newest order), worked out now."""
    days = days_of(request)
    return answer({"report": name, "days": days} | await _report(shop_of(request), name, days))


@router.get("/reports/{name}/newest")
async def newest_report(request: Request, name: str, account: ReportReader) -> Response:
    """The newest report of that name and `?days=` that a worker has finished."""
    found = await shop_of(request).database.row("newest_report", name=name, days=days_of(request))
    if found is None:
        raise not_found("report")
    return answer(found)


@router.post("/reports/{name}")
async def request_report(request: Request, name: str, account: ReportWriter) -> Response:
    """Have a report made by a worker; 202 with the number to ask for it by."""
    if name not in REPORTS:
        raise not_found("report")
    days = days_of(request)
    async with shop_of(request).database.transaction() as session:
        made = await session.row("request_report", name=name, days=days)
        if made is None:
            raise LookupError("request_report gave no row back")
        job = {"report_id": made["id"], "request_id": request.state.request_id}
        await session.change("promise_job", kind="make_report", payload=to_json(job).decode())
        detail = to_json({"days": days}).decode()
        await session.change(
            "insert_audit", actor=account.id, action="request report", subject=name, detail=detail
        )
    return answer({"report_id": made["id"], "report": name, "days": days}, 202)


@router.get("/requested-reports/{id}")
async def requested_report(request: Request, report_id: Id, account: ReportReader) -> Response:
    """A report that a worker makes: `finished_at` is null until it is there."""
    found = await shop_of(request).database.row("report_by_id", report=report_id)
    if found is None:
        raise not_found("report")
    return answer(found)


@router.get("/orders")
async def all_orders(request: Request, account: AllOrdersReader) -> Response:
    """A page of all orders, newest first; `?before=` the last id seen goes on from there."""
    shop = shop_of(request)
    page = Page(request, shop.settings.web)
    rows = await shop.database.rows("all_orders", before=page.before, **page.query)
    for order in rows:
        order["number"] = number_of(order["id"])
    return answer(page.body(rows))


class ProductChange(BaseModel):
    """A new price, a new stock, or both."""

    price_cents: int | None = Field(None, ge=1, le=100_000_000)
    stock: int | None = Field(None, ge=0, le=1_000_000_000)

    @model_validator(mode="after")
    def _something_changes(self) -> "ProductChange":
        if self.price_cents is None and self.stock is None:
            raise ValueError("give price_cents, stock or both")
        return self


@router.put("/products/{id}")
async def change_product(
    request: Request, product_id: Id, change: ProductChange, account: ProductWriter
) -> Response:
    """Change price or stock. The product's own cache entry is dropped; lists follow within their lifetime."""
    shop = shop_of(request)
    changed: dict[str, object] = {}
    async with shop.database.transaction() as session:
        if change.price_cents is not None:
            row = await session.row("set_price", product=product_id, price_cents=change.price_cents)
            if row is None:
                raise not_found("product")
            await session.change("insert_price_change", product=product_id, price_cents=change.price_cents)
            changed |= row
        if change.stock is not None:
            row = await session.row("set_stock", product=product_id, stock=change.stock)
            if row is None:
                raise not_found("product")
            changed |= row
        detail = change.model_dump_json(exclude_none=True)
        await session.change(
            "insert_audit", actor=account.id, action="change product", subject=str(product_id), detail=detail
        )
    await shop.cache.forget("product", {"id": product_id})
    return answer(changed)


@router.get("/chaos")
async def chaos_rules(request: Request, account: ChaosReader) -> Response:
    """The faults that are switched on."""
    return answer(shop_of(request).chaos.rules)


@router.put("/chaos")
async def switch_chaos(request: Request, rules: chaos.ChaosRules, account: ChaosWriter) -> Response:
    """Switch faults on (or, with no rules, off) for all replicas; each follows within a second."""
    shop = shop_of(request)
    try:
        shop.chaos.apply(rules)
    except chaos.ChaosRefusedError as error:
        raise RefusedError(409, "chaos_refused", f"{error}.") from error
    try:
        await chaos.publish(shop.cache.keys, rules)
    except ABSENT as error:
        raise RefusedError(
            503, "cache_unavailable", "Only this replica took it: Valkey, which tells the others, is away."
        ) from error
    await shop.database.change(
        "insert_audit", actor=account.id, action="chaos", subject="*", detail=rules.model_dump_json()
    )
    return answer(rules)
