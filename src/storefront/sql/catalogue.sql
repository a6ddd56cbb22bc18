-- Categories and listings. A listing takes the category's own products and those of its children: each of them is
-- read in the order of an index and only as far as the page needs.

-- name: categories()
SELECT c.id, c.parent_id, c.slug, c.name, coalesce(n.products, 0) AS products
FROM categories c
LEFT JOIN (SELECT category_id, count(*) AS products FROM products WHERE active GROUP BY category_id) AS n
       ON n.category_id = c.id
ORDER BY c.id;

-- name: category_by_slug(slug)^
SELECT id, slug, name FROM categories WHERE slug = :slug;

-- name: category_products_by_popularity(category, entries, skipped)
SELECT page.*, clock_timestamp() AS price_as_of
FROM categories c
CROSS JOIN LATERAL (
    SELECT id, name, price_cents, popularity
    FROM products
    WHERE category_id = c.id AND active
    ORDER BY popularity DESC, id
    LIMIT :skipped + :entries
) AS page
WHERE c.id = :category OR c.parent_id = :category
ORDER BY page.popularity DESC, page.id
LIMIT :entries OFFSET :skipped;

-- name: category_products_by_price(category, entries, skipped)
SELECT page.*, clock_timestamp() AS price_as_of
FROM categories c
CROSS JOIN LATERAL (
    SELECT id, name, price_cents, popularity
    FROM products
    WHERE category_id = c.id AND active
    ORDER BY price_cents, id
    LIMIT :skipped + :entries
) AS page
WHERE c.id = :category OR c.parent_id = :category
ORDER BY page.price_cents, page.id
LIMIT :entries OFFSET :skipped;

-- name: category_products_by_newest(category, entries, skipped)
SELECT page.id, page.name, page.price_cents, page.popularity, clock_timestamp() AS price_as_of
FROM categories c
CROSS JOIN LATERAL (
    SELECT id, name, price_cents, popularity, created_at
    FROM products
    WHERE category_id = c.id AND active
    ORDER BY created_at DESC, id
    LIMIT :skipped + :entries
) AS page
WHERE c.id = :category OR c.parent_id = :category
ORDER BY page.created_at DESC, page.id
LIMIT :entries OFFSET :skipped;

-- name: products_by_popularity(entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE active
ORDER BY popularity DESC, id
LIMIT :entries OFFSET :skipped;

-- name: products_by_price(entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE active
ORDER BY price_cents, id
LIMIT :entries OFFSET :skipped;

-- name: products_by_newest(entries, skipped)
SELECT id, name, price_cents, popularity, clock_timestamp() AS price_as_of
FROM products
WHERE active
ORDER BY created_at DESC, id
LIMIT :entries OFFSET :skipped;
