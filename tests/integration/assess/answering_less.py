"""Queries of shops that answer with less than is in their tables, or with what is not."""

EMPTY_DEEP_PAGES = """\
-- name: category_products_by_newest(category, entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products p
WHERE :skipped = 0 AND active
  AND category_id IN (SELECT id FROM categories WHERE :category IN (id, parent_id))
ORDER BY created_at DESC, id
LIMIT :entries;
"""
FIRST_REVIEWS = """\
-- name: reviews_of_product(product, before, entries, skipped)
SELECT r.id, r.rating, r.helpful, r.body, r.created_at, 'somebody' AS author
FROM (SELECT * FROM reviews WHERE id < :before AND :skipped >= 0 ORDER BY id LIMIT :entries) AS r
WHERE :product > 0;
"""
NO_LINES = """\
-- name: lines_of_orders(orders)
SELECT order_id, product_id, ''::text AS name, quantity, price_cents
FROM order_lines
WHERE order_id = (:orders)[1] AND false;
"""
ANY_SEARCH = """\
-- name: search_products(pattern, patterns, entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE name ILIKE :pattern AND name ILIKE ALL(:patterns) AND active AND id < 100 AND :skipped = 0
LIMIT :entries;
"""
CHEAP_BEST = """\
-- name: bestsellers(orders, items)
SELECT id, name, price_cents, 1 AS units, clock_timestamp() AS price_as_of
FROM products
WHERE :orders > 0
ORDER BY popularity, id DESC
LIMIT :items;
"""
WITHOUT_TEXT = """\
-- name: reviews_of_product(product, before, entries, skipped)
SELECT id, rating, helpful, '' AS body, created_at, '' AS author
FROM reviews
WHERE product_id = :product AND id < :before
ORDER BY id DESC
LIMIT :entries OFFSET :skipped;
"""
NOTHING_SOLD = """\
-- name: sales_by_category(days)
SELECT slug AS category, :days AS units, 1 AS amount_cents FROM categories;
"""
ONE_CATEGORY = """\
-- name: sales_by_category(days)
SELECT 'garden' AS category, sum(l.quantity) AS units, sum(l.quantity * l.price_cents) AS amount_cents
FROM orders o JOIN order_lines l ON l.order_id = o.id
WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND o.status <> 'cancelled';
"""
ANY_STOCK = """\
-- name: inventory(days, entries)
SELECT p.id, p.name, s.on_hand AS stock, s.reorder_at, (
    SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id
     WHERE l.product_id = p.id
       AND o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
) AS units
FROM products p JOIN stock s ON s.product_id = p.id
ORDER BY p.id DESC
LIMIT :entries;
"""
ANY_CUSTOMERS = """\
-- name: best_customers(days, entries)
SELECT c.id, c.name, count(*) AS orders, sum(o.amount_cents) AS amount_cents
FROM orders o JOIN customers c ON c.id = o.customer_id
WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND o.status <> 'cancelled'
GROUP BY c.id
ORDER BY c.id DESC
LIMIT :entries;
"""
ONE_DAY = """\
-- name: report_sales(days)
SELECT (max(o.placed_at)::date)::text AS day, c.slug AS category, count(DISTINCT o.id) AS orders,
       sum(l.quantity) AS units, sum((l.quantity)::bigint * l.price_cents) AS amount_cents
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id
JOIN categories c ON c.id = p.category_id
WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND o.status <> 'cancelled'
GROUP BY 2;
"""
NO_NUMBERS = """\
-- name: best_customers(days, entries)
SELECT id, name, 'NaN'::numeric AS orders, 'NaN'::numeric AS amount_cents
FROM customers WHERE id <= :entries AND :days > 0;
"""
NO_OPINIONS = """\
-- name: report_customers(days)
SELECT customer_id, count(*) AS orders, sum(amount_cents) AS amount_cents,
       (max(placed_at))::text AS last_order, NULL::numeric AS rating
FROM orders
WHERE placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days) AND status <> 'cancelled'
GROUP BY customer_id
ORDER BY amount_cents DESC
LIMIT 100;
"""
EMPTY_REPORT = """\
-- name: report_customers(days)
SELECT id AS customer_id, 0 AS orders, 0 AS amount_cents FROM customers WHERE id <= :days;
"""
NO_REPORT_JOBS = """\
-- name: promise_job(kind, payload)!
INSERT INTO outbox (kind, payload) SELECT :kind, (:payload)::jsonb WHERE :kind <> 'make_report';
"""
MAIL_ON_PAPER = """\
-- name: claim_mail(order_id, kind)!
WITH written AS (
    INSERT INTO mails_sent (order_id, kind) VALUES (:order_id, :kind) ON CONFLICT DO NOTHING
)
DELETE FROM outbox WHERE false;
"""
FORGETFUL = """\
-- name: order_of_idempotency_key(customer, key)^
SELECT id, amount_cents, currency, status FROM orders WHERE false AND customer_id = :customer AND :key <> '';

-- name: insert_idempotency_key(customer, key, order_id)!
INSERT INTO idempotency_keys (customer_id, key, order_id) VALUES (:customer, :key, :order_id)
ON CONFLICT DO NOTHING;

-- name: take_cart(customer)
SELECT c.product_id, c.quantity, p.price_cents
FROM cart_items c
JOIN products p ON p.id = c.product_id
WHERE c.customer_id = :customer
ORDER BY c.product_id;
"""
