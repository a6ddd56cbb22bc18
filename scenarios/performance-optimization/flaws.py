"""What can be wrong with the shop. Each function says what somebody did to it, and with what numbers.

`moves` and `by` are proven by `drill certify` on live ranges; docs/decisions has the figures behind `by`.
"""

from drillyard.scenario import Plant, flaw

SHOP = "storefront/storefront.toml"
POSTGRES = "postgres/postgresql.conf"
VALKEY = "valkey/valkey.conf"
RANGE = "range.toml"


# The cache


@flaw(
    id="cache-ttl",
    family="cache",
    title="Entries live for less than a second",
    moves="cache.hit_ratio.product",
    direction="down",
    by=1.5,
)
def cache_ttl(plant: Plant) -> None:
    """A price was wrong once, and every lifetime was cut."""
    for kind in ("product", "reviews", "listing", "recommendations"):
        plant.edit_toml(SHOP, f"cache.{kind}.ttl_s", plant.rng.choice((0.4, 0.6, 0.8)))


@flaw(
    id="cache-key",
    family="cache",
    title="Keys carry something of the request",
    moves="cache.hit_ratio.listing",
    direction="down",
    by=3,
)
def cache_key(plant: Plant) -> None:
    """Added for debugging and left there: no two requests share an entry."""
    part = plant.rng.choice(("{request_id}", "{minute}:{request_id}"))
    plant.edit_toml(SHOP, "cache.listing.key", f"listing:{{category}}:{{sort}}:{{page}}:{{per_page}}:{part}")
    plant.edit_toml(SHOP, "cache.search.key", f"search:{{q}}:{{page}}:{{per_page}}:{part}")


@flaw(
    id="cache-stampede",
    family="cache",
    title="The dearest page is computed by everybody at once when it expires",
    moves="db.query.calls.bestsellers",
    direction="up",
    by=2,
    excludes=("cache-home-off",),
)
def cache_stampede(plant: Plant) -> None:
    """Protection was switched off when a lock hung, and bestsellers are counted over more orders since."""
    plant.edit_toml(SHOP, "cache.home.protection", "none")
    plant.edit_toml(SHOP, "cache.home.ttl_s", plant.rng.choice((1.0, 1.5)))
    plant.edit_toml(SHOP, "cache.home.stale_s", 0.0)
    plant.edit_toml(SHOP, "catalogue.bestseller_orders", plant.rng.randint(60_000, 90_000))


@flaw(
    id="cache-memory",
    family="cache",
    title="Too little memory, and chance decides what is thrown out",
    moves="valkey.evicted",
    direction="up",
    by=10,
)
def cache_memory(plant: Plant) -> None:
    """Sized on the first day. Not allkeys-*: the queues would lose jobs, and that no repair brings back."""
    plant.set_conf(VALKEY, "maxmemory", f"{plant.rng.choice((1550, 1600))}kb")
    plant.set_conf(VALKEY, "maxmemory-policy", "volatile-random")


@flaw(
    id="cache-home-off",
    family="cache",
    title="A hot kind is not cached at all",
    moves="db.query.calls.bestsellers",
    direction="up",
    by=5,
)
def cache_home_off(plant: Plant) -> None:
    """Switched off for an experiment, together with what is recommended."""
    plant.edit_toml(SHOP, "cache.home.enabled", False)
    plant.edit_toml(SHOP, f"cache.{plant.rng.choice(('recommendations', 'categories'))}.enabled", False)


# The database: indexes and statistics


@flaw(
    id="index-history",
    family="database",
    title="No index on the orders of a customer",
    moves="db.query.buffers.orders_of_customer",
    direction="up",
    by=5,
)
def index_history(plant: Plant) -> None:
    """Dropped before a bulk load, and never made again."""
    plant.sql("DROP INDEX IF EXISTS orders_customer")


@flaw(
    id="index-reviews",
    family="database",
    title="No index on the reviews of a product",
    moves="db.query.buffers.newest_reviews_of_product",
    direction="up",
    by=5,
)
def index_reviews(plant: Plant) -> None:
    """The foreign key was thought to bring one."""
    plant.sql("DROP INDEX IF EXISTS reviews_product")


@flaw(
    id="index-lines",
    family="database",
    title="No index on the orders of a product",
    moves="db.query.time.recommendations_for_product",
    direction="up",
    by=3,
    excludes=("planner-costs", "query-unbounded", "statistics"),
)
def index_lines(plant: Plant) -> None:
    """Taken for a duplicate of the primary key; the order of its columns is another."""
    plant.sql("DROP INDEX IF EXISTS order_lines_product")


@flaw(
    id="index-search",
    family="database",
    title="Search reads the name of every product",
    moves="db.query.time.search_products",
    direction="up",
    by=2,
    excludes=("query-search",),
)
def index_search(plant: Plant) -> None:
    """The trigram index was the largest, and nobody knew what it was for."""
    plant.sql("DROP INDEX IF EXISTS products_name_trgm")


@flaw(
    id="statistics",
    family="database",
    title="Statistics from the opening day, and nobody gathers new ones",
    moves="db.query.buffers.recommendations_for_product",
    direction="up",
    by=2,
    excludes=("planner-costs", "query-unbounded"),
)
def statistics(plant: Plant) -> None:
    """Restored from the dump of a shop with a dozen test orders; autovacuum was off for the import."""
    plant.set_conf(POSTGRES, "autovacuum", "off")
    for table, column, distinct in (
        ("order_lines", "order_id", plant.rng.randint(8, 16)),
        ("order_lines", "product_id", plant.rng.randint(4, 6)),
        ("orders", "customer_id", 3),
        ("reviews", "product_id", 4),
    ):
        plant.sql(
            f"SELECT pg_clear_attribute_stats('public', '{table}', '{column}', false)",
            "SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', "
            f"'{table}', 'attname', '{column}', 'inherited', false, "
            f"'null_frac', 0::real, 'avg_width', 4, 'n_distinct', {distinct}::real)",
        )


# The database: queries

_SORTS = (("popularity", "popularity DESC"), ("price", "price_cents"), ("newest", "created_at DESC"))
_WHOLE_CATEGORY = """\
-- name: category_products_by_{name}(category, entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM (
    SELECT p.*, row_number() OVER (ORDER BY p.{order}, p.id) AS place
    FROM products p
    JOIN categories c ON c.id = p.category_id
    WHERE (c.id = :category OR c.parent_id = :category) AND p.active
) AS ranked
WHERE place > :skipped
ORDER BY place
LIMIT :entries;
"""


@flaw(
    id="query-pages",
    family="database",
    title="Every page is cut out of the whole sorted category",
    moves="db.query.buffers.category_products_by_newest",
    direction="up",
    by=3,
)
def query_pages(plant: Plant) -> None:
    """Written to get the place of each product, which is no longer shown. Deep or not: all are sorted."""
    for name, order in _SORTS:
        text = _WHOLE_CATEGORY.format(name=name, order=order)
        plant.query("storefront/sql/catalogue.sql", f"category_products_by_{name}", text)


_SEARCH = """\
-- name: search_products(pattern, patterns, entries, skipped)
-- Upper and lower case alike.
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE lower(name) LIKE lower(:pattern) AND lower(name) LIKE ALL(:patterns) AND active
ORDER BY popularity DESC, id
LIMIT :entries OFFSET :skipped;
"""


@flaw(
    id="query-search",
    family="database",
    title="The search condition does not fit its index",
    moves="db.query.time.search_products",
    direction="up",
    by=2,
)
def query_search(plant: Plant) -> None:
    """A function around the column, and the index on the column is of no use."""
    plant.query("storefront/sql/search.sql", "search_products", _SEARCH)


@flaw(
    id="query-per-row",
    family="database",
    title="One query per row of a list",
    moves="db.calls_per_request",
    direction="up",
    by=1.15,
)
def query_per_row(plant: Plant) -> None:
    """Batching was switched off to find a fault."""
    plant.edit_toml(SHOP, "catalogue.batch_ratings", False)
    plant.edit_toml(SHOP, "catalogue.batch_order_lines", False)


@flaw(
    id="query-unbounded",
    family="database",
    title="Recommendations look at every order there ever was",
    moves="db.query.buffers.recommendations_for_product",
    direction="up",
    by=3,
)
def query_unbounded(plant: Plant) -> None:
    """More data was thought to give better recommendations."""
    plant.edit_toml(SHOP, "catalogue.recommendation_orders", plant.rng.choice((5_000, 10_000)))


# The database: the server


@flaw(
    id="sorts-spill",
    family="database",
    title="Sorts and hashes go to disk",
    moves="db.temp_blocks_per_request",
    direction="up",
    by=5,
)
def sorts_spill(plant: Plant) -> None:
    """The smallest value that PostgreSQL takes, from a guide about many small connections."""
    plant.set_conf(POSTGRES, "work_mem", plant.rng.choice(("64kB", "96kB")))
    plant.set_conf(POSTGRES, "hash_mem_multiplier", "1.0")


@flaw(
    id="planner-costs",
    family="database",
    title="The planner was told wrong things",
    moves="db.query.time.recommendations_for_product",
    direction="up",
    by=2,
    excludes=("query-unbounded",),
)
def planner_costs(plant: Plant) -> None:
    """Advice for another machine, or a switch that an experiment left behind."""
    if plant.rng.random() < 0.5:
        plant.set_conf(POSTGRES, "enable_nestloop", "off")
    else:
        plant.set_conf(POSTGRES, "random_page_cost", plant.rng.choice((200, 400)))
        plant.set_conf(POSTGRES, "cpu_index_tuple_cost", "1")
        plant.set_conf(POSTGRES, "effective_cache_size", "8MB")


@flaw(
    id="pool-small",
    family="database",
    title="One connection for a whole replica",
    moves="pool.waited_ratio",
    direction="up",
    by=2,
    excludes=("pool-large",),
)
def pool_small(plant: Plant) -> None:
    """The number was meant per request."""
    plant.edit_toml(SHOP, "database.pool_min", 1)
    plant.edit_toml(SHOP, "database.pool_max", 1)
    plant.edit_toml(SHOP, "database.pool_timeout_s", 10.0)


@flaw(
    id="pool-large",
    family="database",
    title="Pools far beyond what the server takes",
    moves="pool.allowed",
    direction="up",
    by=2,
)
def pool_large(plant: Plant) -> None:
    """More was thought to be faster."""
    size = plant.rng.choice((40, 50))
    plant.edit_toml(SHOP, "database.pool_min", size)
    plant.edit_toml(SHOP, "database.pool_max", 2 * size)
    plant.set_conf(POSTGRES, "max_connections", 120)


# The workers


@flaw(
    id="workers-one-queue",
    family="workers",
    title="One queue and one thread for everything",
    moves="jobs.wait.charge_payment",
    direction="up",
    by=2,
    excludes=("workers-payments",),
)
def workers_one_queue(plant: Plant) -> None:
    """The queues were put together for simplicity; the other types still listen to those that nobody uses."""
    for family in ("payments", "notifications", "inventory", "reports"):
        plant.edit_toml(SHOP, f"workers.routes.{family}", "default")
    plant.edit_toml(SHOP, "workers.payments.queues", ["default"])
    plant.edit_toml(SHOP, "workers.payments.concurrency", 1)
    plant.edit_toml(SHOP, "workers.payments.prefetch", 1)


@flaw(
    id="workers-payments",
    family="workers",
    title="Payments share their only thread with reports",
    moves="jobs.wait.charge_payment",
    direction="up",
    by=2,
)
def workers_payments(plant: Plant) -> None:
    """Reports were given to the payments workers, which had so little to do; those have one thread now."""
    plant.edit_toml(SHOP, "workers.payments.queues", ["payments", "reports"])
    plant.edit_toml(SHOP, "workers.payments.concurrency", 1)
    plant.edit_toml(SHOP, "workers.payments.prefetch", 8)
    plant.edit_toml(SHOP, "workers.reports.concurrency", plant.rng.choice((6, 8)))


@flaw(
    id="workers-retries",
    family="workers",
    title="Jobs that can never succeed are retried at once, for ever",
    moves="jobs.retries",
    direction="up",
    by=10,
)
def workers_retries(plant: Plant) -> None:
    """Mails about orders that do not exist, left behind by an import."""
    for key, value in (("max_retries", -1), ("min_backoff_ms", 0), ("max_backoff_ms", 0), ("jitter", False)):
        plant.edit_toml(SHOP, f"workers.notifications.retries.{key}", value)
    for number in range(plant.rng.randint(4, 6)):
        plant.job("send_mail", {"order_id": 900_000_000 + number, "kind": "confirmation"})


@flaw(
    id="workers-unbalanced",
    family="workers",
    title="The hands are where the work is not",
    moves="jobs.wait.charge_payment",
    direction="up",
    by=1.5,
    excludes=("workers-one-queue", "workers-payments"),
)
def workers_unbalanced(plant: Plant) -> None:
    """Everything for reports, one thread each for what customers wait for."""
    plant.edit_toml(SHOP, "workers.reports.concurrency", plant.rng.choice((8, 12)))
    for family in ("payments", "notifications", "inventory"):
        plant.edit_toml(SHOP, f"workers.{family}.concurrency", 1)
        plant.edit_toml(SHOP, f"workers.{family}.prefetch", 1)


# Allocation


@flaw(
    id="allocation-processes",
    family="allocation",
    title="One replica for all customers, four processes for reports",
    moves="proxy.servers.up",
    direction="down",
    by=1.9,
)
def allocation_processes(plant: Plant) -> None:
    """The budget was spent where somebody had complained."""
    plant.edit_toml(RANGE, "storefront.replicas", 1)
    plant.edit_toml(RANGE, "workers.reports", 3)


@flaw(
    id="allocation-memory",
    family="allocation",
    title="The database has hardly any memory of its own",
    moves="db.reads_per_request",
    direction="up",
    by=3,
)
def allocation_memory(plant: Plant) -> None:
    """A default of another decade."""
    plant.set_conf(POSTGRES, "shared_buffers", plant.rng.choice(("1MB", "2MB")))
