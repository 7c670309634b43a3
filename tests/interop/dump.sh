#!/usr/bin/env bash
# dump.sh - are zones signed as ldns and BIND want them? Zones with all that is hard about signing are
# loaded, dumped and verified by both; then a fortnight passes, and they must have been signed anew.
# needs: dig ldns dnssec-verify faketime
# limit: 120
# shellcheck disable=SC2317 # functions that ok calls
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/dump.XXXXXX")
PORT=5855 MAPD='' bad=0
trap 'stop; rm -rf "$DIR"' EXIT

stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then
		echo "ok $what"
	else
		echo "not ok $what"
		sed 's/^/    | /' "$DIR/out"
		bad=1
	fi
}
start() { # [VARIABLE=VALUE...]
	env "$@" "$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/mapd.log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] && return
	echo "not ok mapd serves"
	cat "$DIR/mapd.log"
	exit 1
}
zone_file() { # ZONE: all kinds of names
	cat <<-Z
	\$TTL 300
	@ SOA ns hostmaster 1 3600 600 86400 60
	@ NS ns
	ns A 192.0.2.53
	ns AAAA 2001:db8::53
	MiXed MX 10 Mail.EXAMPLE.
	www CNAME ns
	mail 60 TXT "one" "two"
	\\000\\001\\.\\255 TXT "octets"
	* TXT "any name"
	a.b.c TXT "below empty non-terminals"
	*.wild TXT "a wildcard below an empty non-terminal"
	a.*.went TXT "a wildcard that is an empty non-terminal"
	ent.cut.above NS ns.elsewhere.example.
	sub NS ns.sub
	ns.sub A 192.0.2.54
	deep.below.ns.sub AAAA 2001:db8::54
	self NS self
	self AAAA 2001:db8::56
	signed NS ns.signed
	signed DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	ns.signed AAAA 2001:db8::55
	old DNAME new.example.
	old TXT "beside the DNAME"
	site ELOC 10 60 net:2001:db8:a::/48 path=isp-a
	site ELOC 10 40 net:2001:db8:b::/48 path=isp-b
	host EPID 10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2 at=56/id.example.org.
	host EPID 20 www.example.org.
	srv SRV 1 2 3 Target.EXAMPLE.
	priv TYPE65280 \\# 3 010203
	Z
	for i in $(seq 80); do echo "n$i.many TXT \"$i\""; done
}
small_file() { # SERVER
	printf '@ 300 SOA %s hostmaster 1 3600 600 86400 60\n@ 300 NS %s\n' "$1" "$1"
}
nibble_file() {
	small_file ns.elsewhere.example.
	printf '5.4.3.2.1 60 EPID 10 192.0.2.1\n7.4.3.2.1 60 PTR host.example.\n*.8 60 PTR any.example.\n'
}
verify() { # ZONE WHEN [DATE]: BIND's tool cannot be told a date
	local date=${3:-}
	ok "$1, $2: dumped" sh -c "'$BUILD/mapctl/mapctl' -s '$DIR/control' zone dump --plain $1 >'$DIR/$1.dump'"
	ok "$1, $2: ldns-verify-zone" ldns-verify-zone ${date:+-t "$date"} "$DIR/$1.dump"
	[ -n "$date" ] || ok "$1, $2: dnssec-verify" dnssec-verify -q -o "$1" -z "$DIR/$1.dump"
}
serial_of() { mapctl -j zone status "$1" | sed 's/.*"serial":\([0-9]*\).*/\1/'; }
# RFC 9077: whatever proves an absence lives as long as the negative answer.
denial_ttl() { # ZONE
	! awk '($4 == "NSEC" || $4 == "NSEC3" || ($4 == "RRSIG" && $5 ~ /^NSEC3?$/)) && $2 != 60' "$DIR/$1.dump" | grep .
}
has() { grep -qE "$2" "$DIR/$1.dump"; } # ZONE PATTERN
has_not() { ! grep -E "$2" "$DIR/$1.dump"; }

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	zones:
	  nsec.test: {denial: nsec}
	  nsecd.test: {denial: nsec, algorithm: ed25519}
	  nsec3d.test: {algorithm: ed25519}
	  one-nsec.test: {denial: nsec}
Y
mkfifo "$DIR/ready"
start
ALL="nsec3.test nsec.test nsec3d.test nsecd.test one.test one-nsec.test 8.b.d.0.1.0.0.2.ip6.arpa ."
for zone in $ALL; do
	case $zone in
	one*) small_file ns.elsewhere.example. ;;
	.) small_file a. && echo 'a. 300 A 192.0.2.1' ;;
	*.arpa) nibble_file ;;
	*) zone_file ;;
	esac >"$DIR/file"
	ok "$zone: loaded" mapctl zone load "$zone" "$DIR/file"
	verify "$zone" "new"
done
ok "nsec3.test: proofs live as long as negative answers" denial_ttl nsec3.test
ok "nsec.test: proofs live as long as negative answers" denial_ttl nsec.test
ok "one.test: a chain of one record" [ "$(grep -c '	NSEC3	' "$DIR/one.test.dump")" = 1 ]
ok "names under ip6.arpa have NSEC" has 8.b.d.0.1.0.0.2.ip6.arpa '	NSEC	'
ok "and no NSEC3" has_not 8.b.d.0.1.0.0.2.ip6.arpa '	NSEC3(PARAM)?	'
ok "NSEC3 has no salt and no iterations" has nsec3.test 'NSEC3PARAM	1 0 0 -'
for zone in nsec3.test nsec.test; do
	ok "$zone: a delegation is not signed" has_not $zone '^(sub|signed)\..*RRSIG	(NS|A|AAAA) '
	ok "$zone: a DS is" has $zone '^signed\..*RRSIG	DS '
	ok "$zone: glue is not" has_not $zone '^(ns\.sub|ns\.signed|deep\.below\.ns\.sub)\..*RRSIG'
	ok "$zone: the key is there for the parent" has $zone '	CDS	.* 13 2 '
	ok "$zone: the SOA comes first" sh -c "head -n 1 '$DIR/$zone.dump' | grep -q '	SOA	'"
done

# The same file once more changes nothing; a record more, a removal, another load: the serial grows.
zone_file >"$DIR/file"
mapctl zone load nsec3.test "$DIR/file" >/dev/null
ok "the same file again leaves the serial" [ "$(serial_of nsec3.test)" = 1 ]
echo 'one-more A 192.0.2.99' >>"$DIR/file"
mapctl zone load nsec3.test "$DIR/file" >/dev/null
ok "another record makes it grow" [ "$(serial_of nsec3.test)" = 2 ]
verify nsec3.test "after a change"
tag=$(mapctl -j key list nsec3.test | sed 's/.*"tag":\([0-9]*\).*/\1/')
mapctl zone remove nsec3.test >/dev/null
ok "a removed zone is not served" [ -z "$(dig +short +norecurse @127.0.0.1 -p $PORT nsec3.test SOA)" ]
mapctl zone load nsec3.test "$DIR/file" >/dev/null
ok "so does one after a removal" [ "$(serial_of nsec3.test)" = 3 ]
ok "with the same key" [ "$(mapctl -j key list nsec3.test | sed 's/.*"tag":\([0-9]*\).*/\1/')" = "$tag" ]
verify nsec3.test "after a removal"
stop

# Twelve days later what is left of any signature is less than it must be: all is signed anew, before
# anything is served.
# shellcheck disable=SC2016
start FAKETIME=+12d FAKETIME_DONT_FAKE_MONOTONIC=1 "LD_PRELOAD=$(faketime -m -f +0 sh -c 'echo "$LD_PRELOAD"')"
date=$(date -u -d '+12 days' +%Y%m%d%H%M%S)
for zone in $ALL; do
	verify "$zone" "twelve days later" "$date"
done
ok "the serial says so" [ "$(serial_of nsec.test)" -gt 1 ]
stop
exit $bad
