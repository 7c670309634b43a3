#!/usr/bin/env bash
# nsupdate.sh - the realm changed by stock nsupdate: hosts with nothing but their key (SIG(0)), administrators with
# TSIG, every form of RFC 2136; judged by ldns and BIND after each group. Its sessions are doc/nsupdate.md, and the
# test fails when they run otherwise; "nsupdate.sh write" writes them anew.
# needs: dig delv ldns dnssec-verify dnspython cryptography
# beside: yes
# limit: 240
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
NAME=nsupdate
# shellcheck source=tests/interop/update/realm.inc
. "$SOURCE/tests/interop/update/realm.inc"
PAGE=$SOURCE/doc/nsupdate.md

# --------------------------------------------------------------------------------- nsupdate, and what is said

# Runs nsupdate with OPTIONS on lines without server and zone, which are put before; its words are in out.
update() { # OPTIONS LINES
	local options=$1 to=${TO:-$PORT}
	{ printf 'server 127.0.0.1 %s\nzone %s\n' "$to" "${ZONE:-$REALM}"; printf '%b\n' "$2"; } >"$DIR/lines"
	[ -z "${2##*send*}" ] || echo send >>"$DIR/lines"
	# shellcheck disable=SC2086 # words
	(cd "$DIR" && timeout 30 nsupdate $options "$DIR/lines") >"$DIR/out" 2>&1
}
done_() { # WHAT OPTIONS LINES: NOERROR
	update "$2" "$3"
	result $? "$1" "$DIR/lines" "$DIR/out"
}
fails() { # WHAT RCODE OPTIONS LINES: that, and the zone stays as it is
	local before
	before=$(serial)
	update "$3" "$4"
	grep -q "^update failed: $2\$" "$DIR/out" && [ "$(serial)" = "$before" ]
	result $? "$1: $2" "$DIR/lines" "$DIR/out"
}
still() { # WHAT OPTIONS LINES: NOERROR, and nothing has changed
	local before
	before=$(serial)
	update "$2" "$3" && [ "$(serial)" = "$before" ]
	result $? "$1" "$DIR/lines" "$DIR/out"
}
holds() { # WHAT NAME TYPE WANTED...: just these records are served, in any order
	local what=$1 name=$2 type=$3
	shift 3
	same "$what" "$(ask "$name.$REALM" "$type" | LC_ALL=C sort | tr '\n' '|')" "$(printf '%s\n' "$@" | grep . | LC_ALL=C sort | tr '\n' '|')"
}
ADMIN="-y hmac-sha256:admin.:$SECRET"
V() { hosts eloc 10 "$1"; } # an ELOC record's RDATA

# ------------------------------------------------------------------------------- the sessions, as a user has them

say() { printf '%s\n' "$@" >>"$DIR/page"; }
begin() { say '```console'; }
end() { say '```' ''; }
# A session of the page: what is typed, and what is said; ports and folders as a user has them.
typed() { # OPTIONS LINES
	say "\$ nsupdate $1 <<." "server 127.0.0.1"
	printf '%b\n' "zone $REALM\n$2\nsend" | sed 's/$//' >>"$DIR/page"
	say .
	update "$1" "$2\nsend"
	local status=$?
	sed "s/127\.0\.0\.1#$PORT/127.0.0.1#53/g" "$DIR/out" >>"$DIR/page"
	[ $status = 0 ] || say "\$ echo \$?" "$status"
}
asked() { # NAME TYPE
	say "\$ dig +short $1 $2"
	ask "$1" "$2" | LC_ALL=C sort | fold -w 110 >>"$DIR/page"
}
shown() { # COMMAND...: of this machine's mapctl, as one types it
	say "\$ $*"
	(cd "$DIR" && "$@") 2>&1 | sed -E 's/since [0-9][^ ,;)]*( [0-9:]+)?( UTC)?/since 2026-11-26 09:00:00 UTC/g; s/until [0-9][^ ,;)]*( [0-9:]+)?( UTC)?/until 2026-12-10 09:00:00 UTC/g' |
		fold -s -w 110 | sed 's/ *$//' >>"$DIR/page"
}

realm_conf
realm_must_start
realm_load
KEY_A=$(hosts key "$DIR" 15 a @$REALM) KEY_B=$(hosts key "$DIR" 13 b @$REALM) KEY_C=$(hosts key "$DIR" 15 c laptop.$REALM)
hosts key "$DIR" 13 d laptop.$REALM >"$DIR/path" && KEY_D=$(cat "$DIR/path")
of() { local base=${1##*/K}; echo "${base%%.+*}"; } # the name of a key
record() { cut -d' ' -f3- "$1.key"; } # its KEY record
A=$(of "$KEY_A") B=$(of "$KEY_B")
K_A=${KEY_A##*/}.private K_B=${KEY_B##*/}.private K_C=${KEY_C##*/}.private K_D=${KEY_D##*/}.private

say '# nsupdate and mapd: sessions' '' \
	'Stock nsupdate (BIND 9.18), as it comes. `tests/interop/nsupdate.sh` runs these sessions and fails when they end' \
	'otherwise; only the port and times differ from what stands here. The realm:' '' '```yaml' \
	'tsig-keys: /etc/eidmap/tsig' 'zones: {id.example: {prefix: "2001:3f:fe00:a00::/56", policy: open, verify-locators: no}}' '```' ''

# ----------------------------------------------------------------------------------------- hosts, with SIG(0)

say '## A host registers itself' '' \
	'All it has is its key, and a name that is the digest of it (`mapctl id new --key-realm id.example` makes both).' \
	'ELOC is a type nsupdate does not know: RFC 3597 has a form for that, and `mapctl id show` prints it.' ''
begin
typed "-k $K_A" "update add $A 60 $(record "$KEY_A")\nupdate add $A 60 TYPE65301 $(V 2001:db8:a::10)"
result $? "a host registers itself" "$DIR/lines" "$DIR/out"
asked "$A" TYPE65301
end
same "its locators are served" "$(ask "$A" TYPE65301)" '\# 22 000A0032000220010DB8000A00000000000000000010'
serial >"$DIR/serial.1"
same "one update, one serial" "$(cat "$DIR/serial.1")" 2
trusted "what a host registered" "$A" TYPE65301 KEY
judge "a registration"
done_ "a host with a P-256 key registers itself" "-k $K_B" "update add $B 60 $(record "$KEY_B")\nupdate add $B 60 TYPE65301 $(V 2001:db8:b::10)"
trusted "of a P-256 key" "$B" TYPE65301

say '## It moves' '' 'Over TCP, with `-v`: without it a datagram is enough, unless it gets REFUSED because the server is busy, or new names' \
	'by datagrams are too many (`identities-unproved`). What is there goes, what comes is beside it in the same message;' 'nobody sees the time between.' ''
tcp=$(mapctl -j status | sed -nE 's/.*"query.tcp": ?([0-9]+).*/\1/p')
begin
typed "-v -k $K_A" "update delete $A TYPE65301\nupdate add $A 60 TYPE65301 $(V 2001:db8:b::10)\nupdate add $A 60 TYPE65301 $(V 192.0.2.10)"
result $? "a host moves, over TCP" "$DIR/lines" "$DIR/out"
asked "$A" TYPE65301
end
[ "$(mapctl -j status | sed -nE 's/.*"query.tcp": ?([0-9]+).*/\1/p')" -gt "$tcp" ]
result $? "and TCP it was"
same "both locators are served" "$(ask "$A" TYPE65301 | wc -l)" 2
done_ "one of them goes" "-v -k $K_A" "update delete $A 60 TYPE65301 $(V 192.0.2.10)"
same "the other one is left" "$(ask "$A" TYPE65301 | tr -d ' ')" '\#22000A0032000220010DB8000B00000000000000000010'
still "what is there already is not added" "-v -k $K_A" "update add $A 60 TYPE65301 $(V 2001:db8:b::10)"
still "what is not there does not go" "-v -k $K_A" "update delete $A 60 TYPE65301 $(V 192.0.2.11)"
judge "moves"

say '## Refused, and why' '' 'nsupdate tells the RCODE and no more: it sends no EDNS, so the answer has no room for a reason.' \
	'`mapctl policy test` tells the reason and the rule that decides.' ''
begin
typed "-v -k $K_B" "update add $A 60 TYPE65301 $(V 2001:db8:bad::1)"
grep -q "^update failed: REFUSED" "$DIR/out"
result $? "another host's mapping: REFUSED" "$DIR/out"
shown mapctl policy test --key "$K_B" $REALM set "$A." 60 ELOC 10 50 2001:db8:bad::1
end
fails "a type that is not the host's" REFUSED "-v -k $K_A" "update add $A 60 TXT x"
fails "the operator's names" REFUSED "-v -k $K_A" "update delete www.$REALM"
fails "the zone's own name" REFUSED "-v -k $K_A" "update add $REALM 60 NS ns3.$REALM"
fails "an address that can be no locator" REFUSED "-v -k $K_A" "update add $A 60 TYPE65301 $(V fe80::1)"
fails "good and bad in one message" REFUSED "-v -k $K_A" "update add $A 60 TYPE65301 $(V 2001:db8::7)\nupdate add www.$REALM 60 A 192.0.2.9"
ZONE=id.elsewhere fails "a zone that is not here" NOTAUTH "-v -k $K_A" "update add x.id.elsewhere 60 A 192.0.2.1"

say '## A name is taken' '' 'Names that certify nobody go to who comes first. Another key gets YXDOMAIN.' ''
begin
typed "-v -k $K_C" "update add laptop.$REALM 60 $(record "$KEY_C")\nupdate add laptop.$REALM 60 TYPE65301 $(V 2001:db8:a::20)"
result $? "a name that nobody has is registered" "$DIR/lines" "$DIR/out"
typed "-v -k $K_D" "update add laptop.$REALM 60 $(record "$KEY_D")\nupdate add laptop.$REALM 60 TYPE65301 $(V 2001:db8:bad::1)"
grep -q "^update failed: YXDOMAIN" "$DIR/out"
result $? "another key wants it: YXDOMAIN" "$DIR/out"
# shellcheck disable=SC2046 # words
shown mapctl policy test --key "$K_D" $REALM set laptop 60 $(record "$KEY_D")
end
same "the first one has it" "$(ask laptop.$REALM TYPE65301 | tr -d ' ')" '\#22000A0032000220010DB8000A00000000000000000020'
hosts key "$DIR" 15 e "$B" >"$DIR/path"
K_E=$(basename "$(cat "$DIR/path")")
fails "at a name that certifies itself, a key that does not hash to it" REFUSED "-v -k $K_E.private" \
	"update delete $B\nupdate add $B 60 $(record "$DIR/$K_E")\nupdate add $B 60 TYPE65301 $(V 2001:db8:bad::1)"
judge "refusals"

say '## Prerequisites' '' 'A host changes its mapping only if it is what it believes it to be.' ''
begin
typed "-v -k $K_A" "prereq yxrrset $A IN TYPE65301 $(V 2001:db8:b::10)\nupdate delete $A TYPE65301\nupdate add $A 60 TYPE65301 $(V 2001:db8:c::10)"
result $? "a prerequisite that holds" "$DIR/lines" "$DIR/out"
typed "-v -k $K_A" "prereq yxrrset $A IN TYPE65301 $(V 2001:db8:b::10)\nupdate delete $A TYPE65301\nupdate add $A 60 TYPE65301 $(V 2001:db8:d::10)"
grep -q "^update failed: NXRRSET" "$DIR/out"
result $? "one that does not: NXRRSET" "$DIR/out"
end

say '## The same octets again' '' 'Somebody listens and sends what he heard once more. It gets the first answer and changes nothing,' \
	'whatever came between; a restart of mapd does not make it forget.' ''
/usr/bin/python3 "$UPDATE/hosts.py" relay "$PORT" "$DIR/heard" $((PORT + 1)) >"$DIR/relay" &
RELAY=$!
until grep -qs ready "$DIR/relay"; do kill -0 $RELAY || break; done
TO=$((PORT + 1)) done_ "an update that somebody hears" "-k $K_A" "update delete $A TYPE65301\nupdate add $A 60 TYPE65301 $(V 2001:db8:e::10)"
wait $RELAY
again() { # WHAT WANTED: what is said is in said
	local before
	before=$(serial)
	said=$(hosts send "$PORT" "$DIR/heard")
	same "$1" "${said%% *} $(($(serial) - before))" "$2 0"
}
sent_again() { say '$ tests/interop/update/hosts.py send 53 heard    # '"$1" "$said"; }
begin
say "\$ tcpdump -w heard udp port 53    # somebody listens" '$ nsupdate -k '"$K_A"' <lines    # 2001:db8:e::10'
again "the same again: its first answer, nothing changed" NOERROR
sent_again "and sends it again"
realm_stop -9
realm_must_start
again "the same after kill -9" NOERROR
say '$ systemctl kill -s KILL mapd; systemctl start mapd'
sent_again "after a restart"
same "the locators are those of the last one" "$(ask "$A" TYPE65301 | tr -d ' ')" '\#22000A0032000220010DB8000E00000000000000000010'
# nsupdate signs for now - 300, in seconds: a later one is one of a later second
second=$(date +%s)
until [ "$(date +%s)" != "$second" ]; do :; done
done_ "a later update" "-v -k $K_A" "update delete $A TYPE65301\nupdate add $A 60 TYPE65301 $(V 2001:db8:f::10)"
again "what was heard, after a later one: its first answer, nothing changed" NOERROR
say '$ nsupdate -v -k '"$K_A"' <lines    # 2001:db8:f::10'
sent_again "after a later one"
asked "$A" TYPE65301
end
/usr/bin/python3 - "$DIR" "$A" "$REALM" >"$DIR/older" <<'P'
import sys, time, hosts
key = hosts.Key(hosts.ED25519, "a", sys.argv[2])
update = hosts.Update(sys.argv[3]).delete(sys.argv[2], hosts.ELOC).add(sys.argv[2], hosts.ELOC, hosts.eloc("2001:db8:bad::1"))
now = int(time.time())
open(sys.argv[1] + "/older", "wb").write(hosts.sig0(update, key, now - 310, now + 290))
P
before=$(serial)
same "one that was signed before the last and comes after it: REFUSED, nothing changed" \
	"$(hosts send "$PORT" "$DIR/older" | cut -d' ' -f1) $(($(serial) - before))" "REFUSED 0"
judge "replays"

say '## It leaves' ''
begin
typed "-v -k $K_A" "update delete $A"
result $? "a host leaves" "$DIR/lines" "$DIR/out"
asked "$A" TYPE65301
end
same "nothing is left of it" "$(ask "$A" TYPE65301)$(ask "$A" KEY)" ""
trusted "what is gone" "$A" TYPE65301

# ------------------------------------------------------------------------------------ administrators, with TSIG

say '## Administrators' '' 'With a key of `tsig-keys:` the whole realm can be changed, by all of RFC 2136; what no zone file may have, as a' \
	'locator that can never be one, is refused here too.' ''
begin
say "\$ nsupdate -k /etc/eidmap/tsig <<." "server 127.0.0.1" "zone $REALM" "prereq nxdomain printer.$REALM" "update add printer.$REALM 60 A 192.0.2.50" send .
(cd "$DIR" && printf 'server 127.0.0.1 %s\nzone %s\nprereq nxdomain printer.%s\nupdate add printer.%s 60 A 192.0.2.50\nsend\n' "$PORT" $REALM $REALM $REALM |
	nsupdate -k "$DIR/tsig") >"$DIR/out" 2>&1
result $? "an administrator adds a name" "$DIR/out"
cat "$DIR/out" >>"$DIR/page"
asked printer.$REALM A
end
fails "another secret" "NOTAUTH(BADSIG)" "-y hmac-sha256:admin.:b3RoZXI=" "update add x.$REALM 60 A 192.0.2.1"
fails "another key" "NOTAUTH(BADKEY)" "-y hmac-sha256:nobody.:$SECRET" "update add x.$REALM 60 A 192.0.2.1"
fails "no key at all" REFUSED "" "update add x.$REALM 60 A 192.0.2.1"

# 3.2: prerequisites
fails "prereq nxdomain of a name that is" YXDOMAIN "$ADMIN" "prereq nxdomain www.$REALM\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq yxdomain of one that is not" NXDOMAIN "$ADMIN" "prereq yxdomain nobody.$REALM\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq nxrrset of a set that is" YXRRSET "$ADMIN" "prereq nxrrset www.$REALM A\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq yxrrset of one that is not" NXRRSET "$ADMIN" "prereq yxrrset www.$REALM AAAA\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq yxrrset with other values" NXRRSET "$ADMIN" "prereq yxrrset www.$REALM A 192.0.2.4\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq yxrrset with less than all values" NXRRSET "$ADMIN" "prereq yxrrset text.$REALM TXT one\nupdate add p.$REALM 60 A 192.0.2.1"
fails "prereq yxrrset with more" NXRRSET "$ADMIN" "prereq yxrrset www.$REALM A 192.0.2.3\nprereq yxrrset www.$REALM A 192.0.2.4\nupdate add p.$REALM 60 A 192.0.2.1"
fails "two of them, the second does not hold" NXDOMAIN "$ADMIN" "prereq yxdomain www.$REALM\nprereq yxdomain nobody.$REALM\nupdate add p.$REALM 60 A 192.0.2.1"
fails "of a name elsewhere" NOTZONE "$ADMIN" "prereq yxdomain www.elsewhere.test\nupdate add p.$REALM 60 A 192.0.2.1"
done_ "all kinds that hold" "$ADMIN" "prereq nxdomain nobody.$REALM\nprereq yxdomain www.$REALM\nprereq nxrrset www.$REALM AAAA\nprereq yxrrset www.$REALM A\nprereq yxrrset text.$REALM TXT two\nprereq yxrrset text.$REALM TXT one\nupdate add p.$REALM 60 A 192.0.2.1"
holds "and the update is done" p A 192.0.2.1
still "prerequisites alone" "$ADMIN" "prereq yxdomain p.$REALM\nsend"
fails "a prerequisite is looked at before what is changed" YXDOMAIN "$ADMIN" "prereq nxdomain p.$REALM\nupdate delete p.$REALM"

# 3.4: changes
still "a record that is there" "$ADMIN" "update add p.$REALM 60 A 192.0.2.1"
done_ "a second record with another TTL" "$ADMIN" "update add p.$REALM 30 A 192.0.2.2"
same "is the set's" "$(dig +noall +answer +norecurse @127.0.0.1 -p "$PORT" p.$REALM A | awk '{ print $2 }' | sort -u)" 30
done_ "one record goes" "$ADMIN" "update delete p.$REALM A 192.0.2.1"
holds "the other one stays" p A 192.0.2.2
done_ "a set goes" "$ADMIN" "update add p.$REALM 60 TXT kept\nupdate delete p.$REALM A"
holds "the other set stays" p TXT '"kept"'
holds "that one is gone" p A
done_ "added and deleted in one message" "$ADMIN" "update add q.$REALM 60 A 192.0.2.1\nupdate delete q.$REALM A\nupdate add p.$REALM 60 A 192.0.2.9"
holds "in that order" q A
done_ "deleted and added" "$ADMIN" "update delete p.$REALM A\nupdate add p.$REALM 60 A 192.0.2.9\nupdate add p.$REALM 60 A 192.0.2.10"
holds "in this one" p A 192.0.2.10 192.0.2.9
done_ "a name goes with all it has" "$ADMIN" "update delete p.$REALM"
same "and does not exist" "$(dig +norecurse @127.0.0.1 -p "$PORT" p.$REALM A | grep -o NXDOMAIN)" NXDOMAIN
still "what is not there" "$ADMIN" "update delete nobody.$REALM\nupdate delete www.$REALM TXT\nupdate delete www.$REALM A 192.0.2.99"
judge "changes of records"

# SOA, NS at the apex
still "the SOA does not go" "$ADMIN" "update delete $REALM SOA"
still "all of the apex keeps SOA and NS" "$ADMIN" "update delete $REALM"
still "the NS set of the apex does not go" "$ADMIN" "update delete $REALM NS"
done_ "one NS of two goes" "$ADMIN" "update delete $REALM NS ns2.$REALM."
still "the last one does not" "$ADMIN" "update delete $REALM NS ns.$REALM."
same "it is there" "$(ask $REALM NS)" "ns.$REALM."
done_ "an NS comes" "$ADMIN" "update add $REALM 60 NS ns2.$REALM."
now=$(serial)
still "a SOA with a lower serial" "$ADMIN" "update add $REALM 60 SOA ns.$REALM. other.$REALM. $((now - 1)) 1 1 86400 60"
still "a SOA beside the apex" "$ADMIN" "update add www.$REALM 60 SOA ns.$REALM. other.$REALM. 9999 1 1 86400 60"
done_ "a SOA with a higher one" "$ADMIN" "update add $REALM 60 SOA ns.$REALM. other.$REALM. $((now + 100)) 3600 600 86400 60"
same "is the zone's" "$(ask $REALM SOA | awk '{ print $2, ($3 >= '$((now + 100))') }')" "other.$REALM. 1"
done_ "and goes on from there" "$ADMIN" "update add r.$REALM 60 A 192.0.2.1"
same "by one" "$(($(serial) > now + 100))" 1
judge "SOA and NS"

# CNAME
still "an alias beside other records" "$ADMIN" "update add www.$REALM 60 CNAME ns.$REALM."
still "another record beside an alias" "$ADMIN" "update add alias.$REALM 60 A 192.0.2.1"
done_ "another alias" "$ADMIN" "update add alias.$REALM 60 CNAME ns.$REALM."
holds "takes the place of the one before" alias CNAME "ns.$REALM."
done_ "an alias goes, an address comes" "$ADMIN" "update delete alias.$REALM CNAME\nupdate add alias.$REALM 60 A 192.0.2.77"
holds "in one message" alias A 192.0.2.77
done_ "DNAME, delegation, wildcard, deep names" "$ADMIN" "update add d.$REALM 60 DNAME elsewhere.test.\nupdate add sub.$REALM 60 NS ns.sub.$REALM.\nupdate add ns.sub.$REALM 60 A 192.0.2.3\nupdate add *.w.$REALM 60 A 192.0.2.4\nupdate add a.b.c.$REALM 60 TXT deep"
holds "the wildcard matches" x.w A 192.0.2.4
trusted "of a wildcard" x.w.$REALM A
trusted "of nothing" nobody.$REALM A
judge "aliases and cuts"
fails "a record below the delegation" REFUSED "$ADMIN" "update add g.sub.$REALM 60 TXT hidden"
fails "an address there that is no glue" REFUSED "$ADMIN" "update add h.sub.$REALM 60 A 192.0.2.3"
fails "an address below the DNAME" REFUSED "$ADMIN" "update add h.d.$REALM 60 A 192.0.2.3"
done_ "glue of a second family" "$ADMIN" "update add ns.sub.$REALM 60 AAAA 2001:db8::3"
done_ "and they go again" "$ADMIN" "update delete d.$REALM\nupdate delete sub.$REALM\nupdate delete *.w.$REALM\nupdate delete a.b.c.$REALM"
same "with the empty names above" "$(dig +norecurse @127.0.0.1 -p "$PORT" b.c.$REALM A | grep -o NXDOMAIN)" NXDOMAIN
judge "they are gone"

# nothing of a message that fails
for bad in "x.elsewhere.test 60 A 192.0.2.1:NOTZONE" "$REALM 60 RRSIG A 13 2 60 20300101000000 20200101000000 1 $REALM. AAAA:REFUSED" \
	"$REALM 60 DNSKEY 257 3 13 AAAA:REFUSED" "$REALM 60 NSEC www.$REALM. A:REFUSED" "$REALM 60 NSEC3PARAM 1 0 1 AB:REFUSED"; do
	fails "one of three cannot be (${bad%% 60 *}$(cut -d' ' -f3 <<<" ${bad#* 60 }")): none is done" "${bad##*:}" "$ADMIN" \
		"update add good.$REALM 60 A 192.0.2.1\nupdate add ${bad%:*}\nupdate delete www.$REALM"
done
holds "nothing came" good A
holds "nothing went" www A 192.0.2.3
done_ "an administrator changes a host's mapping" "$ADMIN" "update delete $B TYPE65301\nupdate add $B 60 TYPE65301 $(V 2001:db8:9::1)"
same "and it is served" "$(ask "$B" TYPE65301 | tr -d ' ')" '\#22000A0032000220010DB8000900000000000000000001'
done_ "and the host changes it again" "-v -k $K_B" "update delete $B TYPE65301\nupdate add $B 60 TYPE65301 $(V 2001:db8:b::11)"
judge "at the end"

sed 's/[[:space:]]*$//' "$DIR/page" | cat -s | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$DIR/page.md"
if [ "${1:-}" = write ]; then cp "$DIR/page.md" "$PAGE"; fi
diff -u "$PAGE" "$DIR/page.md" >"$DIR/diff" 2>&1
result $? "doc/nsupdate.md has these sessions" "$DIR/diff"
exit $failed
