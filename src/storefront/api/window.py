"""GET /: a small shop window for people, made on the server; it shows what the API gives."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from storefront.api.answers import RefusedError
from storefront.api.catalogue import categories_json, listing_json
from storefront.api.home import home_json
from storefront.api.products import product_json
from storefront.api.search import search_json
from storefront.shop import shop_of

STYLE = """
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1c2430;
  background:#f4f5f7}
header{background:#20364f;color:#fff;padding:.8rem 1rem;display:flex;gap:1rem;flex-wrap:wrap;
  align-items:center}
header a{color:#fff;font-weight:700;font-size:1.2rem;text-decoration:none}
form{display:flex;gap:.4rem;flex:1}
input,button{font:inherit;padding:.35rem .6rem;border:1px solid #9aa7b5;
  border-radius:.3rem}
input{flex:1}
nav{padding:.5rem 1rem;background:#fff;border-bottom:1px solid #d9dee4;display:flex;gap:.3rem 1rem;
  flex-wrap:wrap}
a{color:#1c5a96}
main{max-width:70rem;margin:1rem auto;padding:0 1rem}
h2{margin:1.2rem 0 .5rem}
ul.grid{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));
  gap:.8rem}
ul.grid li,article,blockquote{background:#fff;border:1px solid #d9dee4;border-radius:.4rem;padding:.8rem;
  margin:0}
blockquote{margin:.5rem 0}
.price{font-weight:700}
.soft{color:#5b6878;font-size:.9rem}
"""

router = APIRouter()


def money(cents: int, currency: str) -> str:
    """`1,299.00 EUR`."""
    return f"{cents // 100:,}.{cents % 100:02} {currency}"


def stars(rating: dict[str, Any]) -> str:
    """Five stars and the number of reviews, or that there are none."""
    if not rating["reviews"]:
        return "no reviews yet"
    full = round(rating["average"])
    return f"{'★' * full}{'☆' * (5 - full)} {rating['average']:.1f} ({rating['reviews']})"


def _grid(products: list[dict[str, Any]], currency: str) -> str:
    if not products:
        return "<p>Nothing here.</p>"
    items = [
        f'<li><a href="/?product={product["id"]}">{escape(product["name"])}</a>'
        f'<div class="price">{money(product["price_cents"], currency)}</div>'
        f'<div class="soft">{stars(product["rating"])}</div></li>'
        for product in products
    ]
    return f'<ul class="grid">{"".join(items)}</ul>'


def _article(product: dict[str, Any]) -> str:
    reviews = "".join(
        f"<blockquote>{'★' * review['rating']} {escape(review['body'])}"
        f'<div class="soft">{escape(review["author"])}</div></blockquote>'
        for review in product["reviews"]
    )
    others = "".join(
        f'<li><a href="/?product={other["id"]}">{escape(other["name"])}</a></li>'
        for other in product.get("recommendations", ())
    )
    return (
        f"<article><h1>{escape(product['name'])}</h1><p>{escape(product['description'])}</p>"
        f'<p class="price">{money(product["price_cents"], product["currency"])}</p>'
        f"<p>{product['stock']} in stock. {stars(product['rating'])}</p>"
        f'<p class="soft">Price as of {escape(product["price_as_of"])}</p></article>'
        f"<h2>Reviews</h2>{reviews or '<p>None yet.</p>'}"
        f'<h2>Often bought together</h2><ul class="grid">{others}</ul>'
    )


async def _main(request: Request) -> str:
    shop, asked = shop_of(request), request.query_params
    currency = shop.settings.catalogue.currency
    if product := asked.get("product"):
        if not product.isdecimal() or len(product) > 9:
            raise RefusedError(404, "not_found", "There is no such product.")
        return _article(json.loads(await product_json(shop, request, int(product))))
    if query := asked.get("q"):
        found = json.loads(await search_json(shop, request))["items"]
        return f"<h2>Results for {escape(query)}</h2>{_grid(found, currency)}"
    if category := asked.get("category"):
        found = json.loads(await listing_json(shop, request))["items"]
        return f"<h2>{escape(category)}</h2>{_grid(found, currency)}"
    home = json.loads(await home_json(shop, request))
    best, new = _grid(home["bestsellers"], currency), _grid(home["new"], currency)
    return f"<h2>Bestsellers</h2>{best}<h2>New</h2>{new}"


@router.get("/")
async def window(request: Request) -> Response:
    """The shop as people see it: home, `?category=`, `?q=` or `?product=`."""
    tree = json.loads(await categories_json(shop_of(request), request))["items"]
    links = "".join(
        f'<a href="/?category={escape(entry["slug"])}">{escape(entry["name"])}</a>'
        for entry in tree
        if entry["parent_id"] is None
    )
    query = escape(request.query_params.get("q", ""), quote=True)
    status = 200
    try:
        content = await _main(request)
    except RefusedError as error:
        status, content = error.status, f"<h2>{escape(error.message)}</h2>"
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The shop</title><style>{STYLE}</style>"
        f'<header><a href="/">The shop</a><form action="/">'
        f'<input name="q" value="{query}" aria-label="Search"><button>Search</button></form></header>'
        f"<nav>{links}</nav><main>{content}</main></html>"
    )
    return HTMLResponse(page, status)
