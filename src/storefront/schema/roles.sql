-- Who may do what in the database. Passwords are the names: the range sits on the loopback; a real shop would
-- bring them from its secret store.

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['shop_owner', 'shop_app', 'shop_monitor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = named) THEN
            EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', named, named);
        END IF;
    END LOOP;
END
$$;

-- shop_owner: migrations, indexes, repair. Owns every table, so it may also ANALYZE and VACUUM them.
DO $$
DECLARE
    thing record;
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO shop_owner', current_database());
    FOR thing IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                  WHERE n.nspname = 'public' AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %I OWNER TO shop_owner', thing.relname);
    END LOOP;
END
$$;
ALTER SCHEMA public OWNER TO shop_owner;
ALTER FUNCTION keep_product_rating() OWNER TO shop_owner;
ALTER FUNCTION outbox_notify() OWNER TO shop_owner;
GRANT pg_monitor, pg_signal_backend TO shop_owner;
GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO shop_owner;

-- shop_app: what replicas and workers do, and nothing else: no table can be changed or dropped by it.
GRANT USAGE ON SCHEMA public TO shop_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_app;
GRANT INSERT, UPDATE, DELETE ON cart_items, outbox, low_stock TO shop_app;
GRANT INSERT, UPDATE ON payments, stock_movements, mails_sent, reports, product_ratings TO shop_app;
GRANT INSERT ON orders, order_lines, idempotency_keys, reviews, price_history, audit_log TO shop_app;
GRANT UPDATE (status) ON orders TO shop_app;
GRANT UPDATE (price_cents, popularity) ON products TO shop_app;
GRANT UPDATE (on_hand) ON stock TO shop_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop_app;

-- shop_monitor: reads figures, and no customer's data.
GRANT pg_monitor TO shop_monitor;
