-- The page that everybody sees first.

-- name: bestsellers(orders, items)
-- Most units over the newest orders. Lines are keyed by order, so only the newest ones are read. They are
-- counted, not computed from the last number: numbers have gaps (after a restore, thousands).
SELECT p.id, p.name, p.price_cents, sold.units, clock_timestamp() AS price_as_of
FROM (
    SELECT product_id, sum(quantity) AS units
    FROM order_lines
    WHERE order_id >= coalesce((SELECT id FROM orders ORDER BY id DESC OFFSET :orders - 1 LIMIT 1), 0)
    GROUP BY product_id
    ORDER BY units DESC, product_id
    LIMIT :items
) AS sold
JOIN products p ON p.id = sold.product_id
ORDER BY sold.units DESC, p.id;

-- name: new_products(items)
SELECT id, name, price_cents, created_at, clock_timestamp() AS price_as_of
FROM products
WHERE active
ORDER BY created_at DESC, id
LIMIT :items;

-- name: ratings_of_products(products)
-- The ratings of a whole list at once; see batch_ratings in [catalogue].
SELECT product_id, reviews, rating_sum FROM product_ratings WHERE product_id = ANY(:products);

-- name: rating_of_product(product)^
SELECT product_id, reviews, rating_sum FROM product_ratings WHERE product_id = :product;
