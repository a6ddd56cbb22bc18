#!/bin/sh
# Brings the shop back, whatever has happened: looks, then acts; what is well is left alone. Safe to run twice.
set -eu
RESTORE='gzip -dc "$OFFSITE/wal/%f.gz" > "%p"'
FOREVER="orders order_lines reviews" # nothing in the shop ever deletes from these
TABLES="categories products stock customers orders order_lines payments reviews product_ratings idempotency_keys
    mails_sent stock_movements reports price_history audit_log outbox cart_items low_stock"
MENDED="$OFFSITE/mended" # transactions whose damage was repaired already
here=$(dirname "$0")
work=$(mktemp -d) # short, for the sockets of a server beside the shop's
trap 'pg_ctl -D "$work/data" -m immediate stop > /dev/null 2>&1 || true; rm -rf "$work"' EXIT
exec 9> "$HOME/standby.lock"
flock 9 # nobody rebuilds the standby meanwhile

say() { echo "$(date -u +%T) $*"; }
ask() { psql -qAtc "$1"; }
answers() { ask 'SELECT 1' > /dev/null 2>&1; }
standby_lives() { psql -h "$STANDBY_HOST" -p "$STANDBY_PORT" -qAtc 'SELECT 1' > /dev/null 2>&1; }
# Whether the standby gets the log; after a restart it asks again within a second.
standby_follows() {
    standby_lives || return 1
    tries=25
    until [ "$(ask "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = 'standby'")" = 1 ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.2
    done
}
state() { shopctl status | awk -v name="$1" '$1 == name {print $2}'; }
beside() { psql -h "$work" -p 6543 "$@"; }

# Wait until the query $2 gives $3 (asked by $1), for a minute and a half at most.
wait_for() {
    tries=450
    until [ "$("$1" -qAtc "$2" 2> /dev/null)" = "$3" ]; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ]; then say "in vain: $2" >&2; return 1; fi
        sleep 0.2
    done
}
in_service() { wait_for psql 'SELECT pg_is_in_recovery()' f; }

# A standby that does not follow must not hold up whoever buys; the schedule makes a new one.
alone() {
    psql -qAtc 'SET synchronous_commit = local' -c "ALTER SYSTEM SET synchronous_standby_names = ''" \
        -c 'SELECT pg_reload_conf()' > /dev/null
}

lsn() { printf '%8s%8s\n' "${1%/*}" "${1#*/}" | tr ' ' 0; }

# The newest backup that is whole and was done before log position $1 (empty: any).
whole_backup() {
    for each in $(ls -1 "$OFFSITE/base" | sort -r); do
        end=$(sed -n 's/.*"End-LSN": "\([^"]*\)".*/\1/p' "$OFFSITE/base/$each/backup_manifest" 2> /dev/null | tail -1)
        [ -n "$end" ] || continue
        if [ -n "$1" ] && [ ! "$(lsn "$end")" \< "$(lsn "$1")" ]; then continue; fi
        if pg_verifybackup -q "$OFFSITE/base/$each" 2> /dev/null; then
            echo "$OFFSITE/base/$each"
            return
        fi
        say "$each is not whole" >&2
    done
    say "no backup is whole" >&2
    return 1
}

# A copy of backup $1 in directory $2 that will replay the archive, with the further settings $3. The signal comes
# first: a copy that was cut short does not start as if it were whole.
lay_out() {
    mkdir -p "$2"
    find "$2" -mindepth 1 -delete
    touch "$2/recovery.signal"
    cp -a "$1/." "$2/"
    chmod 700 "$2"
    rm -f "$2/standby.signal"
    sed -i -e '/^primary_/d' -e '/^restore_command/d' -e '/^recovery_target/d' "$2/postgresql.auto.conf"
    {
        echo "restore_command = '$RESTORE'"
        [ -z "$3" ] || echo "$3"
    } >> "$2/postgresql.auto.conf"
}

from_archive() {
    backup=$(whole_backup "")
    say "restoring $backup and the log since"
    lay_out "$backup" "$PGDATA" "synchronous_standby_names = ''"
    shopctl start postgres
}

from_standby() {
    say "the standby takes over"
    psql -h "$STANDBY_HOST" -p "$STANDBY_PORT" -qAtc 'SELECT pg_promote()' > /dev/null
    shopctl stop standby
    mkdir -p "$PGDATA"
    find "$PGDATA" -mindepth 1 -delete
    cp -a "$STANDBY_DATA/." "$PGDATA/"
    chmod 700 "$PGDATA"
    sed -i -e '/^primary_/d' -e '/^synchronous_standby_names/d' "$PGDATA/postgresql.auto.conf"
    echo "synchronous_standby_names = ''" >> "$PGDATA/postgresql.auto.conf"
    # The archive has to know of the new timeline: a restore from an older backup goes that way.
    for history in "$PGDATA"/pg_wal/*.history; do
        [ ! -f "$history" ] || touch "$PGDATA/pg_wal/archive_status/$(basename "$history").ready"
    done
    # The old server's last segment may go further than this copy of it: where the archive has that one already, it
    # would refuse this one for ever, and everything after it.
    for segment in $(ls -1 "$PGDATA/pg_wal" | grep -E '^[0-9A-F]{24}$'); do
        [ ! -f "$OFFSITE/wal/$segment.gz" ] || touch "$PGDATA/pg_wal/archive_status/$segment.done"
    done
    find "$STANDBY_DATA" -mindepth 1 -delete
    shopctl start postgres
}

# Numbers of orders that are gone were told to customers: they are not given again.
numbers_ahead() {
    psql -qAt > /dev/null <<'SQL'
SET synchronous_commit = local;
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 1) + 10000)
  FROM pg_sequences WHERE schemaname = 'public';
SQL
}

restore() {
    shopctl stop haproxy > /dev/null || true
    shopctl stop postgres > /dev/null || true
    if standby_lives; then from_standby; else from_archive; fi
    in_service
    numbers_ahead
}

# The first table of which not every page can be read, or nothing.
unreadable() {
    for table in $(ask "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"); do
        ask "COPY $table TO PROGRAM 'cat > /dev/null'" > /dev/null 2>&1 || { echo "$table"; return; }
    done
}

missing_tables() {
    for table in $TABLES; do
        [ -n "$(ask "SELECT to_regclass('public.$table')")" ] || echo "$table"
    done
}

# The transaction that took what must stay, of the log that is still there: "xid lsn" of its commit, or nothing.
culprit() {
    ask 'SELECT pg_switch_wal()' > /dev/null
    now=$(ask 'SELECT pg_walfile_name(pg_current_wal_lsn())')
    mkdir -p "$work/log"
    for file in $(ls -1 "$PGDATA/pg_wal" | grep -E '^[0-9A-F]{24}$'); do
        [ ! "$file" \< "$now" ] || cp "$PGDATA/pg_wal/$file" "$work/log/" 2> /dev/null || true # it may be recycled now
    done
    for file in $(ls -1 "$OFFSITE/wal" | grep -E '^[0-9A-F]{24}\.gz$' | tail -n 120); do
        [ -f "$work/log/${file%.gz}" ] || gzip -dc "$OFFSITE/wal/$file" > "$work/log/${file%.gz}" || true
    done
    files=$(for table in $FOREVER; do ask "SELECT pg_relation_filenode(to_regclass('public.$table'))"; done | tr '\n' ' ')
    for file in $(ls -1 "$work/log" | sort); do pg_waldump "$work/log/$file" 2> /dev/null || true; done |
        awk -v files="$files" -v gone="$(missing_tables | tr '\n' ' ')" \
            -v mended="$(cat "$MENDED" 2> /dev/null | tr '\n' ' ')" -f "$here/culprit.awk"
}

# What transaction $1 (committed at $2) deleted comes back from a copy of the moment before it.
fetch_back() {
    say "transaction $1 deleted what it should have kept: fetching it from a copy of before"
    backup=$(whole_backup "$2")
    wait_for psql "SELECT last_archived_wal >= pg_walfile_name('$2') FROM pg_stat_archiver" t
    lay_out "$backup" "$work/data" "recovery_target_xid = '$1'
recovery_target_inclusive = off
recovery_target_action = promote"
    pg_ctl -D "$work/data" -l "$work/log.txt" -w -t 90 start -o "-c config_file=$CONFIG/postgres/postgresql.conf \
        -c hba_file=$work/data/pg_hba.conf -c listen_addresses='' -c port=6543 -c unix_socket_directories=$work \
        -c archive_mode=off -c shared_preload_libraries='' -c synchronous_standby_names='' -c shared_buffers=32MB" \
        > /dev/null 9>&-
    wait_for beside 'SELECT pg_is_in_recovery()' f || { tail -5 "$work/log.txt" >&2; return 1; }
    for table in $(missing_tables); do
        say "table $table"
        pg_dump -h "$work" -p 6543 -t "public.$table" | psql -q -v ON_ERROR_STOP=1 > /dev/null
    done
    for table in $FOREVER; do
        say "rows of $table"
        psql -q -v ON_ERROR_STOP=1 > /dev/null <<SQL
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = local;
CREATE TEMP TABLE back (LIKE public.$table) ON COMMIT DROP;
\\copy back FROM PROGRAM 'psql -h $work -p 6543 -qAtc "COPY public.$table TO STDOUT"'
INSERT INTO public.$table OVERRIDING SYSTEM VALUE SELECT * FROM back ON CONFLICT DO NOTHING;
COMMIT;
SQL
    done
    pg_ctl -D "$work/data" -m immediate stop > /dev/null
    find "$work/data" -mindepth 1 -delete
    echo "$1" >> "$MENDED"
    # Jobs that ran while lines were gone booked nothing.
    psql -q > /dev/null <<'SQL'
SET synchronous_commit = local;
INSERT INTO outbox (kind, payload)
SELECT 'book_sale', jsonb_build_object('order_id', o.id)
  FROM orders o
 WHERE o.placed_at > now() - interval '1 hour' AND EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id)
   AND NOT EXISTS (SELECT FROM stock_movements s WHERE s.order_id = o.id);
SQL
}

say "1. configuration"
whole=yes
for file in postgres/postgresql.conf haproxy/haproxy.cfg valkey/valkey.conf; do
    [ -s "$CONFIG/$file" ] || whole=no
done
if [ "$whole" = no ]; then shopctl apply "$OFFSITE/config"; fi

say "2. database"
[ "$(state postgres)" = ready ] || shopctl start postgres > /dev/null 2>&1 || true
if ! answers; then
    restore
elif [ "$(ask 'SELECT pg_is_in_recovery()')" = t ]; then
    say "somebody is restoring it already"
    in_service
    numbers_ahead
else
    [ -z "$(ask 'SHOW synchronous_standby_names')" ] || standby_follows || alone
    broken=$(unreadable)
    if [ -n "$broken" ]; then
        say "$broken cannot be read"
        shopctl stop haproxy
        if ! standby_lives; then
            ask 'SELECT pg_switch_wal()' > /dev/null
            last=$(ask 'SELECT pg_walfile_name(pg_current_wal_lsn() - 1)')
            wait_for psql "SELECT last_archived_wal >= '$last' FROM pg_stat_archiver" t
        fi
        restore
    else
        for turn in 1 2 3; do
            found=$(culprit)
            [ -n "$found" ] || break
            fetch_back $found
        done
    fi
fi

say "3. cache and queues"
[ "$(state valkey)" = ready ] || shopctl start valkey
ask "SET synchronous_commit = local; UPDATE outbox SET sent_at = NULL WHERE done_at IS NULL" > /dev/null

say "4. what reads them"
for each in $(shopctl status | awk '/^(storefront|worker|partner|mailsink|scheduler)/ {print $1}'); do
    [ "$(state "$each")" = ready ] || shopctl start "$each" > /dev/null
done

say "5. the door"
[ "$(state haproxy)" = ready ] || shopctl start haproxy > /dev/null

say "6. a backup of what there is now"
sh "$here/backup.sh" 9>&-
say "done"
