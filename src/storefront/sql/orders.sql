-- A customer's own orders.

-- name: orders_of_customer(customer, before, entries, skipped)
-- Newest first. Pages are skipped inside the index; see reviews_of_product.
SELECT o.id, o.placed_at, o.amount_cents, o.currency, o.status
FROM (
    SELECT id FROM orders
    WHERE customer_id = :customer AND id < :before
    ORDER BY id DESC
    LIMIT :entries OFFSET :skipped
) AS page
JOIN orders o ON o.id = page.id
ORDER BY o.id DESC;

-- name: lines_of_orders(orders)
-- The lines of a whole page of orders at once; see batch_order_lines in [catalogue].
SELECT l.order_id, l.product_id, p.name, l.quantity, l.price_cents
FROM order_lines l
JOIN products p ON p.id = l.product_id
WHERE l.order_id = ANY(:orders)
ORDER BY l.order_id, l.product_id;

-- name: lines_of_order(order_id)
SELECT l.order_id, l.product_id, p.name, l.quantity, l.price_cents
FROM order_lines l
JOIN products p ON p.id = l.product_id
WHERE l.order_id = :order_id
ORDER BY l.product_id;

-- name: order_of_customer(customer, order_id)^
SELECT o.id, o.placed_at, o.amount_cents, o.currency, o.status, p.status AS payment
FROM orders o
LEFT JOIN payments p ON p.order_id = o.id
WHERE o.id = :order_id AND o.customer_id = :customer;
