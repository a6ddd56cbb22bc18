# Of what pg_waldump says: the transaction that deleted most from tables in which nothing is ever deleted, or (where a
# table is `gone`) the last that removed files. Prints "xid lsn" of its commit, or nothing.
# files: their relfilenodes; mended: transactions that were dealt with already.
function after(word, i) {
    for (i = 1; i < NF; i++) if ($i == word) { sub(",", "", $(i + 1)); return $(i + 1) }
    return ""
}
BEGIN {
    split(files, each, " "); for (i in each) watched[each[i]] = 1
    split(mended, each, " "); for (i in each) done[each[i]] = 1
}
/^rmgr: Heap / && / desc: DELETE / {
    path = after("rel"); sub(".*/", "", path)
    if (path in watched) count[after("tx:")]++
}
/^rmgr: Transaction / && / desc: COMMIT / {
    tx = after("tx:"); at[tx] = after("lsn:")
    if (/; rels: / && !(tx in done)) dropped = tx
}
END {
    for (tx in count) if (tx in at && !(tx in done) && count[tx] > most) { most = count[tx]; found = tx }
    if (found == "" && gone != "") found = dropped
    if (found != "") print found, at[found]
}
