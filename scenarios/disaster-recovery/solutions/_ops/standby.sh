#!/bin/sh
# A standby that follows, at the other site; customers are told "done" when it has the order too. While it is away
# they are not made to wait for it. One at a time.
set -eu
exec 9> "$HOME/standby.lock"
flock 9
primary() { psql -qAtc "$1" 2> /dev/null; }
streams() { [ "$(primary "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'")" = 1 ]; }
wait_for_it() {
    [ "$(primary 'SHOW synchronous_standby_names')" != "$1" ] || return 0
    psql -qAtc 'SET synchronous_commit = local' -c "ALTER SYSTEM SET synchronous_standby_names = '$1'" -c 'SELECT pg_reload_conf()' > /dev/null
}

[ "$(primary 'SELECT pg_is_in_recovery()')" = f ] || { echo "no primary: not now"; exit 0; }
if streams; then
    wait_for_it standby
    exit 0
fi
wait_for_it ""
shopctl stop standby || true
find "$STANDBY_DATA" -mindepth 1 -delete
pg_basebackup -D "$STANDBY_DATA" -R -d "application_name=standby" -X stream -c fast
shopctl start standby
for try in 1 2 3 4 5 6 7 8 9 10; do
    if streams; then
        wait_for_it standby
        echo "the standby follows"
        exit 0
    fi
    sleep 1
done
echo "the standby does not follow" >&2
exit 1
