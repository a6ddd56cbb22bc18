-- Who may do what in the database. Passwords are the names until whoever runs the server sets better ones:
-- ALTER ROLE shop_app PASSWORD ...; nothing here depends on them.

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['shop_admin', 'shop_app', 'monitor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = named) THEN
            EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', named, named);
        END IF;
    END LOOP;
END
$$;

-- shop_admin: migrations, indexes, repair. Owns every table, so it may also ANALYZE and VACUUM them.
DO $$
DECLARE
    thing record;
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO shop_admin', current_database());
    FOR thing IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                  WHERE n.nspname = 'public' AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %I OWNER TO shop_admin', thing.relname);
    END LOOP;
END
$$;
ALTER SCHEMA public OWNER TO shop_admin;
ALTER FUNCTION keep_product_rating() OWNER TO shop_admin;
ALTER FUNCTION outbox_notify() OWNER TO shop_admin;
GRANT pg_monitor, pg_signal_backend TO shop_admin;
GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO shop_admin;

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

-- monitor: reads figures, and no customer's data.
GRANT pg_monitor TO monitor;
