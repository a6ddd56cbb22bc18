#!/bin/sh
# One more base backup off site, verified; the older ones are kept, but not all of them. One at a time.
set -eu
KEPT=4
base="$OFFSITE/base"
mkdir -p "$base" "$OFFSITE/wal"
exec 9> "$HOME/backup.lock"
flock 9
name=$(date -u +%Y%m%dT%H%M%S%N)
pg_basebackup -D "$base/.$name" -X stream -c fast
pg_verifybackup -q "$base/.$name"
mv "$base/.$name" "$base/$name"
echo "$name is there and whole"
# What cannot be deleted now is deleted the next time.
ls -1 "$base" | sort -r | tail -n +$((KEPT + 1)) | while read -r old; do rm -rf "${base:?}/$old" || true; done
find "$base" "$OFFSITE/wal" -mindepth 1 -maxdepth 1 -name '.*' -mmin +10 -exec rm -rf {} + || true
# Log from before the oldest backup serves nobody.
oldest=$(ls -1 "$base" | sort | head -1)
first=$(sed -n 's/.*(file \([0-9A-F]*\)).*/\1/p' "$base/$oldest/backup_label" | head -1)
[ -n "$first" ] || exit 0
ls -1 "$OFFSITE/wal" | while read -r file; do
    case $file in
        *.history.gz) ;;
        *) [ "$(echo "$file" | cut -c 9-24)" \< "$(echo "$first" | cut -c 9-24)" ] && rm -f "$OFFSITE/wal/$file" ;;
    esac
    true
done
