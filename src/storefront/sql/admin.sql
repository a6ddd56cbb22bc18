-- The admin area. `days` are counted back from the newest order.

-- name: sales_by_day(days)
SELECT date_trunc('day', placed_at) AS day, count(*) AS orders, sum(amount_cents) AS amount_cents
FROM orders
WHERE placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND status <> 'cancelled'
GROUP BY day
ORDER BY day;

-- name: sales_by_category(days)
SELECT c.slug AS category, sum(l.quantity) AS units, sum(l.quantity * l.price_cents) AS amount_cents
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id
JOIN categories c ON c.id = p.category_id
WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND o.status <> 'cancelled'
GROUP BY c.slug
ORDER BY amount_cents DESC;

-- name: inventory(days, entries)
-- What sells fastest compared with what is left.
SELECT p.id, p.name, s.on_hand AS stock, s.reorder_at, sold.units
FROM (
    SELECT l.product_id, sum(l.quantity) AS units
    FROM orders o
    JOIN order_lines l ON l.order_id = o.id
    WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
    GROUP BY l.product_id
) AS sold
JOIN stock s ON s.product_id = sold.product_id
JOIN products p ON p.id = sold.product_id
ORDER BY s.on_hand / sold.units, p.id
LIMIT :entries;

-- name: best_customers(days, entries)
SELECT c.id, c.name, best.orders, best.amount_cents
FROM (
    SELECT customer_id, count(*) AS orders, sum(amount_cents) AS amount_cents
    FROM orders
    WHERE placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
      AND status <> 'cancelled'
    GROUP BY customer_id
    ORDER BY amount_cents DESC, customer_id
    LIMIT :entries
) AS best
JOIN customers c ON c.id = best.customer_id
ORDER BY best.amount_cents DESC, c.id;

-- name: all_orders(before, entries, skipped)
-- Newest first. Pages are skipped inside the index; see reviews_of_product.
SELECT o.id, o.placed_at, o.customer_id, c.name AS customer, o.amount_cents, o.currency, o.status
FROM (
    SELECT id FROM orders WHERE id < :before ORDER BY id DESC LIMIT :entries OFFSET :skipped
) AS page
JOIN orders o ON o.id = page.id
JOIN customers c ON c.id = o.customer_id
ORDER BY o.id DESC;

-- name: set_price(product, price_cents)^
UPDATE products SET price_cents = :price_cents WHERE id = :product RETURNING id, price_cents;

-- name: insert_price_change(product, price_cents)!
INSERT INTO price_history (product_id, price_cents) VALUES (:product, :price_cents);

-- name: set_stock(product, stock)^
UPDATE stock SET on_hand = :stock WHERE product_id = :product RETURNING product_id AS id, on_hand AS stock;

-- name: insert_audit(actor, action, subject, detail)!
INSERT INTO audit_log (actor_id, action, subject, detail) VALUES (:actor, :action, :subject, CAST(:detail AS jsonb));

-- name: report_by_id(report)^
SELECT id, name, days, requested_at, started_at, finished_at, result FROM reports WHERE id = :report;
