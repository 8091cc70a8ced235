#!/bin/sh
# Records what lua5.4 prints for every Lua case, in NAME.out beside NAME.lua: expect.sh [TEXT-IN-THE-PATH]
# (not lua/beyond, where ours does more than PUC Lua and the output is written by hand)
# and for every Lua program, in expected.txt beside its main.lua. Without --write it only compares and lists differences.
set -u
export LC_ALL=C TZ=UTC
write=no
if [ "${1:-}" = "--write" ]; then write=yes; shift; fi
filter="${1:-}"
cd "$(dirname "$0")"
here="$PWD"
actual="$(mktemp)"
trap 'rm -f "$actual"' EXIT
bad=0

settle() { # settle EXPECTED-FILE: keeps or compares $actual
    if [ "$write" = yes ]; then
        cp "$actual" "$1"
    elif ! cmp -s "$actual" "$1"; then
        echo "differs: $1"
        bad=1
    fi
}

for case in $(find lua -name '*.lua' -not -path '*/modules/*' -not -path 'lua/beyond/*' | sort); do
    case "$case" in *"$filter"*) ;; *) continue ;; esac
    folder="$(dirname "$case")"
    name="$(basename "$case")"
    (cd "$folder" && timeout 120 lua5.4 "$here/run_case.lua" "$name" >"$actual" 2>&1 </dev/null)
    settle "${case%.lua}.out"
done

for program in $(find programs -name main.lua 2>/dev/null | sort); do
    case "$program" in *"$filter"*) ;; *) continue ;; esac
    folder="$(dirname "$program")"
    input=/dev/null
    [ -f "$folder/stdin.txt" ] && input=stdin.txt
    args=""
    [ -f "$folder/args.txt" ] && args="$(cat "$folder/args.txt")"
    (cd "$folder" && timeout 120 lua5.4 main.lua $args >"$actual" 2>&1 <"$input")
    settle "$folder/expected.txt"
done
exit $bad
