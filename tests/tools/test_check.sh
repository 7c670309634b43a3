#!/usr/bin/env bash
# test_check.sh - what mapctl zone check refuses, and what it warns of: each with file, line and reason, and zone load
# with a real mapd says the same, word for word. Says "[       OK ] name" like the other tests.
# shellcheck disable=SC2317
set -u
BUILD=$PWD
DIR=$(mktemp -d "${TMPDIR:-/tmp}/test_check.XXXXXX")
MAPD=
trap '[ -z "$MAPD" ] || kill "$MAPD"; rm -rf "$DIR"' EXIT
failed=0
Z=example.test
mapctl() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }

# The zone of each row: 6 lines, then the row's own.
zone_make() { # RECORDS with "|" for a new line; "-SOA" and "-NS": without
	{
		printf '$ORIGIN example.test.\n$TTL 300\n'
		[ "$1" = "-SOA" ] && echo ';' || echo '@ SOA ns hostmaster 7 3600 600 86400 60'
		[ "$1" = "-NS" ] && echo ';' || echo '@ NS ns'
		printf 'ns AAAA 2001:db8::53\nset ELOC 10 60 net:2001:db8:a::/48\n'
		case $1 in -*) ;; *) tr '|' '\n' <<<"$1" ;; esac
	} >"$DIR/zone"
}
told() { # COMMAND...: what it says but for its result, and its status
	{ mapctl "$@" >/dev/null; } 2>&1
	echo "status $?"
}
row() { # NAME STATUS RECORDS MESSAGE...: LINE: what is said of it
	local name=$1 wanted=$2 checked loaded message
	zone_make "$3"
	shift 3
	checked=$(told zone check $Z "$DIR/zone")
	loaded=$(told zone load $Z "$DIR/zone")
	for message; do
		[ "$wanted" = 0 ] && message="warning: $DIR/zone:$message" || message="$DIR/zone:$message"
		printf 'mapctl: %s\n' "$message"
	done >"$DIR/wanted"
	echo "status $wanted" >>"$DIR/wanted"
	if [ "$checked" = "$(cat "$DIR/wanted")" ] && [ "$checked" = "$loaded" ]; then
		printf '[       OK ] %s\n' "$name"
	else
		printf '[  FAILED  ] %s\nwanted:\n%s\ncheck:\n%s\nload:\n%s\n' "$name" "$(cat "$DIR/wanted")" "$checked" "$loaded"
		failed=1
	fi
}
refused() { local name=$1; shift; row "refused: $name" 1 "$@"; }
warned() { local name=$1; shift; row "warned of: $name" 0 "$@"; }

# an address of its own, so that tests beside each other do not meet
printf 'listen: [127.%d.%d.%d@5353]\ndatabase: %s/db\ncontrol: %s/control\nmap-size: 64M\nlog: error\n' \
	$((RANDOM % 250 + 1)) $((RANDOM % 250 + 1)) $((RANDOM % 250 + 1)) "$DIR" "$DIR" >"$DIR/mapd.yaml"
mkfifo "$DIR/ready"
"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
MAPD=$!
[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { cat "$DIR/mapd.log"; exit 1; }

refused "no SOA" -SOA "4: $Z. SOA: missing; a zone has one"
refused "two SOA" '@ SOA ns hostmaster 8 3600 600 86400 60' "7: $Z. SOA: a second record of a type that can be there once"
refused "SOA elsewhere" 'a SOA ns hostmaster 8 3600 600 86400 60' "7: a.$Z. SOA: not at the name of the zone"
refused "no NS" -NS "3: $Z. NS: missing; a zone has at least one"
refused "data outside the zone" 'a.example.net. A 192.0.2.1' "7: a.example.net. record: not in this zone"
refused "CNAME beside other data" 'a CNAME b|a A 192.0.2.1' "7: a.$Z. CNAME: an alias beside other records of the name"
refused "CNAME at the apex" '@ CNAME b' "7: $Z. CNAME: an alias beside other records of the name"
refused "several CNAMEs" 'a CNAME b|a CNAME c' "8: a.$Z. CNAME: a second record of a type that can be there once"
refused "several DNAMEs" 'a DNAME b|a DNAME c' "8: a.$Z. DNAME: a second record of a type that can be there once"
refused "DNAME with NS" 'a NS ns|a DNAME b' "8: a.$Z. DNAME: beside a delegation"
refused "below a DNAME" 'a DNAME b|x.y.a A 192.0.2.1' "8: x.y.a.$Z. A: below a DNAME, where nothing can be seen"
refused "below a DNAME at the apex" '@ DNAME b.' "5: ns.$Z. AAAA: below a DNAME, where nothing can be seen" \
	"6: set.$Z. ELOC: below a DNAME, where nothing can be seen"
refused "malformed EPID" 'a EPID \# 3 000a00' "7: a.$Z. EPID: ends too early"
refused "malformed EPID as text" 'a EPID 70000 192.0.2.1' "7: a.$Z. EPID: the preference must be a number of 0 to 65535"
refused "malformed ELOC" 'a ELOC \# 12 000a006400000001c0000201' "7: a.$Z. ELOC: malformed"
refused "ELOC of an unknown kind" 'a ELOC \# 9 00010001000978797a' "7: a.$Z. ELOC: of a kind that is not known here"
refused "malformed ELOC as text" 'a ELOC 10 1' "7: a.$Z. ELOC: ELOC wants PREFERENCE WEIGHT LOCATOR"
refused "an identity prefix as locator" 'a ELOC 10 1 192.0.2.1|a ELOC 10 1 2001:3f::1' \
	"8: a.$Z. ELOC: an HHIT (2001:30::/28) is no locator"
refused "via to a name without prefix set" 'a ELOC 10 1 via:::1@b' "7: a.$Z. ELOC: via b.$Z.: no prefix set (ELOC net:...) is there"
refused "via to a name with other data" 'a ELOC 10 1 via:::1@ns' "7: a.$Z. ELOC: via ns.$Z.: no prefix set (ELOC net:...) is there"

# a proof: made for one locator, published with another
mapctl id new --realm 2001:3f:fe00:a00::/56=id.$Z --name host.$Z --dir "$DIR" --locator 192.0.2.1 >"$DIR/id"
records=$(sed 's/ 192\.0\.2\.1$/ 192.0.2.2/' "$DIR/id" | tr '\n' '|')
identity=$(awk '$4 == "ELOC" { print $1; exit }' "$DIR/id")
refused "a proof that does not verify" "${records%|}" \
	"$((6 + $(grep -n 'proof:' "$DIR/id" | cut -d: -f1))): $identity ELOC: the proof does not match the records; mapctl id sign makes a new one"

warned "via out of the zone, once for each set" 'a ELOC 10 1 via:::1@s.x.|b ELOC 10 1 via:::1@s.x.' \
	"7: a.$Z. ELOC: via s.x.: not in this zone: prefixes must be there"
warned "duplicates" 'a A 192.0.2.1|A A 192.0.2.1' "8: a.$Z. A: the same record twice"
warned "NS below NS" 'a NS ns|c.b.a NS ns' "8: c.b.a.$Z. NS: below a delegation, where the child zone answers: left out"
warned "NS in the zone without address" 'a NS b' "7: a.$Z. NS: the name server has no address in this zone"
warned "TTLs that differ within a set" 'a 60 A 192.0.2.1|a 61 A 192.0.2.2' \
	"8: a.$Z. A: another TTL than the set's first record: the least counts for all"

# 222 octets of an apex leave room for the label of a hash (RFC 5155 3)
l=$(printf 'l%.0s' {1..63})
Z=$l.$l.$l.$(printf 'm%.0s' {1..29})
printf '@ 60 SOA ns.x. h.x. 1 1 1 1 1\n@ 60 NS ns.x.\n' >"$DIR/zone"
[ "$(told zone check "${Z%m}" "$DIR/zone")" = "status 0" ] && [ "$(told zone load "${Z%m}" "$DIR/zone")" = "status 0" ] &&
	[ "$(told zone check "$Z" "$DIR/zone")" = "mapctl: $DIR/zone:2: $Z.: too long a name for a signed zone"$'\n'"status 1" ] &&
	[ "$(told zone load "$Z" "$DIR/zone")" = "mapctl: $DIR/zone:2: $Z.: too long a name for a signed zone"$'\n'"status 1" ] &&
	echo "[       OK ] refused: an apex of 223 octets" || { echo "[  FAILED  ] an apex of 222 octets, or of 223"; failed=1; }
exit $failed
