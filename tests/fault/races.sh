#!/usr/bin/env bash
# races.sh - updates in flight while the configuration, the zone, keys, bans and connections change, and a mapd under the
# thread sanitizer, whose every word is a failure. EIDMAP_RACES of them (2400); 100,000 in ./check --long races. In a
# network namespace, where every address of 2001:db8::/32 is its own: so probes go out, and come.
# needs: root namespaces tsan dnspython cryptography ldns dnssec-verify dig
# limit: 900
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
[ "${1:-}" = inside ] || exec unshare --net "$0" inside
NAME=races
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
RACING=$SOURCE/build/check-tsan # only mapd itself: mapctl is the plain one
mkdir -p "$RACING"
( cd "$RACING" && { [ -f Makefile ] || "$SOURCE/configure" --enable-werror --disable-shared \
	CFLAGS="-O1 -g -fsanitize=thread -fno-omit-frame-pointer"; } &&
	make -j"$(nproc)" mapd/mapd ) >"$DIR/build" 2>&1 || { tail "$DIR/build"; echo "not ok races: the build"; exit 1; }
# the stack of the other thread, too, of what happened long ago
export TSAN_OPTIONS="log_path=$DIR/race exitcode=66 halt_on_error=0 second_deadlock_stack=1 history_size=4 ${TSAN_OPTIONS:-}"
ip link set lo up
ip -6 route add local 2001:db8::/32 dev lo
LISTEN=", \"::1@$PORT\""
realm_conf "verify-locators: no" "workers: 4"
sed -i 's/policy: open, verify-locators: no/policy: open, quota: {identities-of-source: 1000000, identities-unproved: 1000000}, verify-locators: no/' "$DIR/mapd.yaml"
plain=$BUILD
BUILD=$RACING
realm_must_start
BUILD=$plain
realm_load
judge "before"
/usr/bin/python3 "$SOURCE/tests/fault/update/race.py" "$DIR" "$PORT" $REALM "$SECRET" "${EIDMAP_RACES:-2400}" || failed=1
judge "after"
mapctl status | grep -E '^ *update' | tee "$DIR/counted" | sed 's/^ */# /'
awk '$1 == "update.probes" { n = $2 } END { exit !(n > 0) }' "$DIR/counted"
result $? "probes were among that" "$DIR/counted"
kill "$MAPD"
wait "$MAPD"
same "mapd ends as it should" $? 0
MAPD=''
cat "$DIR"/race.* >"$DIR/races" 2>/dev/null
[ ! -s "$DIR/races" ]
result $? "the thread sanitizer has seen nothing" "$DIR/races"
[ -z "${EIDMAP_RACES_KEEP:-}" ] || cp "$DIR/races" "$DIR/mapd.log" "$EIDMAP_RACES_KEEP"
exit $failed
