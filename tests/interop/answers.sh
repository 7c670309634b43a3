#!/usr/bin/env bash
# answers.sh - do others believe what mapd says? dig, delv, drill and unbound-host
# ask it for answers of every kind; three validators start from the zone's own key.
# needs: dig delv unbound-host ldns
# limit: 120
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/answers.XXXXXX")
PORT=5853
trap 'stop; rm -rf "$DIR"' EXIT

stop() { [ -z "${MAPD:-}" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; else echo "not ok $what"; sed 's/^/    | /' "$DIR/out"; fi
}
serve() {
	cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT, "::1@$PORT"]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	zones:
	  nsec.test: {denial: nsec}
	  nsec3.test: {denial: nsec3}
	  nsecd.test: {denial: nsec, algorithm: ed25519}
	Y
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "not ok mapd serves"; cat "$DIR/mapd.log"; exit 1; }
	for zone in nsec.test nsec3.test nsecd.test; do
		sed "s/example\.test/$zone/" "$SOURCE/tests/cases/basic.zone" >"$DIR/$zone"
		"$BUILD/mapctl/mapctl" -s "$DIR/control" zone load "$zone" "$DIR/$zone" || exit 1
		cat "$DIR"/db/keys/K"$zone".*.key >"$DIR/$zone.key"
		awk -v z="$zone." '/DNSKEY/ { sub(/.*DNSKEY[ \t]+/, ""); k = $4; for (i = 5; i <= NF; i++) k = k $i
			printf "trust-anchors { \"%s\" static-key %s %s %s \"%s\"; };\n", z, $1, $2, $3, k }' \
			"$DIR/$zone.key" >"$DIR/$zone.anchor"
	done
}

# delv: fully validated, also negatives and wildcards. LINE: what must be in its output.
validates_delv() { # ZONE LINE NAME TYPE
	delv @127.0.0.1 -p $PORT -a "$DIR/$1.anchor" +root="$1" "$3" "$4" >"$DIR/delv" 2>&1
	cat "$DIR/delv"
	grep -q "$2" "$DIR/delv"
}
# libunbound: never told anything but the anchor and where the zone is.
unbound_conf() {
	cat >"$DIR/$1.conf" <<-U
	server:
	  do-not-query-localhost: no
	  trust-anchor-file: "$DIR/$1.key"
	  local-zone: "test." transparent
	stub-zone:
	  name: "$1"
	  stub-addr: 127.0.0.1@$PORT
	U
}
validates_unbound() { # ZONE PATTERN NAME TYPE
	unbound-host -C "$DIR/$1.conf" -v -t "$4" "$3" >"$DIR/unbound" 2>&1
	cat "$DIR/unbound"
	grep -qE "$2" "$DIR/unbound" && grep -q '(secure)' "$DIR/unbound" && ! grep -qE 'BOGUS|insecure' "$DIR/unbound"
}
# ldns: signatures of the answer, and the proofs of absence.
validates_drill() { # ZONE NAME TYPE
	drill -D -k "$DIR/$1.key" @127.0.0.1 -p $PORT "$2" "$3" >"$DIR/drill" 2>&1
	cat "$DIR/drill"
	grep -qE '^; (VALIDATED|Existence denied)' "$DIR/drill" && ! grep -qE 'BOGUS|Error' "$DIR/drill"
}

serve
for zone in nsec3.test nsec.test nsecd.test; do
	unbound_conf "$zone"
	full='; fully validated' absent='; negative response, fully validated'
	while read -r what line name type; do
		case $line in full) line=$full ;; absent) line=$absent ;; chain) line='^; fully validated' ;; esac
		ok "delv, $zone: $what" validates_delv "$zone" "$line" "$name.$zone" "$type"
	done <<-T
	positive full www A
	text full www TXT
	odd-octets full \\000\\001\\.\\255 TXT
	nodata absent www AAAA
	nxdomain absent nothing A
	nxdomain-deep absent a.b.c.d.nothing A
	empty-non-terminal absent ent A
	empty-non-terminal-below absent b.ent A
	below-empty absent x.b.ent A
	wildcard full q.wild A
	wildcard-deep full q.r.s.wild A
	wildcard-itself full *.wild A
	wildcard-nodata absent q.wild AAAA
	wildcard-mapping absent q.nowild TYPE65301
	blocked-wildcard absent x.sub.wild A
	wildcard-empty absent q.went A
	wildcard-alias full q.walias A
	alias full alias2 A
	alias-nodata chain alias AAAA
	alias-nxdomain chain dead A
	any full www ANY
	dname full h.dn A
	dname-to-wildcard full q.dn TXT
	dname-twice full h.dn1 A
	ds full signed DS
	no-ds absent child DS
	T
	# An answer without data in it is secure only if its absence is proved.
	while read -r what pattern name type; do
		ok "libunbound, $zone: $what" validates_unbound "$zone" "$pattern" "$name.$zone" "$type"
	done <<-T
	positive has.address www A
	nodata has.no.IPv6 www AAAA
	nxdomain NXDOMAIN nothing A
	empty-non-terminal has.no.address ent A
	wildcard has.address q.wild A
	wildcard-deep has.address q.r.s.wild A
	wildcard-nodata has.no.IPv6 q.wild AAAA
	blocked-wildcard NXDOMAIN x.sub.wild A
	alias has.address alias2 A
	alias-nxdomain NXDOMAIN dead A
	wildcard-alias has.address q.walias A
	dname has.address h.dn A
	dname-twice has.address h.dn1 A
	ds DS signed DS
	no-ds has.no.DS child DS
	T
	for query in "www A" "q.wild A" "nothing A" "www AAAA" "ent A" "signed DS" "child DS"; do
		ok "drill, $zone: $query" validates_drill "$zone" "${query% *}.$zone" "${query#* }"
	done
done

# What dig shows of headers and sections.
dig_has() { # PATTERN ARG...
	local pattern=$1
	shift
	dig @127.0.0.1 -p $PORT +norecurse +tries=1 +timeout=5 "$@" >"$DIR/dig" 2>&1
	cat "$DIR/dig"
	tr '\n\t' '  ' <"$DIR/dig" | grep -qE "$pattern"
}
Z=nsec3.test
ok "dig: a referral has no AA, glue, and no answer" dig_has \
	'flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 2, ADDITIONAL: 5.*ns\.child\.nsec3\.test\. +3600 +IN +A +192\.0\.2\.50' x.child.$Z A
ok "dig: a referral with DS" dig_has 'signed\.nsec3\.test\. +3600 +IN +DS +12345 13 2 ' +dnssec x.signed.$Z A
ok "dig: truncated over UDP, whole over TCP" dig_has 'Truncated, retrying in TCP.*NOERROR.*ANSWER: 5' +noedns +notcp big.$Z TXT
ok "dig: over IPv6" dig_has 'NOERROR.*ANSWER: 2' @::1 www.$Z A
ok "dig: not our zone" dig_has 'REFUSED.*EDE: 20 \(Not Authoritative\)' www.elsewhere.test A
ok "dig: version.bind" dig_has 'REFUSED' CH TXT version.bind
ok "dig: unknown EDNS version" dig_has 'BADVERS.*EDNS: version: 0' +edns=1 +noednsneg www.$Z A
ok "dig: a server cookie, which is known again" dig_has 'COOKIE: [0-9a-f]{48} \(good\).*COOKIE: [0-9a-f]{48} \(good\)' +cookie +keepopen www.$Z A www.$Z A
ok "dig: a cookie of no length it can have" dig_has 'FORMERR' +ednsopt=10:0102030405 +nocookie www.$Z A
ok "dig: no transfer" dig_has 'Transfer failed' $Z AXFR
ok "dig: YXDOMAIN" dig_has 'YXDOMAIN' "$(printf 'b%.0s' {1..58}).dnlong.$Z" A
ok "dig: pipelined queries on one connection" dig_has 'NOERROR.*NXDOMAIN.*NOERROR' +tcp +keepopen www.$Z A nothing.$Z A mail.$Z A
ok "mapd stops when told" stop
