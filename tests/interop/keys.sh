#!/usr/bin/env bash
# keys.sh - key files both ways: what dnssec-keygen makes we read, and what we make BIND and ldns sign
# with and nsupdate takes.
# needs: dig dnssec-verify ldns
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/keys.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
PATH=$PATH:/usr/sbin

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$DIR/out" 2>&1; then echo "ok $what"; else echo "not ok $what"; sed 's/^/    | /' "$DIR/out"; fi
}
mapctl() { "$BUILD/mapctl/mapctl" "$@"; }

# The public key as they print it must be the one that we compute from the private one.
same_public() { # BASE
	local theirs ours
	theirs=$(sed -n 's/.* \(KEY\|DNSKEY\) \([0-9]* [0-9]* [0-9]*\) /\2 /p' "$1.key" | tr -d ' ')
	ours=$(mapctl id show "$1.private" | sed -n 's/^key: //p' | tr -d ' ')
	echo "theirs $theirs, ours $ours"
	[ -n "$ours" ] && [ "$ours" = "$theirs" ]
}
read_theirs() { # ALGORITHM
	local base
	base=$(dnssec-keygen -q -a "$1" -T KEY -n HOST -K "$DIR" host.example.test) || return 1
	same_public "$DIR/$base"
}
tag_is_theirs() {
	local base
	base=$(dnssec-keygen -q -a ED25519 -T KEY -n HOST -K "$DIR" tag.example.test) || return 1
	mapctl id show "$DIR/$base.private"
	[ "$(mapctl id show "$DIR/$base.private" | sed -n 's/^tag: //p')" = "$((10#${base##*+}))" ]
}
# Our key under the name that BIND wants for the key of a zone.
zone_key_make() { # OPTION...
	local algorithm public tag
	mapctl id new --dir "$DIR" --name k.example.test "$@" >/dev/null || return 1
	read -r _ _ algorithm public < <(sed -n 's/.* KEY //p' "$DIR/k.example.test.key")
	echo "example.test. IN DNSKEY 257 3 $algorithm $public" >"$DIR/zone.key"
	# the tag of a DNSKEY: flags 257 instead of 512
	tag=$(ldns-key2ds -n -2 "$DIR/zone.key" | awk '{ print $(NF-3) }')
	BASE=$(printf 'Kexample.test.+%03d+%05d' "$algorithm" "$tag")
	mv "$DIR/zone.key" "$DIR/$BASE.key"
	mv "$DIR/k.example.test.private" "$DIR/$BASE.private"
	rm "$DIR/k.example.test.key"
	cat >"$DIR/zone" <<-'Z'
	$ORIGIN example.test.
	$TTL 300
	@ SOA ns hostmaster 7 3600 600 86400 60
	@ NS ns
	ns AAAA 2001:db8::53
	Z
}
bind_signs() { # OPTION...
	zone_key_make "$@" || return 1
	cat "$DIR/$BASE.key" >>"$DIR/zone"
	dnssec-signzone -P -z -K "$DIR" -d "$DIR" -o example.test -f "$DIR/signed" "$DIR/zone" "$BASE" &&
		dnssec-verify -z -o example.test "$DIR/signed"
}
ldns_signs() { # OPTION...
	zone_key_make "$@" || return 1
	ldns-signzone -o example.test -f "$DIR/signed" "$DIR/zone" "$DIR/$BASE" &&
		dnssec-verify -z -o example.test "$DIR/signed"
}
# "show" makes nsupdate sign nothing yet, but it has read the key by then or complained.
nsupdate_takes() { # OPTION...
	rm -f "$DIR"/k.example.test.*
	mapctl id new --dir "$DIR" --name k.example.test "$@" >/dev/null || return 1
	printf 'zone example.test.\nupdate add k.example.test. 60 IN A 192.0.2.1\nshow\n' |
		nsupdate -k "$DIR/k.example.test.private" 2>&1 | tee "$DIR/said"
	! grep -qi 'could not read\|invalid\|failed' "$DIR/said" && grep -q 'k.example.test.*192.0.2.1' "$DIR/said"
}

ok "we read an Ed25519 key of dnssec-keygen" read_theirs ED25519
ok "we read a P-256 key of dnssec-keygen" read_theirs ECDSAP256SHA256
ok "our key tag is dnssec-keygen's" tag_is_theirs
ok "dnssec-signzone signs with our Ed25519 key" bind_signs
ok "dnssec-signzone signs with our P-256 key" bind_signs --key-realm example.test --p256
ok "ldns-signzone signs with our Ed25519 key" ldns_signs
ok "ldns-signzone signs with our P-256 key" ldns_signs --key-realm example.test --p256
ok "nsupdate takes our Ed25519 key" nsupdate_takes
ok "nsupdate takes our P-256 key" nsupdate_takes --key-realm example.test --p256
