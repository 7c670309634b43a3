#!/usr/bin/env bash
# disturbed.sh - is the demonstration tried again only when this machine alone spoilt a time? And does the
# table say how often it was tried, and why? A failure of the product is never tried again.
# shellcheck disable=SC2034 # TEST is for table.sh
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/disturbed.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
bad=0
report() { # STATUS WHAT
	if [ "$1" = 0 ]; then echo "ok disturbed: $2"; else echo "not ok disturbed: $2"; bad=1; fi
}

# ------------------------------------------------------------------- what a row does to the whole

# Each row's status, as the table gives it to the demonstration, from rows in a shell of their own.
judged() { # SCRIPT
	bash -c 'TEST='\'\''; . "$0/tests/demo/table.sh"; eval "$1"; table_status; table_print >&2' "$SOURCE" "$1" 2>"$DIR/table"
}
while IFS='|' read -r status rows what; do
	[ "$(judged "$rows")" = "$status" ]
	report $? "$what: status $status"
done <<'T'
0|row 0 a b c; timed gap 300 300 16|all within their limits
1|row 1 octets 3 none|no time, and failed
1|row 1 octets 3 none; timed gap 310 300 900|no time, and failed, on a machine that stopped its own streams
1|timed gap 310 300 16|a time over its limit on a machine at rest
3|timed gap 340 300 60|a time over its limit by what the control stream stood still
1|timed gap 341 300 60|a time over its limit by more than the control stream stood still
1|timed gap 340 300 60; timed gap 310 300 16|one time excused, the next not
1|timed gap "" 300 60|a time that was not measured
1|row 0 a b c; row "$(at_least "" 10; echo $?)" octets "" 10|octets that were not counted
T
judged 'timed gap 340 300 60; table_facts "$(printf "gap 400 ms, control stream 200 ms; \ngap 350 ms, control stream 90 ms; ")" 16 60' >/dev/null
grep -q '^tries  *3; try 1 was disturbed: gap 400 ms.*; try 2 was disturbed: gap 350 ms' "$DIR/table"
report $? "the table says how many tries there were, and what disturbed them"
grep -q 'largest gaps *16,60 ms' "$DIR/table" && grep -q '^gap  *340 ms .*disturbed: control stream 60 ms$' "$DIR/table"
report $? "the table says what the control stream saw"

# ------------------------------------------------------------------------------- who tries again

# A demonstration whose status is its next line, and which notes what it was told of earlier tries.
mkdir "$DIR/demo"
cp "$SOURCE/tests/demo/patiently" "$DIR/demo/"
cat >"$DIR/demo/demo" <<'T'
#!/bin/sh
cd "${0%/*}" || exit 9
echo "$EIDMAP_DEMO_EARLIER" >>earlier
echo run >>runs
status=$(sed -n "$(wc -l <runs)p" statuses)
[ "$status" = 0 ] && echo "ok demo: a" || echo "not ok demo: a"
[ "$status" != 3 ] || echo "disturbed: a 340 ms, control stream 60 ms; "
exit "$status"
T
chmod +x "$DIR/demo/demo"
while read -r statuses runs status last what; do
	rm -f "$DIR/demo/runs" "$DIR/demo/earlier"
	tr , '\n' <<<"$statuses" >"$DIR/demo/statuses"
	out=$("$DIR/demo/patiently")
	[ $? = "$status" ] && [ "$(wc -l <"$DIR/demo/runs")" = "$runs" ] && [ "$(grep -c '^[on]' <<<"$out")" = 1 ] &&
		grep -q "^$last" <<<"$out" && [ "$(grep -c 'a 340 ms' "$DIR/demo/earlier")" = $((runs * (runs - 1) / 2)) ]
	report $? "$what ($runs runs)"
done <<'T'
0,1 1 0 ok that held is not tried again
1,0 1 1 not that failed is not tried again
130,0 1 130 not that was interrupted is not tried again
3,0 2 0 ok that was disturbed is tried again, and the next told of it
3,1,0 2 1 not that failed after a disturbed try is not tried again
3,3,0 3 0 ok that was disturbed twice is tried again
3,3,3,0 3 3 not that was disturbed three times has failed
T
exit $bad
