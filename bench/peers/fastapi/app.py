"""The peer of ./dev bench queries: the same two answers over the same table, as FastAPI and asyncpg
are written with care: prepared statements, a pool a worker, orjson, no models in between.

POSTGRES_URL, PEER_POOL; uvicorn app:app --workers 2 --loop uvloop --http httptools
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

COLUMNS = """order_id, customer_id, customer_name, customer_email, status, currency, total_minor,
item_count, items, shipping_address, payment_id, tracking_number, cancel_reason, version,
created_at, updated_at"""
POINT = f"SELECT {COLUMNS} FROM read.orders WHERE order_id = $1"
LIST = f"""SELECT {COLUMNS} FROM read.orders WHERE customer_email = $1
ORDER BY created_at DESC, order_id DESC LIMIT $2"""
NAMES = (
    *("orderId", "customerId", "customerName", "customerEmail", "status", "currency"),
    *("totalMinor", "itemCount", "items", "shippingAddress", "paymentId", "trackingNumber"),
    *("cancelReason", "version", "createdAt", "updatedAt"),
)
ITEMS = NAMES.index("items")


def order(row: Any) -> dict[str, Any]:
    """jsonb comes as text, and goes out as it is."""
    made = dict(zip(NAMES, row, strict=True))
    made["items"] = orjson.Fragment(row[ITEMS])
    return made


def answer(body: Any, status: int = 200) -> Response:
    text = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return Response(text, status, media_type="application/json")


@asynccontextmanager
async def with_pool(app: FastAPI) -> AsyncIterator[None]:
    size = int(os.environ.get("PEER_POOL", "8"))
    async with asyncpg.create_pool(
        os.environ["POSTGRES_URL"], min_size=size, max_size=size
    ) as app.state.pool:
        yield


async def one(request: Request) -> Response:
    row = await request.app.state.pool.fetchrow(POINT, request.path_params["order_id"])
    return answer(order(row)) if row else answer({"code": "not-found"}, 404)


async def page(request: Request) -> Response:
    limit = int(request.query_params.get("limit", "50"))
    email = request.query_params["customerEmail"].lower()
    rows = await request.app.state.pool.fetch(LIST, email, limit + 1)
    shown = [order(row) for row in rows[:limit]]
    following = shown[-1]["orderId"] if len(rows) > limit else None
    return answer({"data": shown, "page": {"next": following, "limit": limit}})


app = FastAPI(lifespan=with_pool)
app.add_api_route("/api/v1/orders/order/{order_id}", one, response_model=None)
app.add_api_route("/api/v1/orders", page, response_model=None)
