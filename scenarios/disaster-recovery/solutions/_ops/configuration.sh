#!/bin/sh
# The configuration in force, off site: only when it looks like one, and never over the last copy.
set -eu
for file in range.toml postgres/postgresql.conf haproxy/haproxy.cfg valkey/valkey.conf storefront/storefront.toml; do
    [ -s "$CONFIG/$file" ] || { echo "$CONFIG/$file is not there: nothing is copied" >&2; exit 1; }
done
if [ -d "$OFFSITE/config" ] && diff -r "$CONFIG" "$OFFSITE/config" > /dev/null; then exit 0; fi
rm -rf "$OFFSITE/.config"
cp -a "$CONFIG" "$OFFSITE/.config"
if [ -d "$OFFSITE/config" ]; then
    mkdir -p "$OFFSITE/config-before"
    mv "$OFFSITE/config" "$OFFSITE/config-before/$(date -u +%Y%m%dT%H%M%SZ)"
fi
mv "$OFFSITE/.config" "$OFFSITE/config"
ls -1d "$OFFSITE"/config-before/* 2> /dev/null | sort -r | tail -n +6 | while read -r old; do rm -rf "$old"; done
echo "configuration copied"
