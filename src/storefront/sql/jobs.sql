-- Background jobs. Whatever promises a job does so with promise_job, in the transaction of what it is about.

-- name: promise_job(kind, payload)!
-- Written with the data it belongs to, so that the job cannot be lost.
INSERT INTO outbox (kind, payload) VALUES (:kind, (:payload)::jsonb);

-- name: payment_of_order(order_id)^
-- What has to be charged, and whether that was done.
SELECT order_id, token, amount_cents, currency, status FROM payments WHERE order_id = :order_id;

-- name: settle_payment(order_id, status, charge_id)!
-- Ends a charge once: a second job for the same order changes nothing.
UPDATE payments
SET status = :status, charge_id = :charge_id, updated_at = now()
WHERE order_id = :order_id AND status = 'pending';

-- name: move_order(order_id, expected, status)!
UPDATE orders
SET status = (:status)::order_status
WHERE id = :order_id AND status = (:expected)::order_status;

-- name: mail_of_order(order_id)^
-- What a mail about an order says.
SELECT o.id, o.amount_cents, o.currency, c.email, c.name
FROM orders o
JOIN customers c ON c.id = o.customer_id
WHERE o.id = :order_id;

-- name: claim_mail(order_id, kind)!
-- One row for the first job that sends this mail; a second one waits for it, then gets none.
INSERT INTO mails_sent (order_id, kind) VALUES (:order_id, :kind) ON CONFLICT DO NOTHING;

-- name: book_sale(order_id)!
-- The stock ledger: what an order took (checkout took it), each line once.
INSERT INTO stock_movements (order_id, product_id, kind, quantity)
SELECT order_id, product_id, 'sale', quantity FROM order_lines WHERE order_id = :order_id
ON CONFLICT DO NOTHING;

-- name: notice_low_stock(order_id)
-- The order's products that fell under their threshold and were not noticed yet.
INSERT INTO low_stock (product_id, stock)
SELECT s.product_id, s.on_hand
FROM order_lines l
JOIN stock s ON s.product_id = l.product_id
WHERE l.order_id = :order_id AND s.on_hand < s.reorder_at
ON CONFLICT (product_id) DO NOTHING
RETURNING product_id;

-- name: restock(order_id)!
-- Puts back what an order took, each line once. In the order of the ids, as checkout locks them.
WITH moved AS (
    INSERT INTO stock_movements (order_id, product_id, kind, quantity)
    SELECT order_id, product_id, 'restock', quantity FROM order_lines WHERE order_id = :order_id
    ON CONFLICT DO NOTHING
    RETURNING product_id, quantity
),
locked AS (
    SELECT s.product_id, moved.quantity
    FROM stock s
    JOIN moved ON moved.product_id = s.product_id
    ORDER BY s.product_id
    FOR UPDATE OF s
)
UPDATE stock s
SET on_hand = s.on_hand + locked.quantity
FROM locked
WHERE s.product_id = locked.product_id;

-- name: replenish(product, factor)!
-- A delivery for a product that was noticed: so many times its threshold, once per notice.
WITH noticed AS (
    DELETE FROM low_stock WHERE product_id = :product RETURNING product_id
)
UPDATE stock s
SET on_hand = s.on_hand + s.reorder_at * :factor
FROM noticed
WHERE s.product_id = noticed.product_id;

-- name: refresh_rating(product)!
-- Sums up a product's reviews anew.
INSERT INTO product_ratings (product_id, reviews, rating_sum)
SELECT :product, count(*), coalesce(sum(rating), 0) FROM reviews WHERE product_id = :product
ON CONFLICT (product_id) DO UPDATE SET reviews = EXCLUDED.reviews, rating_sum = EXCLUDED.rating_sum;

-- name: request_report(name, days)^
INSERT INTO reports (name, days) VALUES (:name, :days) RETURNING id;

-- name: report_request(report_id)^
SELECT id, name, days, finished_at FROM reports WHERE id = :report_id;

-- name: report_started(report_id)!
UPDATE reports SET started_at = now() WHERE id = :report_id;

-- name: report_finished(report_id, result)!
UPDATE reports SET finished_at = now(), result = (:result)::jsonb WHERE id = :report_id;

-- name: newest_report(name, days)^
-- The last report of this name that is finished.
SELECT id, requested_at, finished_at, result
FROM reports
WHERE name = :name AND days = :days AND finished_at IS NOT NULL
ORDER BY id DESC
LIMIT 1;

-- name: report_sales(days)
-- Sales by day and category; reads every order line of the period.
SELECT (date_trunc('day', o.placed_at)::date)::text AS day,
       c.slug AS category,
       count(DISTINCT o.id) AS orders,
       sum(l.quantity) AS units,
       sum((l.quantity)::bigint * l.price_cents) AS amount_cents
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id
JOIN categories c ON c.id = p.category_id
WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
  AND o.status <> 'cancelled'
GROUP BY 1, 2
ORDER BY 1, 5 DESC;

-- name: report_inventory(days)
-- How many days the stock of what sells will last.
SELECT p.id, p.name, s.on_hand AS stock, sold.units, (s.on_hand * :days / sold.units)::integer AS days_left
FROM (
    SELECT l.product_id, sum(l.quantity) AS units
    FROM order_lines l
    JOIN orders o ON o.id = l.order_id
    WHERE o.placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
    GROUP BY l.product_id
) AS sold
JOIN stock s ON s.product_id = sold.product_id
JOIN products p ON p.id = sold.product_id
ORDER BY days_left, sold.units DESC
LIMIT 500;

-- name: report_customers(days)
-- Who buys most, how often, and what they think of it.
SELECT best.customer_id, best.orders, best.amount_cents, best.last_order, rated.rating
FROM (
    SELECT customer_id, count(*) AS orders, sum(amount_cents) AS amount_cents, (max(placed_at))::text AS last_order
    FROM orders
    WHERE placed_at > (SELECT max(placed_at) FROM orders) - make_interval(days => :days)
      AND status <> 'cancelled'
    GROUP BY customer_id
    ORDER BY amount_cents DESC
    LIMIT 100
) AS best
LEFT JOIN (
    SELECT customer_id, round(avg(rating), 2) AS rating FROM reviews GROUP BY customer_id
) AS rated ON rated.customer_id = best.customer_id
ORDER BY best.amount_cents DESC;

-- name: refresh_popularity()!
-- Units sold per product, of the whole history; only what changed is written.
UPDATE products p
SET popularity = sold.units
FROM (SELECT product_id, (sum(quantity))::integer AS units FROM order_lines GROUP BY product_id) AS sold
WHERE p.id = sold.product_id AND p.popularity <> sold.units;

-- name: unsent_jobs(entries)
-- The oldest rows that nobody else is handing over just now.
SELECT id, kind, payload FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT :entries FOR UPDATE SKIP LOCKED;

-- name: overdue_jobs(resend_after_s, entries)
-- Rows handed over long ago, with no sign of life since: a queue has lost them.
SELECT id, kind, payload
FROM outbox
WHERE done_at IS NULL AND sent_at < now() - make_interval(secs => :resend_after_s)
ORDER BY sent_at
LIMIT :entries
FOR UPDATE SKIP LOCKED;

-- name: unsend_jobs()!
-- The queues are gone with all that was in them: everything unfinished is handed over again.
UPDATE outbox SET sent_at = NULL WHERE done_at IS NULL AND sent_at IS NOT NULL;

-- name: mark_sent(ids)!
UPDATE outbox SET sent_at = now() WHERE id = ANY(:ids);

-- name: mark_done(ids)!
UPDATE outbox SET done_at = now() WHERE id = ANY(:ids) AND done_at IS NULL;

-- name: purge_outbox(keep_s)!
DELETE FROM outbox
WHERE id IN (SELECT id FROM outbox WHERE done_at < now() - make_interval(secs => :keep_s) LIMIT 1000);
