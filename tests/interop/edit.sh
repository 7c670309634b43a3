#!/usr/bin/env bash
# edit.sh - zones edited as an operator does it: over several calls, from standard input, refused, left open,
# overtaken by a load, lost with mapd; judged by others after each commit, and by what the journal says.
# needs: dig delv ldns dnssec-verify
# limit: 120
set -u
NAME=edit PORT=5875
# shellcheck source=tests/interop/operator.inc
. "$(dirname "$0")/operator.inc"
edit() { mapctl zone edit edit.test "$@"; }
serial() { ask edit.test SOA | awk '{ print $3 }'; }
dump() { mapctl zone dump edit.test | LC_ALL=C sort; }
# Others find nothing wrong with the zone; and the journal from serial $1 makes it of dump.old.
judge() { # WHEN SERIAL
	mapctl zone dump --plain edit.test >"$DIR/zone.now"
	ok "$1: ldns-verify-zone" 0 ldns-verify-zone -V 1 "$DIR/zone.now"
	ok "$1: dnssec-verify" 0 dnssec-verify -q -o edit.test -z "$DIR/zone.now"
	mapctl key ds edit.test | awk '{ print "trust-anchors { \"edit.test.\" static-ds " $5, $6, $7, "\"" $8 "\"; };" }' >"$DIR/keys"
	ok "$1: delv" 0 delv @127.0.0.1 -p $PORT -a "$DIR/keys" +root=edit.test www.edit.test A
	says "$1: delv validates" "; fully validated"
	mapctl zone journal edit.test "$2" | grep -v '^;' >"$DIR/journal"
	sed -n 's/^- //p' "$DIR/journal" | LC_ALL=C sort >"$DIR/removed"
	sed -n 's/^+ //p' "$DIR/journal" | LC_ALL=C sort >"$DIR/added"
	LC_ALL=C comm -23 "$DIR/dump.old" "$DIR/removed" | LC_ALL=C sort - "$DIR/added" >"$DIR/dump.made"
	dump >"$DIR/dump.now"
	ok "$1: the journal makes it of what was before" 0 cmp "$DIR/dump.made" "$DIR/dump.now"
	same "$1: all that the journal removes was there" "$(LC_ALL=C comm -13 "$DIR/dump.old" "$DIR/removed" | wc -l)" 0
	cp "$DIR/dump.now" "$DIR/dump.old"
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
	www 60 A 192.0.2.2
	sub 60 NS ns.sub
	ns.sub 60 A 192.0.2.3
	a.b.c 60 TXT "deep"
Z
start_mapd
mapctl zone load edit.test "$DIR/zone" >"$DIR/out" || exit 1
dump >"$DIR/dump.old"

# over several calls
ok "no edit is open" 1 edit status
ok "begin" 0 edit begin
ok "a second begin is refused" 4 edit begin
says "and says what is open" "an edit is open already"
ok "zone status shows it" 0 mapctl zone status edit.test
says "with its lines" "edit_lines: 0"
ok "set" 0 edit set new 60 A 192.0.2.7
ok "set without TTL at a set" 0 edit set www A 192.0.2.8
ok "set without TTL at no set" 1 edit set www TXT x
cp "$DIR/out" "$DIR/out.ttl"
ok "a word with blanks" 0 edit set words 60 TXT "a b; c"
ok "is one string" 0 edit unset words TXT '"a b; c"'
cp "$DIR/out.ttl" "$DIR/out"
says "wants one" "no TTL: give one, the set is new"
ok "unset of a record" 0 edit unset www A 192.0.2.2
ok "unset of what is not there" 1 edit unset www A 192.0.2.2
says "says so" "www.edit.test. A: no such record to unset"
ok "diff" 0 edit diff
says "shows what goes" $'- www.edit.test.\t60\tIN\tA\t192.0.2.2'
says "and what comes" $'+ new.edit.test.\t60\tIN\tA\t192.0.2.7'
same "nothing is served of it" "$(ask new.edit.test A)$(serial)" 1
ok "commit" 0 edit commit
says "tells" "zone edit.test.: serial 1 -> 2, 8 records, 2 added, 1 removed"
same "it is served" "$(ask new.edit.test A) $(ask www.edit.test A) $(serial)" "192.0.2.7 192.0.2.8 2"
ok "the edit is over" 1 edit commit
judge "after a commit" 1

# abort, and an edit without effect
edit begin >"$DIR/out" && edit set gone 60 A 192.0.2.9 >"$DIR/out"
ok "abort" 0 edit abort
same "nothing of it is there" "$(ask gone.edit.test A)$(serial)" 2
printf 'set www 60 A 192.0.2.8\ncommit\n' >"$DIR/lines"
ok "what is there already" 0 edit <"$DIR/lines"
says "changes nothing" "unchanged, serial 2"

# from standard input
script() { # NAME STATUS LINES TEXT
	printf '%b' "$3" >"$DIR/lines"
	ok "$1" "$2" edit <"$DIR/lines"
	says "$1: told" "$4"
}
script "a script" 0 '# a host\nset h 60 A 192.0.2.10\n\nset h 60 TXT "a b" c\nunset new\ndiff\ncommit\n' "serial 2 -> 3"
judge "after a script" 2
script "a script without commit" 1 'set lost 60 A 192.0.2.1\n' "ends without commit: nothing has changed"
script "a script that aborts" 0 'set lost 60 A 192.0.2.1\nabort\n' "nothing has changed"
script "a line that is wrong" 2 'set lost 60 A 192.0.2.1\nset x 60 A y\ncommit\n' "standard input:2: A: "
script "a line that cannot be done" 1 'set lost 60 A 192.0.2.1\nunset nobody\ncommit\n' \
	"standard input:2: zone edit.test.: nobody.edit.test.: no such records to unset"
script "a line behind the end" 2 'abort\nset lost 60 A 192.0.2.1\n' "standard input:2: a line behind the end"
same "nothing is left of them" "$(ask lost.edit.test A)$(serial)" 3
ok "and no edit is open" 1 edit status

# refused in the words of zone check
refused() { # WORDS LINES ZONE-LINES
	script "refused: $1" 1 "$2commit\n" "standard input:$1"
	{ grep -v "^${4:-none} " "$DIR/zone"; printf '%b' "$3"; } >"$DIR/wrong"
	mapctl zone check edit.test "$DIR/wrong" >"$DIR/out" 2>&1
	says "zone check has the same words" "${1#*: }"
}
refused "2: www.edit.test. CNAME: an alias beside other records of the name" \
	'set x 60 A 192.0.2.1\nset www 60 CNAME x\n' 'www 60 CNAME x\n'
refused "1: edit.test. NS: missing; a zone has at least one" 'unset @ NS\n' '' @
refused "2: edit.test. NS: the name server's name is an alias (RFC 2181 10.3)" \
	'unset ns A\nset ns 60 CNAME www\n' 'ns 60 CNAME www\n' ns
refused "1: sub.edit.test. DNAME: beside a delegation" 'set sub 60 DNAME x\n' 'sub 60 DNAME x\n'
refused "1: h.edit.test. ELOC: via no.edit.test.: no prefix set (ELOC net:...) is there" \
	'set h 60 ELOC 10 50 via:::1@no\n' 'h 60 ELOC 10 50 via:::1@no\n'
same "nothing was served of that" "$(serial)" 3

# prefixes that others need
script "a site and a host" 0 'set site 60 ELOC 10 50 net:2001:db8:a::/48\nset host 60 ELOC 10 50 via:::1@site\ncommit\n' "serial 3 -> 4"
script "the prefixes cannot go alone" 1 'unset site\ncommit\n' \
	"standard input:1: host.edit.test. ELOC: via site.edit.test.: no prefix set"
judge "after mappings" 3

# an identity with its proof, as id new prints it
(cd "$DIR" && "$BUILD/mapctl/mapctl" id new --realm 2001:3f:fe00:a00::/56=edit.test --locator 2001:db8::1) >"$DIR/identity"
owner=$(awk '$4 == "KEY" || $3 == "KEY" { print $1; exit }' "$DIR/identity")
{ grep "^$owner" "$DIR/identity" | sed 's/^/set /'; echo commit; } >"$DIR/lines"
ok "an identity" 0 edit <"$DIR/lines"
says "is published" "serial 4 -> 5"
script "a locator that its proof does not cover" 1 "set $owner 60 ELOC 10 50 2001:db8::2\\ncommit\\n" \
	"standard input:1: $owner ELOC: "
sed 's/.* ELOC: //' "$DIR/out" >"$DIR/words"
{ cat "$DIR/zone"; grep "^$owner" "$DIR/identity"; echo "$owner 60 ELOC 10 50 2001:db8::2"; } >"$DIR/wrong"
mapctl zone check edit.test "$DIR/wrong" >"$DIR/out" 2>&1
says "zone check has the same words of it" "$(cat "$DIR/words")"
judge "after an identity" 4

# delegations and wildcards, what appears and vanishes
script "a delegation goes, a wildcard comes" 0 'unset sub\nset *.w 60 A 192.0.2.20\nunset a.b.c\ncommit\n' "serial 5 -> 6"
same "what was hidden is seen, the wildcard matches" "$(ask ns.sub.edit.test A) $(ask x.w.edit.test A)" "192.0.2.3 192.0.2.20"
judge "after a delegation went" 5
script "it comes again" 0 'set sub 60 NS ns.sub\nset sub 60 DS 1 13 2 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\ncommit\n' "serial 6 -> 7"
judge "after a delegation came" 6
script "another proof TTL" 0 'set @ 60 SOA ns hostmaster 100 3600 600 86400 30\ncommit\n' "serial 7 -> 100"
says "is all of the zone" "made anew"
ok "which has no past then" 1 mapctl zone journal edit.test 7
dump >"$DIR/dump.old"
script "and goes on" 0 'set www 60 A 192.0.2.30\ncommit\n' "serial 100 -> 101"
judge "after that" 100

# overtaken by a load, a removal, and the end of mapd
edit begin >"$DIR/out" && edit set late 60 A 192.0.2.40 >"$DIR/out"
mapctl zone load edit.test "$DIR/zone" >"$DIR/out"
ok "a commit after a load is refused" 4 edit commit
says "and says what to do" "look at its diff, then commit again, or abort"
ok "diff" 0 edit diff
ok "then it is done" 0 edit commit
same "to the zone as it is" "$(ask late.edit.test A) $(ask www.edit.test A)" "192.0.2.40 192.0.2.2"
edit begin >"$DIR/out"
mapctl zone remove edit.test >"$DIR/out"
ok "the removal of the zone ends an edit" 1 edit commit
mapctl zone load edit.test "$DIR/zone" >"$DIR/out"
edit begin >"$DIR/out" && edit set lost 60 A 192.0.2.1 >"$DIR/out"
before=$(serial)
stop_mapd
start_mapd
ok "an edit does not outlive mapd" 1 edit commit
says "which is said" "no edit is open; one does not outlive mapd"
same "nothing of it is there" "$(ask lost.edit.test A)$(serial)" "$before"

# mapctl dies in the middle of a script: the edit goes with its connection
mkfifo "$DIR/lines.fifo" "$DIR/said.fifo"
"$BUILD/mapctl/mapctl" -s "$DIR/control" zone edit edit.test <"$DIR/lines.fifo" >"$DIR/said.fifo" &
MAPCTL=$!
exec 4>"$DIR/lines.fifo" 5<"$DIR/said.fifo"
printf 'set lost 60 A 192.0.2.1\nstatus\n' >&4
read -r -t 20 -u 5 said
same "a script tells its status at once" "${said%%,*}" "zone edit.test.: an edit is open"
ok "meanwhile it is open" 4 edit begin
{ kill -9 $MAPCTL; wait $MAPCTL; } 2>/dev/null
exec 4>&- 5<&-
ok "another edit begins" 0 edit begin
ok "JSON" 0 mapctl -j zone edit edit.test status
says "has its fields" '"lines":0'
exit $failed
