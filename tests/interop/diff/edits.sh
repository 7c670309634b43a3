#!/usr/bin/env bash
# edits.sh - a zone is changed again and again; after each change a dump satisfies ldns-verify-zone and
# dnssec-verify, and delv and unbound-host believe the answers.
# usage: edits.sh VERSIONS SEED [nsec|nsec3]
set -u
export LC_ALL=C
HERE=$(dirname "$(readlink -f "$0")")
BUILD=${EIDMAP_BUILD:-$HERE/../../../build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/edits.XXXXXX")
: >"$DIR/out"
PORT=${EIDMAP_EDITS_PORT:-5859} MAPD='' loads=0 refused=0 revised=0 asked=0 empty=0
trap 'stop; rm -rf "$DIR"' EXIT
stop() { [ -z "$MAPD" ] || { kill "$MAPD"; wait "$MAPD"; MAPD=; } 2>/dev/null; }
fail() {
	echo "not ok $1"
	sed 's/^/    | /' "$DIR/out" | tail -n 20
	cp "$DIR/out" "$DIR/zone.dump" "${KEEP:-/dev/null}" 2>/dev/null
	exit 1
}
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
anchor() { # ZONE: for delv, and for unbound-host
	cat "$DIR"/db/keys/K"$1".*.key >"$DIR/$1.key"
	awk -v z="$1." '/DNSKEY/ { sub(/.*DNSKEY[ \t]+/, ""); k = $4; for (i = 5; i <= NF; i++) k = k $i
		printf "trust-anchors { \"%s\" static-key %s %s %s \"%s\"; };\n", z, $1, $2, $3, k }' "$DIR/$1.key" >"$DIR/$1.anchor"
	printf 'server:\n do-not-query-localhost: no\n trust-anchor-file: "%s"\n local-zone: "test." transparent\nstub-zone:\n name: "%s"\n stub-addr: 127.0.0.1@%s\n' \
		"$DIR/$1.key" "$1" $PORT >"$DIR/$1.conf"
}
# Unbound 1.17 does not take the proof that a wildcard has no record when the wildcard is an empty non-terminal
# (RFC 4592 2.2.2: it stands for nothing, and the next name of an NSEC is below it); delv does.
is_empty_wildcard() { # NAME
	local above=$1
	grep -q 'nodata proof failed' "$DIR/out" || return 1
	while above=${above#*.} && [ -n "$above" ]; do
		if ! awk -v n="*.$above" '$1 == n { found = 1 } END { exit !found }' "$DIR/zone.dump" &&
			awk -v n=".*.$above" 'substr($1, length($1) - length(n) + 1) == n { found = 1 } END { exit !found }' "$DIR/zone.dump"; then
			empty=$((empty + 1))
			return 0
		fi
	done
	return 1
}
judge() { # ZONE VERSION
	local name type
	mapctl zone dump --plain "$1" >"$DIR/zone.dump" 2>"$DIR/out" || fail "$1, version $2: dumped"
	ldns-verify-zone -V 1 "$DIR/zone.dump" >"$DIR/out" 2>&1 || fail "$1, version $2: ldns-verify-zone"
	dnssec-verify -q -o "$1" -z "$DIR/zone.dump" >"$DIR/out" 2>&1 || fail "$1, version $2: dnssec-verify"
	while read -r name type; do
		delv @127.0.0.1 -p $PORT -a "$DIR/$1.anchor" +root="$1" "$name" "$type" >"$DIR/out" 2>&1
		grep -q 'fully validated' "$DIR/out" || fail "$1, version $2: delv $name $type"
		unbound-host -C "$DIR/$1.conf" -v -t "$type" "$name" >"$DIR/out" 2>&1
		grep -q '(secure)' "$DIR/out" && ! grep -qE '\(BOGUS|\(insecure\)' "$DIR/out" ||
			is_empty_wildcard "$name" || fail "$1, version $2: unbound-host $name $type"
		asked=$((asked + 1))
	done <"$DIR/$1.d/$2.ask"
}
# What makes version LAST of the zone VERSION, as lines of zone edit.
lines() { # ZONE LAST VERSION
	local n
	for n in "$2" "$3"; do grep -v '^[$]' "$DIR/$1.d/$n" | grep -v ' SOA ' | sort -u >"$DIR/lines.$n"; done
	comm -23 "$DIR/lines.$2" "$DIR/lines.$3" | sed -E 's/^([^[:space:]]+)[[:space:]]+[0-9]+ /unset \1 /'
	comm -13 "$DIR/lines.$2" "$DIR/lines.$3" | sed 's/^/set /'
	echo commit
}
# Every second version is one of single records: zone edit, unless the file had what a load leaves out.
change() { # ZONE LAST VERSION
	if [ $(($3 % 2)) = 1 ]; then
		lines "$@" | mapctl zone edit "$1" 2>"$DIR/out" && return
		grep -q ' to unset$' "$DIR/out" || return 1
	fi
	mapctl zone load "$1" "$DIR/$1.d/$3" 2>"$DIR/out"
}
edit() { # ZONE SEED
	local version said last=0
	mkdir "$DIR/$1.d"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$HERE python3 "$HERE/edit.py" "$DIR/$1.d" "$1" "$VERSIONS" "$2" || fail "$1: versions are made"
	for version in $(seq 0 $((VERSIONS - 1))); do
		if ! said=$(change "$1" "$last" "$version"); then
			# a change that makes it no zone: a name server without an address and the like
			grep -qE "^mapctl: ($DIR/$1.d/$version|standard input):[0-9]*: " "$DIR/out" || fail "$1, version $version: loaded, or refused with its line"
			refused=$((refused + 1))
			[ "$version" != 0 ] || fail "$1: the first version loads"
			continue
		fi
		last=$version
		loads=$((loads + 1))
		case $said in *' added, '*) revised=$((revised + 1)) ;; esac
		[ "$version" != 0 ] || anchor "$1"
		judge "$1" "$version"
	done
}

VERSIONS=$1
printf 'listen: [127.0.0.1@%s]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 1G\nzones:\n  nsec.test: {denial: nsec}\n  nsec3.test: {denial: nsec3}\n' \
	$PORT "$DIR" "$DIR" >"$DIR/mapd.yaml"
mkfifo "$DIR/ready"
"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
MAPD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cp "$DIR/mapd.log" "$DIR/out"; fail "mapd serves"; }
[ "${3:-nsec}" != nsec ] || edit nsec.test "$2"
[ "${3:-nsec3}" != nsec3 ] || edit nsec3.test $(($2 + 1))
echo "# $loads versions loaded, $revised of them changed in place, $(grep -c "edited$" "$DIR/mapd.log") of those edited, $refused refused with their line; $asked questions to each of two validators, $empty about wildcards that are empty non-terminals, where Unbound takes no proof"
[ "$revised" -ge $((loads * 9 / 10)) ] || { : >"$DIR/out"; fail "changes are made in place"; }
echo "ok after each of $loads changes: ldns-verify-zone, dnssec-verify, delv and unbound-host find nothing wrong"
