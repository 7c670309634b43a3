#!/usr/bin/env bash
# mapdig.sh - mapdig against a live realm: what it says, and its exit status, for what is right and
# for what is not; by itself, and through resolverd.
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mapdig.XXXXXX")
PORT=$((20000 + $$ % 3000 * 4)) # SO_REUSEPORT lets two runs share a port without a word: one each
pids=()
trap 'stop_all; rm -rf "$WORK"' EXIT
# shellcheck disable=SC1091 source=tests/demo/realm.sh
. "$SOURCE/tests/demo/realm.sh"

stop_all() { for p in "${pids[@]}"; do kill "$p" && wait "$p"; done 2>/dev/null; pids=(); }
start() { # NAME COMMAND...: runs a daemon until it says that it serves
	local name=$1
	shift
	rm -f "$WORK/$name.ready"
	mkfifo "$WORK/$name.ready"
	"$@" --ready-fd 3 3>"$WORK/$name.ready" 2>"$WORK/$name.log" &
	pids+=($!)
	if [ "$(head -c 1 "$WORK/$name.ready" | wc -c)" != 1 ]; then
		echo "not ok $name serves"
		cat "$WORK/$name.log"
		exit 1
	fi
}
# WHAT STATUS PATTERN ARGUMENT...: the exit status, and a pattern that its output has
shows() {
	local what=$1 status=$2 pattern=$3 got
	shift 3
	"$BUILD/mapdig/mapdig" "$@" >"$WORK/out" 2>&1
	got=$?
	if [ $got = "$status" ] && grep -qE -- "$pattern" "$WORK/out"; then
		echo "ok mapdig: $what"
	else
		echo "not ok mapdig: $what"
		echo "    | wanted exit $status and /$pattern/, got exit $got:"
		sed 's/^/    | /' "$WORK/out"
	fi
}
alone() { # the same, asking mapd
	shows "$1" "$2" "$3" @127.0.0.1 -p $PORT -a "$WORK/anchors" -r "$WORK/realms.yaml" "${@:4}"
}

cat >"$WORK/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $WORK/db
	control: $WORK/mapd.control
	map-size: 1G
Y
echo "2001:3f:fe00:a00::/56: id.example.test" >"$WORK/realms.yaml"
start mapd "$BUILD/mapd/mapd" -c "$WORK/mapd.yaml"
realm_make a b 2001:db8:c::5 >"$WORK/realm.log" 2>&1 || { echo "not ok realm made"; cat "$WORK/realm.log"; exit 1; }
{ # an identity that nobody has, one without locators, a host without identity
	echo "nobody.example.test. EPID 10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2 at=56/id.example.test."
	echo "bare.example.test. EPID 10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e at=56/id.example.test."
	echo "old.example.test. AAAA 2001:db8:a:1::77"
	# hosts without identity whose addresses nobody can use, or only some, or only briefly
	printf 'inward.example.test. %s\n' 'AAAA ::1' 'AAAA ::ffff:192.0.2.1' 'A 127.0.0.1' 'A 10.0.0.1'
	printf 'mixed.example.test. %s\n' 'AAAA fe80::1' 'A 169.254.0.1' 'A 192.0.2.7'
	printf 'brief.example.test. %s\n' '60 AAAA 2001:db8:a:1::78' '4 A 192.0.2.8'
} >>"$WORK/zones/names.records"
echo "05e437dbb22e81cb3e.id.example.test. KEY 512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" \
	>>"$WORK/zones/identities.records"
# somebody's reverse name says that he is the host
echo "9.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0 EPID 10 $HOST_ID at=56/id.example.test." >>"$WORK/zones/reverse.records"
realm_load a b >>"$WORK/realm.log" 2>&1 || { echo "not ok realm loaded"; cat "$WORK/realm.log"; exit 1; }

alone "a name, found and secure" 0 '^found: 2 locators' host.example.test
alone "the identity is host-proved" 0 'identity -> locators +secure, host-proved' host.example.test
alone "its locators are confirmed" 0 'locator -> identity +confirmed' host.example.test
alone "says who was asked" 0 "^asked mapdig itself through 127.0.0.1@$PORT" host.example.test
alone "an identity" 0 '^found: 2 locators' "$HOST_ID"
alone "a locator leads to its identity" 0 'locator -> identity +secure, confirmed' 2001:db8:a:1::10
alone "a reference" 0 'reference +not signed' "eid:[$HOST_ID]:7000?at=56/id.example.test"
alone "+short" 0 '^2001:db8:[ab]:1::10$' +short host.example.test
alone "+json" 0 '"version": 1' +json host.example.test
if /usr/bin/env python3 -c 'import json, sys; json.load(sys.stdin)' <"$WORK/out"; then
	echo "ok mapdig: JSON that others read"
else
	echo "not ok mapdig: JSON that others read"
fi
alone "+chain ends where the anchor is" 0 'test. DS +none here: the top' +chain host.example.test
alone "+chain: the DS fits" 0 'id.example.test. DS .*fits a key' +chain host.example.test
alone "+why" 0 'signed, and validated from a trust anchor' +why host.example.test
alone "+proof drops composed locators" 2 'not proved by the host, and proof was asked for$' +proof host.example.test
alone "+proof keeps direct ones" 0 '^found: 1 locator' +proof r.example.test
alone "a reverse name that is not there" 0 'locator -> identity +missing' r.example.test
alone "a wrong option" 1 'not a known option' +wrong host.example.test
alone "a name that is proved not to exist" 3 '^not-found: ' nosuch.example.test
alone "an identity that is proved not to exist" 3 '^not-found: ' 2001:3f:fe00:a05:1308:2469:9a4b:c6b2
alone "a name whose identity does not exist" 4 '^no-locators: ' nobody.example.test
alone "an identity without locators" 4 '^no-locators: ' bare.example.test
alone "a host without identity" 3 'only legacy use' old.example.test
alone "a host without identity, +legacy" 0 'addresses only \(legacy\)' +legacy old.example.test
alone "+legacy passes over what is no locator" 4 '^no-locators: ' +legacy inward.example.test
alone "+legacy keeps the others" 0 '^found: 1 locator,' +legacy mixed.example.test
alone "+legacy, private addresses allowed" 0 '^10\.0\.0\.1$' +legacy +private +short inward.example.test
alone "+legacy holds as long as the first of its sets" 0 '^found: 2 locators, for [0-4] s' +legacy brief.example.test
alone "a claim that the identity does not confirm" 6 'secure, mismatch' 2001:db8:a:1::99
alone "a zone that the server refuses" 7 '^server-error: ' www.example.net
alone "errors in JSON" 3 '"outcome": "not-found"' +json nosuch.example.test

# The other anchor only: test. is provably nobody's, so insecure.
grep ip6.arpa "$WORK/anchors" >"$WORK/some-anchors"
mv "$WORK/anchors" "$WORK/all-anchors"
cp "$WORK/some-anchors" "$WORK/anchors"
alone "a zone without an anchor" 2 '^insecure: ' host.example.test
alone "a zone without an anchor, +insecure" 0 '^found: 2 locators' +insecure +noreverse host.example.test
# An anchor of somebody else: everything below is bogus.
sed -E '/^test/ { s/0$/x/; s/[1-9a-f]$/0/; s/x$/1/ }' "$WORK/all-anchors" >"$WORK/anchors"
alone "a wrong anchor" 5 '^bogus: ' host.example.test
cp "$WORK/all-anchors" "$WORK/anchors"

# A DS that fits no key: bogus, and the chain says where.
cp "$WORK/zones/ds.test" "$WORK/ds.test"
sed -Ei 's/0$/x/; s/[1-9a-f]$/0/; s/x$/1/' "$WORK/zones/ds.test"
mapctl zone load test "$WORK/zones/test.zone" >/dev/null
alone "a wrong DS" 5 '^bogus: ' host.example.test
alone "+chain shows the wrong DS" 5 'example.test. DS +breaks here .*fits no key' +chain host.example.test
alone "bogus is never lifted" 5 '^bogus: ' +insecure +legacy host.example.test
cp "$WORK/ds.test" "$WORK/zones/ds.test"
mapctl zone load test "$WORK/zones/test.zone" >/dev/null
alone "the right DS again" 0 '^found: 2 locators' host.example.test

# Silence is not absence.
mkfifo "$WORK/silent.ready"
/usr/bin/env python3 - "$WORK/silent.ready" <<-'P' &
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("127.0.0.1", 0))
	with open(sys.argv[1], "w") as ready:
	    print(s.getsockname()[1], file=ready)
	while s.recv(4096):
	    pass
P
pids+=($!)
silent=$(head -n 1 "$WORK/silent.ready")
shows "a silent server" 9 '^no-reply: ' @127.0.0.1 -p "$silent" -a "$WORK/anchors" +timeout=700ms host.example.test

# Through resolverd, which then goes away.
cat >"$WORK/resolverd.yaml" <<-Y
	socket: $WORK/map.sock
	control: $WORK/resolverd.control
	trust-anchors: [$WORK/anchors]
	forwarders: [127.0.0.1@$PORT]
	realms: $WORK/realms.yaml
	paths: off
Y
start resolverd "$BUILD/resolverd/resolverd" -c "$WORK/resolverd.yaml"
export MAP_SOCKET=$WORK/map.sock
shows "through resolverd" 0 "^asked resolverd at $WORK/map.sock" host.example.test
shows "from its cache" 0 ', cached$' host.example.test
shows "a claim through resolverd" 6 'secure, mismatch' 2001:db8:a:1::99
stop_all
# Somebody else at the socket: his answer is none.
mkfifo "$WORK/liar.ready"
/usr/bin/env python3 - "$WORK/liar.sock" "$WORK/liar.ready" <<-'P' &
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen(1)
	open(sys.argv[2], "w").close()
	while True:
	    c, _ = s.accept()
	    c.recv(4096)
	    c.sendall(bytes.fromhex("0000000c" "01020000" "00000001" "ffffffff")) # a result, cut off
P
pids+=($!)
cat "$WORK/liar.ready"
shows "an answer that ends too early" 7 "^mapdig: error: resolverd's answer cannot be read" -s "$WORK/liar.sock" host.example.test
stop_all
shows "a socket that was asked for and is not there" 9 'map.sock: ' -s "$WORK/map.sock" host.example.test
