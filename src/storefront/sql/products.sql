-- One product and what stands on its page.

-- name: product_by_id(product)^
SELECT p.id, p.name, p.description, p.price_cents, c.slug AS category, s.on_hand AS stock,
       clock_timestamp() AS price_as_of
FROM products p
JOIN categories c ON c.id = p.category_id
JOIN stock s ON s.product_id = p.id
WHERE p.id = :product AND p.active;

-- name: newest_reviews_of_product(product, entries)
SELECT r.id, r.rating, r.helpful, r.body, r.created_at, c.name AS author
FROM (SELECT * FROM reviews WHERE product_id = :product ORDER BY id DESC LIMIT :entries) AS r
JOIN customers c ON c.id = r.customer_id
ORDER BY r.id DESC;

-- name: recommendations_for_product(product, orders, items)
-- What stands most often in the newest orders of this product. Without prices: these are kept for long.
SELECT p.id, p.name, often.orders
FROM (
    SELECT other.product_id, count(*) AS orders
    FROM (
        SELECT order_id FROM order_lines WHERE product_id = :product ORDER BY order_id DESC LIMIT :orders
    ) AS mine
    JOIN order_lines other USING (order_id)
    WHERE other.product_id <> :product
    GROUP BY other.product_id
    ORDER BY orders DESC, other.product_id
    LIMIT :items
) AS often
JOIN products p ON p.id = often.product_id
ORDER BY often.orders DESC, p.id;
