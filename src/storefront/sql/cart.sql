-- The cart of a customer.

-- name: cart_of_customer(customer)
SELECT i.product_id, p.name, i.quantity, p.price_cents, s.on_hand AS stock, clock_timestamp() AS price_as_of
FROM cart_items i
JOIN products p ON p.id = i.product_id
JOIN stock s ON s.product_id = i.product_id
WHERE i.customer_id = :customer
ORDER BY i.added_at, i.product_id;

-- name: put_cart_item(customer, product, quantity)!
-- Nothing is put in when the product does not exist.
INSERT INTO cart_items (customer_id, product_id, quantity)
SELECT :customer, id, :quantity FROM products WHERE id = :product AND active
ON CONFLICT (customer_id, product_id) DO UPDATE SET quantity = EXCLUDED.quantity;

-- name: delete_cart_item(customer, product)!
DELETE FROM cart_items WHERE customer_id = :customer AND product_id = :product;
