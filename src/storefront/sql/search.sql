-- Search in the names of products.

-- name: search_products(pattern, patterns, entries, skipped)
-- `pattern` is the longest word as %word%, for the trigram index; `patterns` are all words.
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE name ILIKE :pattern AND name ILIKE ALL(:patterns) AND active
ORDER BY popularity DESC, id
LIMIT :entries OFFSET :skipped;
