#!/usr/bin/env bash
# update-clocks.sh - hosts register, refresh and are forgotten while the clock passes 2038 and 2106, by their own clock
# and mapd's; messages of the other side of the turn are in time; a clock that goes back; and zones whose serial turns over.
# needs: dig ldns faketime dnspython cryptography
# beside: yes
# limit: 180
set -u
export LC_ALL=C TZ=UTC
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=update-clocks
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
# shellcheck disable=SC2016 # the shell that faketime starts says what it was told
PRELOAD=$(faketime -m -f +0 sh -c 'echo "$LD_PRELOAD"')
at() { # COMMAND...: by the clock of this round
	env FAKETIME="$CLOCK" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$@"
}
CLOCK=+0s
mapctl() { at "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
part() { # WHEN PART
	LEAST=1 at /usr/bin/python3 "$UPDATE/srp.py" "$PORT" $REALM "$2" >"$DIR/part" 2>&1 || failed=1
	grep -vE '^(ok|not ok|#) ' "$DIR/part"
	grep -q '^not ok' "$DIR/part" && sed -nE "s/^not ok /not ok update-clocks: $1: /p" "$DIR/part"
	grep -q '^not ok' "$DIR/part" || ! grep -q '^ok' "$DIR/part" || echo "ok update-clocks: $1: $2: $(grep -c '^ok' "$DIR/part") things"
}
# ldns 1.8.3 does not compare times as serials (RFC 4034 3.1.5) when they lie on both sides of 2^31: that is all it may say.
verified() {
	at ldns-verify-zone -V 1 "$DIR/dump" >"$DIR/said" 2>&1 && return
	grep -v "expiration date earlier" "$DIR/said"
	! grep -vE 'expiration date earlier than inception date|There were errors' "$DIR/said"
}
while read -r seconds what; do
	rm -rf "$DIR/db"
	# the clock of each process starts there anew, so each is told how far it is from the real one
	CLOCK=$(printf '%+d' $((seconds - $(date +%s))))s
	CLOCK=${CLOCK/+-/-}
	realm_conf "verify-locators: no, lease: {min: 1s}"
	realm_must_start env FAKETIME="$CLOCK" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD"
	realm_load
	part "$what" expire
	part "$what" register
	part "$what" contest
	mapctl zone dump --plain $REALM >"$DIR/dump"
	ok "$what: ldns-verify-zone" verified
	realm_stop
done <<-T
	$(date -d '2038-01-19 03:14:05' +%s) at the turn of 2038
	$(date -d '2106-02-07 06:28:13' +%s) at the turn of 2106
	$(date -d '2107-01-01' +%s) in 2107
T

# --- a clock that goes back
CLOCK=+10d
echo $CLOCK >"$DIR/rc"
rm -rf "$DIR/db"
realm_conf "verify-locators: no, lease: {min: 1s}"
realm_must_start env FAKETIME_TIMESTAMP_FILE="$DIR/rc" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD"
realm_load
/usr/bin/python3 "$SOURCE/tests/fault/update/back.py" "$PORT" $REALM "$SECRET" "$DIR" \
	"$BUILD/mapctl/mapctl" -s "$DIR/control" >"$DIR/part" 2>&1 || failed=1
sed -E "s/^(ok|not ok) /\1 $NAME: /" "$DIR/part"
mapctl zone dump --plain $REALM >"$DIR/dump"
ok "a clock that went back: ldns-verify-zone" verified
realm_stop

# --- a serial that turns over
CLOCK=+0s
rm -rf "$DIR/db"
realm_conf
realm_must_start
realm_load
for at in 2147483647 4294967294; do # no serial is more than half the circle ahead of the one before
	sed "s/hostmaster 1 /hostmaster $at /" "$DIR/zone" >"$DIR/turn"
	echo "at 60 TXT $at" >>"$DIR/turn"
	ok "serial $at" mapctl zone load $REALM "$DIR/turn"
done
dump >"$DIR/dump.old"
for i in 1 2 3; do
	printf 'server 127.0.0.1 %s\nzone %s\nupdate add n%s.%s 60 A 192.0.2.%s\nsend\n' "$PORT" $REALM $i $REALM $i |
		nsupdate -y "hmac-sha256:admin.:$SECRET" >"$DIR/out" 2>&1 || result 1 "an update at the turn" "$DIR/out"
	serial
done >"$DIR/serials"
turned=$(tr '\n' ' ' <"$DIR/serials")
case $turned in
"4294967295 0 1 "|"4294967295 1 2 ") result 0 "a serial turns over: $turned" ;;
*) result 1 "a serial turns over: $turned" ;;
esac
mapctl zone journal $REALM 4294967294 | grep -v '^;' >"$DIR/journal"
{ sed 's/^/1 /' "$DIR/dump.old"; sed -n 's/^+ /1 /p; s/^- /-1 /p' "$DIR/journal"; } | awk '{ by = $1; sub(/^[^ ]* /, ""); n[$0] += by }
	END { for (r in n) for (i = 0; i < n[r]; i++) print r }' | LC_ALL=C sort >"$DIR/dump.made"
dump >"$DIR/dump.now"
ok "the journal leads over the turn" cmp "$DIR/dump.made" "$DIR/dump.now"
exit $failed
