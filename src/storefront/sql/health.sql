-- Whether the database serves.

-- name: ready()^
SELECT id FROM products ORDER BY id LIMIT 1;
