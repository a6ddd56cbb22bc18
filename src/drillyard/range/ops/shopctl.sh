#!/bin/sh
# shopctl: see, start and stop what runs in this shop, and put a configuration in force.
# Speaks to the drill's daemon through named pipes, so that it needs nothing but a shell.
usage() {
    cat <<'END'
usage: shopctl status              every component, one a line: name and state
       shopctl start COMPONENT     start it and wait until it is ready
       shopctl stop COMPONENT      stop it in order; it stays down until it is started
       shopctl restart COMPONENT   stop and start it
       shopctl apply DIRECTORY     put a configuration in force that is laid out like the workspace
END
    exit 64
}

case "${1:-}:$#" in
    status:1 | start:2 | stop:2 | restart:2) ;;
    apply:2)
        if ! where=$(cd -- "$2" 2>/dev/null && pwd); then
            if [ -d "$2" ]; then why="cannot be entered"; else why="is no directory"; fi
            echo "shopctl: $2 $why; name one that is laid out like the workspace" >&2
            exit 66
        fi
        set -- apply "$where"
        ;;
    *) usage ;;
esac
if [ -z "${SHOPCTL_AT:-}" ]; then
    echo "shopctl: this is no shell of a drill; open one with: drill shell" >&2
    exit 64
fi

answer="$SHOPCTL_AT/answers/$$"
mkfifo -m 600 "$answer" || exit 74
trap 'rm -f "$answer"' EXIT
trap 'exit 130' INT TERM
line=$$
tab=$(printf '\t')
for word; do line="$line$tab$word"; done

# A pipe that nobody reads blocks whoever opens it.
if ! timeout 5 sh -c 'printf "%s\n" "$1" > "$2"' sh "$line" "$SHOPCTL_AT/requests"; then
    echo "shopctl: the drill's daemon does not answer; start it again with any drill command" >&2
    exit 75
fi
said=$(timeout 180 cat "$answer") || { echo "shopctl: no answer within three minutes" >&2; exit 75; }
code=${said%%
*}
text=${said#"$code"}
text=${text#
}
if [ "$code" = 0 ]; then
    [ -z "$text" ] || printf '%s\n' "$text"
else
    printf '%s\n' "$text" >&2
fi
exit "$code"
