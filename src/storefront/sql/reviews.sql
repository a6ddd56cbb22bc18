-- Reviews of a product, page by page.

-- name: reviews_of_product(product, before, entries, skipped)
-- Newest first. Pages are skipped inside the index, and only the rows of the page asked for are fetched; a reader
-- who goes on with `before` (the last id seen) skips nothing at all.
SELECT r.id, r.rating, r.helpful, r.body, r.created_at, c.name AS author
FROM (
    SELECT id FROM reviews
    WHERE product_id = :product AND id < :before
    ORDER BY id DESC
    LIMIT :entries OFFSET :skipped
) AS page
JOIN reviews r ON r.id = page.id
JOIN customers c ON c.id = r.customer_id
ORDER BY r.id DESC;
