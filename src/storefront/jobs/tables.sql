-- Tables that background jobs need beside the shop's own (customers, products, orders, order_lines, reviews).
-- Executed with the shop's schema; every statement can be repeated.

-- Jobs that were promised in a transaction. Whoever writes a row in the same transaction as the data it
-- belongs to can rely on the job being run at least once. `kind` is the name of an actor, `payload` its
-- arguments. Workers of type payments hand the rows over (`sent_at`); a job that ended, well or as a dead
-- letter, sets `done_at`.
CREATE TABLE IF NOT EXISTS outbox (
    id         bigserial PRIMARY KEY,
    kind       text NOT NULL,
    payload    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,
    done_at    timestamptz
);
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_unfinished ON outbox (sent_at) WHERE done_at IS NULL AND sent_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_finished ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE OR REPLACE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY outbox;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();

-- One charge for an order; written by checkout as 'pending' with the token that the customer gave.
CREATE TABLE IF NOT EXISTS payments (
    order_id     bigint PRIMARY KEY,
    token        text NOT NULL,
    amount_cents bigint NOT NULL,
    currency     text NOT NULL,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'declined')),
    charge_id    text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- The stock ledger: each movement once per order, product and kind, which makes stock jobs repeatable.
CREATE TABLE IF NOT EXISTS stock_movements (
    order_id   bigint NOT NULL,
    product_id bigint NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('sale', 'restock')),
    quantity   integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, product_id, kind)
);

-- Products that fell under their threshold and for which no delivery has come yet.
CREATE TABLE IF NOT EXISTS low_stock (
    product_id bigint PRIMARY KEY,
    stock      integer NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now()
);

-- Mails that have gone out, so that a repeated job sends none twice.
CREATE TABLE IF NOT EXISTS mails_sent (
    order_id bigint NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('confirmation', 'payment_failed', 'shipped')),
    sent_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, kind)
);

-- Reports that were asked for (by an administrator, or nightly) and what came out.
CREATE TABLE IF NOT EXISTS reports (
    id           bigserial PRIMARY KEY,
    name         text NOT NULL,
    days         integer NOT NULL DEFAULT 30,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    result       jsonb
);
