#!/usr/bin/env bash
# races - 100,000 updates while the policy changes, keys go and connections close, all under the thread sanitizer
# needs: dnspython cryptography ldns dnssec-verify dig
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
BUILD=$SOURCE/build/check-tsan
NAME=races
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
mkdir -p "$BUILD"
( cd "$BUILD" && { [ -f Makefile ] || "$SOURCE/configure" CFLAGS="-O1 -g -fsanitize=thread -fno-omit-frame-pointer"; } &&
	make -j"$(nproc)" mapd/mapd mapctl/mapctl ) >"$DIR/build" 2>&1 || { tail "$DIR/build"; echo "not ok races: built"; exit 1; }
export TSAN_OPTIONS="log_path=$DIR/race exitcode=66 halt_on_error=0"
realm_conf "verify-locators: no, quota: {identities-of-source: 1000000}" "workers: 4" "log: warn"
realm_must_start
realm_load
judge "before"
/usr/bin/python3 "$SOURCE/tests/fault/update/race.py" "$BUILD" "$DIR" "$PORT" $REALM "$SECRET" "${UPDATES:-100000}" || failed=1
judge "after"
kill "$MAPD"
wait "$MAPD"
same "mapd ends as it should" $? 0
MAPD=''
[ -z "$(cat "$DIR"/race* 2>/dev/null)" ]
result $? "the thread sanitizer has seen nothing" "$DIR"/race*
exit $failed
