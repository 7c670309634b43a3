#!/usr/bin/env bash
# identity.sh - what an operator does to the identities of a realm: seen by dig, validated by delv, and by what the
# journal says: enrolled, banned and back, given names, released.
# needs: dig delv ldns dnssec-verify
# limit: 60
set -u
NAME=identity PORT=5879
# shellcheck source=tests/interop/operator.inc
. "$(dirname "$0")/operator.inc"
serial() { ask "$1" SOA | awk '{ print $3 }'; }
there() { # NAME TYPE...: how many records of each there are
	local name=$1 type
	shift
	for type; do printf '%s ' "$(ask "$name" "$type" | wc -l)"; done
}
validated() { # ZONE NAME TYPE: what delv says of it
	mapctl key ds "$1" | awk -v zone="$1" '{ print "trust-anchors { \"" zone ".\" static-ds " $5, $6, $7, "\"" $8 "\"; };" }' >"$DIR/keys"
	delv @127.0.0.1 -p $PORT -a "$DIR/keys" "+root=$1" "$2" "$3" 2>&1 | sed -n 's/^; \(negative response, \)*\(fully validated\)/\2/p' | sort -u
}
judge() { # WHEN ZONE
	mapctl zone dump --plain "$2" >"$DIR/zone.now"
	ok "$1: ldns-verify-zone" 0 ldns-verify-zone -V 1 "$DIR/zone.now"
	ok "$1: dnssec-verify" 0 dnssec-verify -q -o "$2" -z "$DIR/zone.now"
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	zones:
	  id.test: { prefix: "2001:3f:fe00:a00::/56", policy: open, verify-locators: no }
Y
# a host as its operator would put it into the zones
mapctl id new --realm 2001:3f:fe00:a00::/56=id.test --name host.test --locator 2001:db8::1 --dir "$DIR" >"$DIR/records" || exit 1
mapctl id new --key-realm id.test --name other.test --locator 2001:db8::2 --dir "$DIR" >"$DIR/records.other" || exit 1
{
	printf '%s\n' '@ 60 SOA ns hostmaster 1 3600 600 86400 60' '@ 60 NS ns' 'ns 60 A 192.0.2.1'
	cat "$DIR/records" "$DIR/records.other" | grep '^[^[:space:]]*id\.test\.'
} >"$DIR/id"
{
	printf '%s\n' '@ 60 SOA ns hostmaster 1 3600 600 86400 60' '@ 60 NS ns' 'ns 60 A 192.0.2.1' \
		'host 60 AAAA 2001:db8::1' 'host 60 TXT "stays"' 'host 60 A 192.0.2.7'
	grep '^host\.test\.' "$DIR/records"
} >"$DIR/test"
OWNER=$(awk '$1 ~ /id\.test\.$/ { print $1; exit }' "$DIR/records")
IDENTITY=$(awk '{ for (i = 1; i < NF; i++) if ($i == "EPID") { print $(i + 2); exit } }' "$DIR/records")
OTHER=$(awk '{ for (i = 1; i < NF; i++) if ($i == "EPID") { print $(i + 2); exit } }' "$DIR/records.other")
OTHER=${OTHER%.}
start_mapd
ok "the realm" 0 mapctl zone load id.test "$DIR/id"
ok "the names" 0 mapctl zone load test "$DIR/test"

ok "show of an identity" 0 mapctl identity show "$IDENTITY"
says "has its look-up name" "name: $OWNER"
says "and its identity" "identity: $IDENTITY"
says "and its key" "key: algorithm 15, tag "
ok "show of its name" 0 mapctl identity show "$OWNER"
says "is the same" "identity: $IDENTITY"
ok "show of a key identity" 0 mapctl identity show "$OTHER"
says "has its identity too" "identity: $OTHER"
ok "show of nobody" 1 mapctl identity show nobody.id.test
says "says so" "zone id.test.: nobody.id.test.: nothing is known of it"
ok "show of one of another realm" 1 mapctl identity show 2001:3f:fe00:b00::1
says "says so of the realm" "in no zone that is served here"
ok "show of nothing" 2 mapctl identity show "a..b"
says "says what is expected" "expected an address, KEY@REALM or a domain name"

ok "enroll" 0 mapctl identity enroll "$IDENTITY"
says "tells of whom" "zone id.test.: $OWNER: enrolled"
ok "enroll again" 0 mapctl identity enroll "$OWNER"
says "is done already" "enrolled already"
ok "assign" 0 mapctl identity assign "$IDENTITY" host.test
says "tells the name" "host.test. assigned to it"
ok "assign to another" 1 mapctl identity assign "$OTHER" host.test
says "tells whose it is" "host.test.: assigned to $OWNER already"
ok "show of an enrolled one" 0 mapctl identity show "$IDENTITY"
says "says since when" "enrolled: since 20"
says "and which names" "has the name: host.test."
ok "show of the name" 0 mapctl identity show host.test
says "says whose" "assigned to: $OWNER"
same "it has the addresses of the locators, and no other" "$(there host.test A AAAA TXT)" "0 1 1 "
same "which is a change of its zone alone" "$(serial id.test) $(serial test)" "1 2"

ok "ban" 0 mapctl identity ban "$IDENTITY" "sends spam"
says "tells what went" "banned; 2 records taken out, serial 1 -> 2; zone test.: 2 records taken out, serial 2 -> 3"
same "its locators are gone, its KEY is not" "$(there "$OWNER" TYPE65301 TYPE65300 KEY)" "0 0 1 "
same "so are the addresses of its name" "$(there host.test A AAAA TYPE65300 TXT)" "0 0 0 1 "
same "another one has its own" "$(mapctl -j identity show "$OTHER" | grep -o '"locators":[0-9]*')" '"locators":2'
same "delv: that there are none is proved" "$(validated id.test "$OWNER" TYPE65301)" "fully validated"
judge "banned" id.test
judge "its name" test
same "one difference in the journal" "$(mapctl zone journal id.test 1 | grep -c '^; serial')" 1
ok "show of a banned one" 0 mapctl identity show "$IDENTITY"
says "says why" ": sends spam"
ok "list" 0 mapctl identity list id.test
same "has one line" "$(cat "$DIR/out")" "$OWNER $IDENTITY enrolled banned"
stop_mapd
start_mapd
ok "show after a restart" 0 mapctl identity show "$IDENTITY"
says "still says why" ": sends spam"
ok "unban" 0 mapctl identity unban "$IDENTITY"
says "says so of the ban" "may register again"
ok "unban again" 0 mapctl identity unban "$IDENTITY"
says "was none" "was not banned"
same "JSON of ban" "$(mapctl -j identity ban "$OTHER" | grep -o '"changed":true,.*"serial":3,"previous":2')" \
	"\"changed\":true,\"name\":\"$(mapctl -j identity show "$OTHER" | sed 's/.*"name":"\([^"]*\)".*/\1/')\",\"serial\":3,\"previous\":2"

# released
mapctl zone load test "$DIR/test" >"$DIR/out" && mapctl zone load id.test "$DIR/id" >"$DIR/out"
before=$(serial id.test)
ok "release" 0 mapctl identity release "$IDENTITY"
says "tells what went of it" "released; 3 records taken out, serial $before -> $((before + 1)); zone test.: 2 records"
same "nothing of it is left" "$(there "$OWNER" TYPE65301 TYPE65300 KEY)" "0 0 0 "
judge "released" id.test
ok "unassign" 0 mapctl identity unassign host.test
ok "unassign again" 1 mapctl identity unassign host.test
says "is nobody's" "host.test.: assigned to no identity"
ok "release again" 1 mapctl identity release "$IDENTITY"
says "has nothing" "nothing is registered there"
ok "a reason that is too long" 2 mapctl identity ban "$IDENTITY" "$(printf '%0200d' 0)"

# one that registers by itself
mapctl id new --realm 2001:3f:fe00:a00::/56=id.test --name guest.test --locator 2001:db8::3 --dir "$DIR" >"$DIR/records.guest"
GUEST=$(awk '{ print $1 }' "$DIR/guest.test.key")
ELOC='TYPE65301 \# 22 000A0032000220010DB8000000000000000000000003'
update() { # KEY LINE...: stock nsupdate
	local key=$1
	shift
	printf '%s\n' "server 127.0.0.1 $PORT" "zone id.test" "$@" send | nsupdate -v -k "$DIR/$key.private"
}
arrive() { update guest.test "update add $GUEST 60 $(sed 's/^[^ ]* IN //' "$DIR/guest.test.key")" "update add $GUEST 60 $ELOC"; }
ok "a host registers" 0 arrive
ok "show of a registered one" 0 mapctl identity show "$GUEST"
says "says from where" " from 127.0.0.0/24"
says "says for how long" "lease: 7200 s until 20"
says "and its key" "key lease: 1209600 s until 20"
says "and what it has" "records: 1 ELOC, 0 EPID"
mapctl identity list id.test >"$DIR/out"
says "the list says since when" "$GUEST $(mapctl -j identity show "$GUEST" | sed 's/.*"identity":"\([^"]*\)".*/\1/') since 20"
ok "assign to it" 0 mapctl identity assign "$GUEST" guest.id.test
ok "the host sets its name" 0 update guest.test "update add guest.id.test 60 AAAA 2001:db8::3"
ok "ban of it" 0 mapctl identity ban "$GUEST" "flaps"
same "it is gone with the addresses of its name" "$(there "$GUEST" TYPE65301 KEY)$(there guest.id.test AAAA)" "0 1 0 "
ok "it cannot come back" 2 arrive
says "and is told so" "update failed: REFUSED"
ok "policy test says why" 1 mapctl policy test --key "$DIR/guest.test.private" id.test set "$GUEST" 60 ELOC 10 50 2001:db8::3
says "by which rule" "would get REFUSED by rule banned: the identity is banned: flaps"
ok "unban of it" 0 mapctl identity unban "$GUEST"
ok "it comes back" 0 arrive
same "with all that it had" "$(there "$GUEST" TYPE65301 KEY)" "1 1 "
judge "back" id.test

# a name that is the first one's who comes, until it is released
mkdir "$DIR/1" "$DIR/2"
for i in 1 2; do echo "$i/$(dnssec-keygen -q -K "$DIR/$i" -a ED25519 -n HOST -T KEY printer.id.test)" >"$DIR/k$i"; done
come() { update "$1" "update add $(sed -n 's/ IN KEY / 60 IN KEY /p' "$DIR/$1.key")" "update add printer.id.test 60 AAAA 2001:db8::5"; }
ok "a printer comes" 0 come "$(cat "$DIR/k1")"
ok "another printer of that name" 2 come "$(cat "$DIR/k2")"
ok "release of the name" 0 mapctl identity release printer.id.test
says "tells what went with it" "released; "
ok "the other one comes" 0 come "$(cat "$DIR/k2")"
judge "after it" id.test

# more than one page
for i in $(seq 1 450); do printf 'identity enroll h%03d.id.test\n' "$i"; done | mapctl - >"$DIR/out"
same "all of them are enrolled" "$(grep -c ': enrolled$' "$DIR/out")" 450
mapctl identity list id.test >"$DIR/list"
same "the list has all of them once" "$(grep -c '^h[0-9]*.id.test. - enrolled$' "$DIR/list") $(sort -u "$DIR/list" | wc -l)" "450 $(wc -l <"$DIR/list")"
same "a part of it" "$(mapctl identity list --from h449.id.test id.test | head -2 | cut -d' ' -f1 | xargs)" "h449.id.test. h450.id.test."
same "no one has more names than its policy says" "$(for i in $(seq 17); do echo "identity assign h001.id.test n$i.id.test"; done | mapctl - 2>&1 | grep -c 'assigned to it$')" 16
same "JSON: three pages" "$(mapctl -j identity list id.test | grep -c '"identities"')" 3
ok "from another zone" 2 mapctl identity list --from h.test id.test
says "says where it is" "h.test. is not in it"

# what an operator takes back without it
printf '%s\n' 'unset printer' commit | mapctl zone edit id.test >"$DIR/out"
ok "a name that an edit took back is the next one's" 0 come "$(cat "$DIR/k1")"
ok "a file that would drop it" 4 mapctl zone load id.test "$DIR/id"
says "says so" "hosts have registered"
ok "it is meant" 0 mapctl zone load --drop-registered id.test "$DIR/id"
ok "and nothing is left to drop" 0 mapctl zone load id.test "$DIR/id"
ok "the name is free again" 0 come "$(cat "$DIR/k2")"
ok "its zone goes" 0 mapctl zone remove id.test
ok "and comes again without it" 0 mapctl zone load id.test "$DIR/id"
exit $failed
