#!/bin/sh
# Looks every few seconds whether the archive takes what it is given; when it does not, the data go another way: a
# base backup has all of its log in it. Goes on for ever; the schedule starts it again when it has died.
set -u
failing="SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver"
while :; do
    if [ "$(psql -qAtc "$failing" 2> /dev/null)" = t ]; then
        echo "the archive fails: a backup instead"
        sh "$OPS/backup.sh"
    fi
    sleep 4
done
