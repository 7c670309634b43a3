#!/usr/bin/env bash
# zonekeys.sh - mapctl key as an operator uses it: a zone comes over from BIND with its keys, then gets its own;
# what is printed, and what is said when it cannot be.
# needs: dig dnssec-verify ldns
# limit: 60
# shellcheck disable=SC2317 # functions that ok calls
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/zonekeys.XXXXXX")
PORT=5871 MAPD='' bad=0
PATH=$PATH:/usr/sbin
trap '[ -z "$MAPD" ] || kill "$MAPD"; rm -rf "$DIR"' EXIT

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
says() { # PATTERN COMMAND...
	local pattern=$1
	shift
	"$@" | tee /dev/stderr | grep -qE -- "$pattern"
}
refuses() { # STATUS PATTERN COMMAND...
	local status=$1 pattern=$2 got
	shift 2
	"$@" >"$DIR/said" 2>&1
	got=$?
	cat "$DIR/said"
	[ $got = "$status" ] && grep -qE -- "$pattern" "$DIR/said"
}
start() {
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/log"; exit 1; }
	rm "$DIR/ready"
}
tags() { dig +norecurse +noall +answer +multi @127.0.0.1 -p $PORT "$1" DNSKEY | sed -n 's/.*key id = //p' | sort -n; }
list_tags() { mapctl key list "$1" | awk '$2 ~ /^[ckz]sk$/ { print $1 }' | sort -n; }
tag_of() { echo $((10#${1##*+})); }
same() { echo "$1 / $2"; [ -n "$1" ] && [ "$1" = "$2" ]; }
verified() {
	mapctl zone dump --plain "$1" >"$DIR/dump" && dnssec-verify -q -z -o "$1" "$DIR/dump" && ldns-verify-zone -V 1 "$DIR/dump"
}

cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	zones:
	  moved.test: {keys: split}
Y
printf '$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n' >"$DIR/zone"
start
ksk=$(cd "$DIR" && dnssec-keygen -q -f KSK -a ECDSAP256SHA256 moved.test)
zsk=$(cd "$DIR" && dnssec-keygen -q -a ECDSAP256SHA256 moved.test)
ok "BIND's key-signing key" says "ksk $(tag_of "$ksk") .*will sign" mapctl key import --role ksk moved.test "$DIR/$ksk.private"
ok "its zone-signing key" says "zsk $(tag_of "$zsk") .*will sign" mapctl key import --role zsk moved.test "$DIR/$zsk.private"
ok "they are there before the zone" same "$(list_tags moved.test)" "$(printf '%s\n' "$(tag_of "$ksk")" "$(tag_of "$zsk")" | sort -n)"
ok "the DS is BIND's" same "$(mapctl key ds moved.test | awk '{ print $5, $6, $7, $8 }' | tr 'A-Z' 'a-z')" \
	"$(dnssec-dsfromkey -2 "$DIR/$ksk.key" | awk '{ print $4, $5, $6, $7 }' | tr 'A-Z' 'a-z')"
ok "loaded" says 'new, serial 1' mapctl zone load moved.test "$DIR/zone"
ok "it is signed with BIND's keys" same "$(tags moved.test)" "$(list_tags moved.test)"
ok "and well" verified moved.test
ok "the same file again" refuses 1 'exists already; keys are never overwritten' mapctl key import --role ksk moved.test "$DIR/$ksk.private"
ok "a key of another kind" refuses 1 'algorithm 8 is not known here; 13 \(ECDSAP256SHA256\) and 15' \
	mapctl key import moved.test <(printf 'Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\nModulus: AAAA\n')
ok "a role that is none" refuses 2 'role boss: expected csk, ksk or zsk' mapctl key generate --role boss moved.test
ok "what a list shows" says "^ *$(tag_of "$zsk") zsk 13 in use since [0-9]{14}: published, signs the data; Kmoved.test.\+013\+" mapctl key list moved.test
ok "a key that waits" says 'zsk [0-9]+ \(ecdsap256\) waits for a roll' mapctl key generate --role zsk moved.test
waits=$(mapctl key list moved.test | awk '$4 == "waits" { print $1 }')
ok "it is not published" [ "$(tags moved.test | grep -cx "$waits")" = 0 ]
ok "a roll takes it" says "roll zsk begins: old zsk $(tag_of "$zsk") new zsk $waits;" mapctl key roll moved.test zsk
ok "now it is" [ "$(tags moved.test | grep -cx "$waits")" = 1 ]
ok "where the roll stands" says 'roll zsk, phase publish: .*' mapctl key list moved.test
ok "and when it goes on" says 'since [0-9]{14}, the next phase is safe at [0-9]{14}$' mapctl key list moved.test
ok "not before" refuses 4 'not safe before [0-9]{14}' mapctl key next moved.test
ok "only one roll at a time" refuses 4 'a roll \(zsk\) goes on' mapctl key roll moved.test ksk
ok "a new key is not retired" refuses 4 'takes part in a roll' mapctl key retire moved.test "$waits"
ok "well signed meanwhile" verified moved.test
ok "taken back" says 'taken back' mapctl key cancel moved.test
ok "and well signed" verified moved.test
ok "the key waits again, and is given up" says "zsk $waits is retired" mapctl key retire moved.test "$waits"
ok "its file is put aside" ls "$DIR/db/keys/Kmoved.test.+013+$(printf '%05d' "$waits").private.retired"
ok "nothing to do" refuses 4 'all is as configured: say what to roll, zsk, ksk or keys' mapctl key roll moved.test
ok "a word that is none" refuses 2 'all: expected zsk, ksk' mapctl key roll moved.test all
ok "no roll goes on" refuses 4 'no roll goes on' mapctl key next moved.test
ok "no key of that tag" refuses 1 'no such key' mapctl key retire moved.test "$waits"
ok "no zone of that name" refuses 1 'not served here' mapctl key roll absent.test csk
kill "$MAPD"
wait "$MAPD" 2>/dev/null
start
ok "all of it after a restart" same "$(tags moved.test)" "$(list_tags moved.test)"
exit $bad
