#!/usr/bin/env bash
# site.sh - a path of a site drained, restored and weighted as an operator does it: one signed change each, which
# others validate, or none; and what is said where that cannot be.
# needs: dig delv ldns dnssec-verify
# limit: 60
set -u
NAME=site PORT=5878
# shellcheck source=tests/interop/operator.inc
. "$(dirname "$0")/operator.inc"
serial() { dig +short +norecurse +tries=1 @127.0.0.1 -p $PORT site.test SOA | awk '{ print $3 }'; }
# The set as a validating look-up has it, in the form of RFC 3597: its octets, sorted.
validated() {
	delv @127.0.0.1 -p $PORT -a "$DIR/keys" +root=site.test paths.site.test TYPE65301 >"$DIR/delv" 2>&1
	grep -q '^; fully validated' "$DIR/delv" || echo "not validated"
	awk '$4 == "TYPE65301" { for (i = 7; i <= NF; i++) printf "%s", tolower($i); print "" }' "$DIR/delv" | LC_ALL=C sort
}
# WHEN SERIAL A B: the set is just these octets, the serial is one more, and the journal has one difference
changed() {
	same "$1: validated, and as it should be" "$(validated)" "$(printf '%s\n' "$3" "$4" | LC_ALL=C sort)"
	same "$1: the serial is one more" "$(serial)" $(($2 + 1))
	same "$1: one difference in the journal" "$(mapctl zone journal site.test "$2" | grep -c '^; serial')" 1
	mapctl zone dump --plain site.test >"$DIR/zone.now"
	ok "$1: ldns-verify-zone" 0 ldns-verify-zone -V 1 "$DIR/zone.now"
	ok "$1: dnssec-verify" 0 dnssec-verify -q -o site.test -z "$DIR/zone.now"
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
Y
cat >"$DIR/zone" <<-'Z'
	@ 60 SOA ns hostmaster 1 3600 600 86400 60
	@ 60 NS ns
	ns 60 A 192.0.2.1
	paths 60 ELOC 10 60 net:2001:db8:a::/48 path=isp-a
	paths 60 ELOC 10 40 net:2001:db8:b::/48 path=isp-b
	host 60 ELOC 10 50 via:::1:0:0:0:10@paths
Z
start_mapd
mapctl zone load site.test "$DIR/zone" >"$DIR/out" || { cat "$DIR/out"; exit 1; }
mapctl key ds site.test | awk '{ print "trust-anchors { \"site.test.\" static-ds " $5, $6, $7, "\"" $8 "\"; };" }' >"$DIR/keys"

# u16 preference | u16 weight | u8 flags | u8 kind | u8 length | address | path
A=000a003c a=20010db8000a00000000000000000000000100056973702d61
B=000a0028 b=20010db8000b00000000000000000000000100056973702d62 kind=0430
same "as it was loaded" "$(validated)" "$(printf '%s\n' "${A}00$kind$a" "${B}00$kind$b" | LC_ALL=C sort)"
ok "show" 0 mapctl site show paths.site.test
says "a prefix" "net:2001:db8:a::/48 path isp-a preference 10 weight 60"

ok "drain" 0 mapctl site drain paths.site.test isp-b
says "drain says what it did" "zone site.test.: paths.site.test. path isp-b: drained, serial 1 -> 2"
changed "drained" 1 "${A}00$kind$a" "${B}20$kind$b"
ok "show of a drained one" 0 mapctl site show paths.site.test
says "says so" "net:2001:db8:b::/48 path isp-b preference 10 weight 40 drained"
ok "drain again" 0 mapctl site drain paths.site.test isp-b
says "is done already" "path isp-b: drained already, serial 2"
same "and changes nothing" "$(serial)" 2
ok "restore" 0 mapctl site restore paths.site.test isp-b
changed "restored" 2 "${A}00$kind$a" "${B}00$kind$b"
ok "weight" 0 mapctl site weight paths.site.test isp-a 7
says "says the weight" "path isp-a: weight 7, serial 3 -> 4"
changed "weighted" 3 "000a000700$kind$a" "${B}00$kind$b"
ok "JSON" 0 mapctl -j site drain PATHS.site.test isp-a
says "has the serials" '"set":"paths.site.test.","path":"isp-a","serial":5,"previous":4,"changed":true'
ok "JSON of show" 0 mapctl -j site show paths.site.test
says "has the prefixes" '{"prefix":"2001:db8:a::/48","path":"isp-a","preference":10,"weight":7,"drain":true,"backup":false}'

ok "another path" 1 mapctl site drain paths.site.test isp-c
says "names those there are" "zone site.test.: paths.site.test.: no record of path isp-c; the paths there: isp-a, isp-b"
ok "a name that is no set" 1 mapctl site drain host.site.test isp-a
says "says so of the set" "host.site.test.: no prefix set"
ok "show of no set" 1 mapctl site show no.site.test
says "says so of no set" "no.site.test.: no prefix set"
ok "a name of no zone" 1 mapctl site drain paths.other.test isp-a
says "says so of the zone" "paths.other.test.: in no zone that is served here"
ok "no path" 2 mapctl site drain paths.site.test "isp a"
says "says what is one" "PATH isp a: no path; expected 1 to 32 of A-Z a-z 0-9 . _ -"
ok "no weight" 2 mapctl site weight paths.site.test isp-a 65536
says "says what is a weight" "WEIGHT 65536: no weight; expected a number to 65535"
ok "a word too few" 2 mapctl site weight paths.site.test isp-a
same "nothing was changed by those" "$(serial)" 5
exit $failed
