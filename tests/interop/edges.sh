#!/usr/bin/env bash
# edges.sh - every edge of a look-up broken once, and the verdict that mapdig prints for it.
# mapd serves what is right; NSD serves what mapd would refuse: zones signed by ldns with records,
# proofs or signatures that are wrong. Everything on loopback.
# needs: dig ldns faketime nsd
# beside: yes
# limit: 120
# shellcheck disable=SC2015,SC2016 # || after && is meant; $TTL is for the zone file
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/edges.XXXXXX")
# two runs cannot share a port: each has its own
MAPD_PORT=$((20000 + $$ % 3000 * 4)) NSD_PORT=$((MAPD_PORT + 1))
REALM=2001:3f:fe00:a00::/56=id.example.test
REVERSE=a.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa
HOST6=0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0
PIDS=()
trap 'late_stop; stop "${PIDS[@]}"; rm -rf "$DIR"' EXIT
cd "$DIR" || exit 1

mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
stop() { local p; for p in "$@"; do kill -CONT "$p"; kill "$p"; wait "$p"; done 2>/dev/null; }
late_stop() { [ ! -S "$DIR/late.control" ] || "$BUILD/mapctl/mapctl" -s "$DIR/late.control" stop >/dev/null; }
fail() { echo "not ok $1"; [ ! -f "$DIR/out" ] || sed 's/^/    | /' "$DIR/out"; }

# The look-up, its whole tree in the log, and each PATTERN in it. STATUS: mapdig's exit status.
# sees WHAT STATUS "MAPDIG ARGUMENTS" PATTERN...
sees() {
	local what=$1 status=$2 arguments=$3 got pattern
	shift 3
	# shellcheck disable=SC2086 # words
	"$BUILD/mapdig/mapdig" $arguments >"$DIR/out" 2>&1
	got=$?
	sed 's/^/    | /' "$DIR/out"
	[ $got = "$status" ] || { echo "not ok $what: exit status $got, not $status"; return; }
	for pattern; do
		grep -qE "$pattern" "$DIR/out" || { echo "not ok $what: no \"$pattern\""; return; }
	done
	echo "ok $what: $(sed -nE "s/.*($1).*/\1/p" "$DIR/out" | head -1)"
}

zone_head() { printf '$TTL 60\n@ SOA ns.example.test. h.example.test. 1 3600 600 86400 30\n@ NS ns.example.test.\n'; }
names() { # records of example.test but its identities
	zone_head
	printf 'ns A 127.0.0.1\nsite ELOC 10 60 net:2001:db8:a::/48 path=isp-a\n'
	printf 'legacy AAAA 2001:db8:a:1::99\n'
}
# Runs it with a clock that is off; a sanitized build lets faketime in only when told to.
at() { # CLOCK COMMAND...
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 faketime -m -f "$@"
}
identity() { # CLOCK [ARGUMENT...]: makes one anew
	rm -rf "$DIR/id" && mkdir "$DIR/id"
	at "$1" "$BUILD/mapctl/mapctl" id new --realm $REALM --name host.example.test \
		--via ::1:0:0:0:10@site.example.test --locator 2001:db8:a:7::7 --dir "$DIR/id" "${@:2}"
}

# --- what is right, by mapd
cat >mapd.yaml <<Y
listen: [127.0.0.1@$MAPD_PORT]
database: $DIR/db
control: $DIR/control
map-size: 1G
Y
mkfifo ready
"$BUILD/mapd/mapd" -c mapd.yaml --ready-fd 3 3>ready 2>mapd.log &
MAPD=$!
PIDS+=("$MAPD")
[ "$(head -c 1 ready | wc -c)" = 1 ] || { fail "mapd serves"; exit 1; }
identity +0s >records
cp -r id first
ID=$(sed -nE 's/^; identity ([^,]*),.*/\1/p' records)
OWNER=$(sed -nE 's/^([0-9a-f]+\.id\.example\.test\.) .* KEY .*/\1/p' records)
{ names; cat records; } >zone
{ zone_head; echo "$HOST6 7 EPID 10 $ID at=56/id.example.test."; } >reverse
mapctl zone load example.test zone && mapctl zone load $REVERSE reverse || { fail "zones load"; exit 1; }
cat db/keys/K*.key >anchors
M="@127.0.0.1 -p $MAPD_PORT -a anchors"

sees "all edges whole" 0 "$M host.example.test" 'name -> identity +secure' \
	'identity -> locators +secure, host-proved' 'via -> set +secure' 'locator -> identity +confirmed' \
	'^found: 2 locators, for [0-7] s'
sees "locator -> identity, reverse record missing" 0 "$M host.example.test" \
	'locator -> identity +missing'
sees "name -> identity, does not exist" 3 "$M nothing.example.test" 'name -> identity +missing, proved'
sees "name -> identity, legacy only" 3 "$M legacy.example.test" 'no identity +does not exist'
sees "name -> identity, legacy allowed" 0 "$M legacy.example.test +legacy" '2001:db8:a:1::99 +secure'
sed "/^;/!s/^[^[:space:]]*/elsewhere.test./" anchors >other.anchors
sees "name -> identity, no anchor" 2 "@127.0.0.1 -p $MAPD_PORT -a other.anchors host.example.test" \
	'name -> identity +insecure'
printf '2001:3f:fe00:a00::/56: id.example.test\n' >realms.yaml
sees "an identity by the local table" 0 "$M -r realms.yaml $ID" 'identity -> locators +secure, host-proved'
sees "a locator, confirmed" 0 "$M 2001:db8:a:1::10" 'locator -> identity +confirmed'

# the other forms of identity: a key's digest in a realm, and a name with locators of its own
rm -rf id && mkdir id
"$BUILD/mapctl/mapctl" id new --key-realm example.test --name keyed.example.test --locator 2001:db8:a:8::8 \
	--dir "$DIR/id" >key.records || fail "a key identity"
{ names; cat records key.records; echo 'own ELOC 10 1 2001:db8:a:9::9'; } >zone
mapctl zone load example.test zone >/dev/null
sees "name -> key identity" 0 "$M +noreverse keyed.example.test" '_eid.example.test' \
	'identity -> locators +secure, host-proved' '2001:db8:a:8::8 +host-proved'
sees "a key identity by itself" 0 "$M +noreverse $(sed -nE 's/^; identity ([^,]*),.*/\1/p' key.records)" \
	'identity -> locators +secure, host-proved'
sees "a name with locators of its own" 0 "$M +noreverse own.example.test" '2001:db8:a:9::9 +secure'
sees "the same, proof required of it" 2 "$M +noreverse +proof own.example.test" 'not proved'
{ names; cat records; } >zone
mapctl zone load example.test zone >/dev/null

# a reverse name that names another
{ zone_head; echo "$HOST6 EPID 10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2"; } >reverse
mapctl zone load $REVERSE reverse >/dev/null
sees "locator -> identity, somebody else's" 6 "$M host.example.test" 'locator -> identity +mismatch'

# --- what is wrong, by NSD
# The wire forms come from mapd, so that ldns, which has no EPID, can sign them.
wire() { dig @127.0.0.1 -p $MAPD_PORT +norec +noall +answer "$1" "$2" | sed 's/[[:space:]]\+/ /g'; }
wire_host=$(wire host.example.test TYPE65300)
wire_id=$(wire "$OWNER" TYPE65301)
wire_site=$(wire site.example.test TYPE65301)
lies() { # RECORDS [LDNS ARGUMENT...]: example.test signed by a key of ours, served by NSD
	zone_head >lies.zone
	printf 'ns.example.test. A 127.0.0.1\n' >>lies.zone
	printf '%s\n' "$1" >>lies.zone
	ldns-signzone -n -o example.test. "${@:2}" lies.zone "$LIES_KEY" || return 1
	nsd_restart
}
NSD=
nsd_restart() {
	[ -z "$NSD" ] || stop "$NSD"
	cat >nsd.conf <<-N
	server:
		ip-address: 127.0.0.1@$NSD_PORT
		zonesdir: "$DIR"
		username: ""
		pidfile: ""
		database: ""
		xfrdfile: "$DIR/xfrd.state"
		zonelistfile: "$DIR/zone.list"
		server-count: 1
		verbosity: 1
	remote-control:
		control-enable: no
	zone:
		name: example.test
		zonefile: "$DIR/lies.zone.signed"
	zone:
		name: test
		zonefile: "$DIR/test.zone.signed"
	N
	rm -f nsd.pipe && mkfifo nsd.pipe
	"$NSD_PROGRAM" -d -c nsd.conf >nsd.pipe 2>&1 &
	NSD=$!
	PIDS+=("$NSD")
	# ready when it says so; the rest of what it says must not stop it
	sed -n '/nsd started/{p;q}' <nsd.pipe | grep -q started || return 1
	cat nsd.pipe >>nsd.log 2>/dev/null &
}
NSD_PROGRAM=$(PATH=$PATH:/usr/sbin command -v nsd)
LIES_KEY=$(ldns-keygen -a ECDSAP256SHA256 -k example.test)
OTHER_KEY=$(ldns-keygen -a ECDSAP256SHA256 -k example.test)
TEST_KEY=$(ldns-keygen -a ECDSAP256SHA256 -k test)
cp "$LIES_KEY.key" lies.anchors
parent() { # DS
	{ printf '$TTL 60\n@ SOA ns.test. h.test. 1 3600 600 86400 30\n@ NS ns.test.\nns A 127.0.0.1\n'
	  printf 'example NS ns.example.test.\nns.example A 127.0.0.1\n%s\n' "$1"; } >test.zone
	ldns-signzone -n -o test. test.zone "$TEST_KEY"
}
parent "$(cat "$LIES_KEY.ds")"
L="@127.0.0.1 -p $NSD_PORT -a lies.anchors -r realms.yaml +noreverse host.example.test"
all=$(printf '%s\n' "$wire_host" "$wire_id" "$wire_site")

lies "$all" || { fail "nsd serves"; exit 1; }
sees "the same by another server" 0 "$L" 'identity -> locators +secure, host-proved' 'via -> set +secure'

# RRSIGs of four days ago
lies "$all" -i "$(date -ud '-8 days' +%Y%m%d%H%M%S)" -e "$(date -ud '-4 days' +%Y%m%d%H%M%S)"
sees "name -> identity, expired RRSIG" 5 "$L" 'name -> identity +bogus.*expired'

# a DS that is another key's, in the parent
cp "$TEST_KEY.key" test.anchors
lies "$all"
sees "name -> identity, by the parent's DS" 0 "@127.0.0.1 -p $NSD_PORT -a test.anchors +noreverse host.example.test" \
	'name -> identity +secure'
parent "$(cat "$OTHER_KEY.ds")"
nsd_restart
sees "name -> identity, wrong DS" 5 "@127.0.0.1 -p $NSD_PORT -a test.anchors +noreverse host.example.test" \
	'name -> identity +bogus'

# ELOC changed: on the way (its RRSIG cannot hold), and by the zone's operator (the proof cannot)
lies "$all"
sed -i 's/20010db8000a0007/20010db8000b0007/I' lies.zone.signed
nsd_restart
sees "identity -> locators, ELOC changed on the way" 5 "$L" 'identity -> locators +bogus'
changed=${wire_id//20010DB8000A0007/20010DB8000B0007}
lies "$(printf '%s\n' "$wire_host" "$changed" "$wire_site")"
sees "identity -> locators, ELOC changed by the operator" 5 "$L" 'proof of the host +proof fails'
sees "the same, insecure allowed" 5 "$L +insecure" 'proof of the host +proof fails'

# a proof of another key, right by itself, at the owner of the first
identity +0s >foreign.records
foreign=$(sed -nE 's/^([0-9a-f]+\.id\.example\.test\.) .* KEY .*/\1/p' foreign.records)
{ names; cat records foreign.records; } >zone
mapctl zone load example.test zone >/dev/null
foreign=$(wire "$foreign" TYPE65301 | sed "s/^$foreign/$OWNER/")
lies "$(printf '%s\n' "$wire_host" "$foreign" "$wire_site")"
sees "identity -> locators, foreign proof" 6 "$L" 'proof of the host +foreign proof'

# a proof of an algorithm that is not known here (16) is passed over: none, not a wrong one
unknown=$(sed -E 's/(\\# 116 [0-9A-F]{36})0F/\110/' <<<"$wire_id")
[ "$unknown" != "$wire_id" ] || fail "a proof of another algorithm"
lies "$(printf '%s\n' "$wire_host" "$unknown" "$wire_site")"
sees "identity -> locators, a proof of an unknown algorithm" 0 "$L" 'identity -> locators +secure' \
	'proof of the host +not proved' '2001:db8:a:7::7 +secure'
sees "the same, proof required of it" 2 "$L +proof" 'proof of the host +not proved'

# an alias at the identity's look-up name; an EPID that is not one
lies "$(printf '%s\n' "$wire_host" "$OWNER CNAME moved.example.test." "${wire_id//$OWNER/moved.example.test.}")"
sees "identity -> locators, an alias" 4 "$L" 'identity -> locators +missing.*alias'
lies "$(printf '%s\n' 'host.example.test. TYPE65300 \# 6 000A00012001' "$wire_id")"
sees "name -> identity, malformed" 7 "$L" 'name -> identity +malformed'

# the site's prefixes changed on the way: what is composed of them goes, the direct locator stays
lies "$all"
sed -i 's/20010db8000a0000/20010db8000b0000/I' lies.zone.signed
nsd_restart
sees "via -> set, changed on the way" 0 "$L" 'via -> set +bogus' '2001:db8:a:7::7 +host-proved' 'found: 1 locator'

# a child without DS: provably unsigned; the host's own signature still stands
parent ''
lies "$all"
T="@127.0.0.1 -p $NSD_PORT -a test.anchors +noreverse host.example.test"
sees "name -> identity, unsigned zone" 2 "$T" 'name -> identity +insecure' 'host-proved'
sees "name -> identity, unsigned and allowed" 0 "$T +insecure" 'name -> identity +insecure' 'found: '
lies "$(printf '%s\n' "$wire_host" "$foreign" "$wire_site")"
sees "identity -> locators, unsigned zone, foreign proof" 6 "$T +insecure" "^mismatch: .*the proof's key is not the identity's"

# --- a proof that ended a day ago, by a mapd whose clock is two days behind: its RRSIGs still hold,
# the set is secure, only not host-proved
identity -2d >late.records
{ names; cat late.records; } >late.zone
sed "s,$MAPD_PORT,$((MAPD_PORT + 2)),; s,$DIR/,$DIR/late.," mapd.yaml >late.yaml
rm -f ready && mkfifo ready
at -2d "$BUILD/mapd/mapd" -c late.yaml --ready-fd 3 3>ready 2>late.log & # a shell's child: told to stop
head -c 1 ready >/dev/null
at -2d "$BUILD/mapctl/mapctl" -s late.control zone load example.test late.zone || fail "late zone"
cat late.db/keys/K*.key >late.anchors
A="@127.0.0.1 -p $((MAPD_PORT + 2)) -a late.anchors -r realms.yaml +noreverse host.example.test"
sees "identity -> locators, expired proof" 0 "$A" 'identity -> locators +secure' \
	'proof of the host +proof expired' '2001:db8:a:7::7 +secure'
sees "the same, proof required" 2 "$A +proof" 'proof of the host +proof expired'

# --- what resolverd remembers: a newer proof, then the older one again
mapctl id sign --key first/host.example.test.private --realm $REALM <records >newer.records
{ names; cat newer.records; } >zone
mapctl zone load example.test zone >/dev/null
newer=$(wire "$OWNER" TYPE65301)
lies "$(printf '%s\n' "$wire_host" "$newer" "$wire_site")"
cat >resolverd.yaml <<Y
socket: $DIR/map.sock
control: $DIR/resolverd.control
trust-anchors: [$DIR/lies.anchors]
stubs: {example.test: [127.0.0.1@$NSD_PORT]}
paths: off
Y
rm -f ready && mkfifo ready
"$BUILD/resolverd/resolverd" -c resolverd.yaml --ready-fd 3 3>ready 2>resolverd.log &
PIDS+=("$!")
head -c 1 ready >/dev/null
R="-s $DIR/map.sock +noreverse host.example.test"
sees "resolverd, the newer proof" 0 "$R" 'identity -> locators +secure, host-proved'
lies "$all"
sees "identity -> locators, stale serial" 5 "$R +fresh" 'proof of the host +stale'
sees "resolverd, the newer mapping is kept" 0 "$R" 'identity -> locators +secure, host-proved'

# --- revoked by its key; resolvers keep a mark
grep -v ' ELOC ' records >revoked.records
mapctl id sign --key first/host.example.test.private --realm $REALM --revoke <revoked.records >revoked
{ names; cat revoked; } >zone
mapctl zone load example.test zone >"$DIR/out" 2>&1 || fail "a revocation loads"
sees "identity -> locators, revoked" 4 "$M host.example.test" 'proof of the host +revoked'

# --- a server that says nothing any more
kill -STOP "$MAPD"
sees "a silent server" 9 "$M host.example.test" 'name -> identity +no answer'
