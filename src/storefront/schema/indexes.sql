-- Keys, constraints and the indexes that the shipped queries need; made after the data, which is faster.

ALTER TABLE products ADD PRIMARY KEY (id);
ALTER TABLE customers ADD PRIMARY KEY (id);
ALTER TABLE stock ADD PRIMARY KEY (product_id);
ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE order_lines ADD PRIMARY KEY (order_id, product_id);
ALTER TABLE reviews ADD PRIMARY KEY (id);
ALTER TABLE product_ratings ADD PRIMARY KEY (product_id);
ALTER TABLE cart_items ADD PRIMARY KEY (customer_id, product_id);
ALTER TABLE idempotency_keys ADD PRIMARY KEY (customer_id, key);

-- Sign-in.
CREATE UNIQUE INDEX customers_email ON customers (email);
-- Listings of one category, one index for each way to sort.
CREATE INDEX products_category_popularity ON products (category_id, popularity DESC, id);
CREATE INDEX products_category_price ON products (category_id, price_cents, id);
CREATE INDEX products_category_created ON products (category_id, created_at DESC, id);
-- Listings of the whole shop.
CREATE INDEX products_popularity ON products (popularity DESC, id);
CREATE INDEX products_price ON products (price_cents, id);
CREATE INDEX products_created ON products (created_at DESC, id);
-- Search inside names: ILIKE '%word%'.
CREATE INDEX products_name_trgm ON products USING gin (name gin_trgm_ops);
-- Reviews of a product, newest first.
CREATE INDEX reviews_product ON reviews (product_id, id DESC);
-- History of a customer, newest first; totals need no visit to the table.
CREATE INDEX orders_customer ON orders (customer_id, id DESC);
-- Reports by day.
CREATE INDEX orders_placed_at ON orders (placed_at);
-- Orders that still need work: few, so the index is small.
CREATE INDEX orders_open ON orders (id) WHERE status = 'placed';
-- What others bought with a product.
CREATE INDEX order_lines_product ON order_lines (product_id, order_id DESC);
CREATE INDEX price_history_product ON price_history (product_id, changed_at DESC);

ALTER TABLE products ADD FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE stock ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE cart_items ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE cart_items ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE order_lines ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE reviews ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE reviews ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE idempotency_keys ADD FOREIGN KEY (order_id) REFERENCES orders;

CREATE TRIGGER reviews_keep_rating AFTER INSERT OR UPDATE OR DELETE ON reviews
    FOR EACH ROW EXECUTE FUNCTION keep_product_rating();
