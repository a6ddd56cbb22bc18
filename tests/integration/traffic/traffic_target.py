"""A small real shop behind uvicorn, as a target of traffic: the routes of the storefront, held in memory.

`python traffic_target.py HOST PORT`. `PUT /behave` switches misbehaviour on for tests: `wrong_amount`,
`lose_orders`, `drop_reviews`, `cut`, `error`, `bare_error`, `slow_s`.
"""

import asyncio
import itertools
import sys
import time
from collections import defaultdict
from typing import Any

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

app = FastAPI()
behaviour: dict[str, Any] = {}
carts: dict[str, dict[int, int]] = defaultdict(dict)
orders: dict[str, list[dict[str, Any]]] = defaultdict(list)
numbers = itertools.count(1)
sign_ins = itertools.count(1)


def price(product: int) -> int:
    return 199 + product % 1000


def item(product: int) -> dict[str, Any]:
    return {"id": product, "name": f"walnut kettle {product}", "price_cents": price(product)}


def customer(authorization: str | None) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


@app.exception_handler(HTTPException)
async def own_error(_: Request, error: HTTPException) -> JSONResponse:
    body = {"error": {"code": f"e{error.status_code}", "message": "", "request_id": ""}}
    return JSONResponse(body, error.status_code)


@app.middleware("http")
async def misbehave(request: Request, call_next: Any) -> Response:
    if request.url.path == "/behave":
        return await call_next(request)
    if behaviour.get("slow_s"):
        await asyncio.sleep(behaviour["slow_s"])
    if behaviour.get("error"):
        return JSONResponse({"error": {"code": "broken", "message": "", "request_id": ""}}, 500)
    if behaviour.get("bare_error"):
        return PlainTextResponse("bad gateway", 502)
    if behaviour.get("cut") and request.url.path == "/api/checkout":

        async def half() -> Any:
            yield b'{"order_id": 1, '
            await asyncio.sleep(60)

        return StreamingResponse(half(), 201)
    return await call_next(request)


@app.put("/behave")
async def behave(request: Request) -> dict[str, Any]:
    behaviour.clear()
    for kept in (carts, orders):
        kept.clear()
    behaviour.update(await request.json())
    return behaviour


@app.get("/counts")
async def counts() -> dict[str, int]:
    return {"orders": sum(map(len, orders.values())), "customers": len(orders)}


@app.get("/api/home")
async def home() -> dict[str, Any]:
    return {"bestsellers": [item(1)], "new": [item(2)]}


@app.get("/api/products")
async def products(page: int = 1) -> dict[str, Any]:
    return {"items": [item(page * 10 + n) for n in range(10)], "page": page}


@app.get("/api/products/{product}")
async def product_page(product: int) -> dict[str, Any]:
    review = {"rating": 5, "body": "Good value."}
    return item(product) | {
        "stock": 3,
        "rating": {"reviews": 3, "average": 4.0},
        "reviews": [] if behaviour.get("drop_reviews") else [review],
        "price_as_of": time.time() - behaviour.get("stale_s", 0),
    }


@app.get("/api/products/{product}/reviews")
async def reviews(product: int) -> dict[str, Any]:
    return {"items": [{"rating": 4, "body": str(product)}]}


@app.get("/api/search")
async def search(q: str) -> dict[str, Any]:
    return {"items": [item(n) | {"name": f"Folding {q} {n}"} for n in range(1, 6)]}


@app.post("/api/sessions", status_code=201)
async def sessions(request: Request) -> dict[str, Any]:
    asked = await request.json()
    next(sign_ins)
    return {"token": f"token-of-{asked['email']}", "expires_in_s": 3600}


@app.get("/api/cart")
async def cart(authorization: str | None = Header(None)) -> dict[str, Any]:
    return cart_of(customer(authorization))


def cart_of(who: str) -> dict[str, Any]:
    items = [
        {"product_id": p, "quantity": quantity, "price_cents": price(p)} for p, quantity in carts[who].items()
    ]
    return {"items": items, "amount_cents": sum(i["price_cents"] * i["quantity"] for i in items)}


@app.put("/api/cart/items/{product}")
async def put(product: int, request: Request, authorization: str | None = Header(None)) -> dict[str, Any]:
    who = customer(authorization)
    carts[who][product] = (await request.json())["quantity"]
    return cart_of(who)


@app.post("/api/checkout", status_code=201)
async def checkout(
    authorization: str | None = Header(None), idempotency_key: str = Header()
) -> dict[str, Any]:
    who = customer(authorization)
    amount = cart_of(who)["amount_cents"]
    if not amount:
        raise HTTPException(409)
    number = next(numbers)
    order = {
        "id": number,
        "order_id": number,
        "number": f"N{number}",
        "amount_cents": amount + (1 if behaviour.get("wrong_amount") else 0),
        "currency": "EUR",
        "status": "placed",
        "key": idempotency_key,
        "lines": cart_of(who)["items"],
    }
    carts[who].clear()
    if not behaviour.get("lose_orders"):
        orders[who].insert(0, order)
    return order


@app.get("/api/orders")
async def order_list(authorization: str | None = Header(None)) -> dict[str, Any]:
    return {"items": orders[customer(authorization)][:20]}


@app.get("/api/orders/{order}")
async def one_order(order: int, authorization: str | None = Header(None)) -> dict[str, Any]:
    for known in orders[customer(authorization)]:
        if known["id"] == order:
            return known
    raise HTTPException(404)


@app.get("/api/admin/reports/{name}")
async def report(name: str, authorization: str | None = Header(None)) -> dict[str, Any]:
    customer(authorization)
    rows = [{"name": name}]
    return {"report": name, "by_day": rows, "by_category": rows, "items": rows}


@app.post("/api/admin/reports/{name}", status_code=202)
async def report_request(name: str, authorization: str | None = Header(None)) -> dict[str, Any]:
    customer(authorization)
    return {"report_id": 1, "report": name, "days": 1}


@app.get("/api/admin/orders")
async def admin_orders(authorization: str | None = Header(None)) -> dict[str, Any]:
    customer(authorization)
    return {"items": []}


if __name__ == "__main__":
    uvicorn.run(app, host=sys.argv[1], port=int(sys.argv[2]), log_level="error", access_log=False)
