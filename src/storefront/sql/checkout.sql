-- Checkout: all in one transaction, in this order.

-- name: lock_idempotency_key(customer, key)
-- Two checkouts with one key wait for each other; released at the end of the transaction.
SELECT pg_advisory_xact_lock(:customer, hashtext(:key));

-- name: order_of_idempotency_key(customer, key)^
SELECT o.id, o.amount_cents, o.currency, o.status
FROM idempotency_keys k
JOIN orders o ON o.id = k.order_id
WHERE k.customer_id = :customer AND k.key = :key;

-- name: take_cart(customer)
-- The cart is emptied; what was in it comes back with the prices of this moment.
WITH taken AS (
    DELETE FROM cart_items WHERE customer_id = :customer RETURNING product_id, quantity
)
SELECT t.product_id, t.quantity, p.price_cents
FROM taken t
JOIN products p ON p.id = t.product_id AND p.active
ORDER BY t.product_id;

-- name: lock_stock(products)
-- Always in the order of the ids, so that two checkouts cannot block each other.
SELECT product_id, on_hand FROM stock WHERE product_id = ANY(:products) ORDER BY product_id FOR UPDATE;

-- name: insert_order(customer, amount_cents, currency)^
INSERT INTO orders (customer_id, amount_cents, currency)
VALUES (:customer, :amount_cents, :currency)
RETURNING id, placed_at, status;

-- name: insert_order_lines(order_id, products, quantities, prices)!
INSERT INTO order_lines (order_id, product_id, quantity, price_cents)
SELECT :order_id, line.product_id, line.quantity, line.price_cents
FROM unnest((:products)::integer[], (:quantities)::integer[], (:prices)::integer[])
  AS line (product_id, quantity, price_cents);

-- name: take_stock(products, quantities)!
UPDATE stock s
SET on_hand = s.on_hand - wanted.quantity
FROM unnest((:products)::integer[], (:quantities)::integer[]) AS wanted (product_id, quantity)
WHERE s.product_id = wanted.product_id;

-- name: insert_payment(order_id, token, amount_cents, currency)!
INSERT INTO payments (order_id, token, amount_cents, currency)
VALUES (:order_id, :token, :amount_cents, :currency);

-- name: insert_idempotency_key(customer, key, order_id)!
INSERT INTO idempotency_keys (customer_id, key, order_id) VALUES (:customer, :key, :order_id);
