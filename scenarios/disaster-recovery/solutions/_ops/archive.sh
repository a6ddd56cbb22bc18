#!/bin/sh
# archive_command: one segment ($1 its path, $2 its name) off site, compressed; whole or not at all, never twice.
set -eu
mkdir -p "$OFFSITE/wal"
if [ -f "$OFFSITE/wal/$2.gz" ]; then
    gzip -dc "$OFFSITE/wal/$2.gz" | cmp -s - "$1"
    exit
fi
gzip -1 < "$1" > "$OFFSITE/wal/.$2.gz"
sync "$OFFSITE/wal/.$2.gz"
mv "$OFFSITE/wal/.$2.gz" "$OFFSITE/wal/$2.gz"
