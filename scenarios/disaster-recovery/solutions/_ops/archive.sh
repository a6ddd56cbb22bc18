#!/bin/sh
# archive_command: one segment ($1 its path, $2 its name) off site, compressed; whole or not at all, never twice.
set -eu
mkdir -p "$OFFSITE/wal"
if [ -f "$OFFSITE/wal/$2.gz" ]; then
    gzip -dc "$OFFSITE/wal/$2.gz" | cmp -s - "$1"
    exit
fi
# A name of its own: one that a crash left behind may still be at it.
new="$OFFSITE/wal/.$2.$$"
trap 'rm -f "$new"' EXIT
gzip -1 < "$1" > "$new"
sync "$new"
mv "$new" "$OFFSITE/wal/$2.gz"
