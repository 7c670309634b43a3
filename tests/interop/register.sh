#!/usr/bin/env bash
# register.sh - hosts that register themselves at a mapd: proved, in part, over UDP, renamed, refreshed, withdrawn,
# refused; over a restart of the server, and of the host's clock; what dig and validators then see.
# needs: root namespaces dig delv faketime
# beside: yes
# limit: 120
set -u
[ -n "${REGISTER_INSIDE:-}" ] || REGISTER_INSIDE=1 exec unshare --net "$0"
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/register.XXXXXX")
REALM=2001:3f:fe00:a00::/56=id.example.test SERVER=192.0.2.53@5353
MAPD='' HOST='' failed=0
trap '[ -z "$HOST" ] || kill "$HOST"; [ -z "$MAPD" ] || kill "$MAPD"; rm -rf "$DIR"' EXIT

# Addresses of the host, and of the server. 198.51.100.0/24 is somewhere else: nothing comes back from there.
ip link set lo up
for address in 192.0.2.53/32 192.0.2.10/32 192.0.2.11/32 2001:db8::53/128 2001:db8:a::10/128; do
	ip address add $address dev lo
done

control() { "$BUILD/mapctl/mapctl" -s "$DIR/control" "$@"; }
register() { "$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" --realm "$REALM" --server "$SERVER" "$@"; }
withdraw() { "$BUILD/mapctl/mapctl" register withdraw --key "$DIR/host.id.example.test.private" --realm "$REALM" --server "$SERVER" "$@"; }
start_mapd() {
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>>"$DIR/mapd.log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ] || { echo "not ok register: mapd starts"; cat "$DIR/mapd.log"; exit 1; }
}
stop_mapd() { kill "$MAPD"; wait "$MAPD"; MAPD=''; }
ok() { # NAME STATUS-WANTED COMMAND...: its output is in out
	local name=$1 want=$2 got
	shift 2
	"$@" >"$DIR/out" 2>&1
	got=$?
	if [ $got = "$want" ]; then echo "ok register: $name"; return; fi
	sed 's/^/    | /' "$DIR/out"
	echo "not ok register: $name: status $got"
	failed=1
}
says() { # NAME PATTERN: the output has it
	if grep -qE -- "$2" "$DIR/out"; then echo "ok register: $1"; return; fi
	sed 's/^/    | /' "$DIR/out"
	echo "not ok register: $1: no \"$2\""
	failed=1
}
same() { # NAME A B
	if [ "$2" = "$3" ]; then echo "ok register: $1"; return; fi
	echo "not ok register: $1: \"$2\" is not \"$3\""
	failed=1
}
ask() { dig +short +norecurse +tries=1 @192.0.2.53 -p 5353 "$@"; }
serial() { ask id.example.test SOA | awk '{ print $3 }'; }
# The locators that the server has, without the proof; and whether zone check finds them proved.
locators() { control zone dump id.example.test | awk -v o="$OWNER" '$1 == o && $4 == "ELOC" && !/proof:/ { print $7 }' | sort | paste -sd' '; }
is_proved() {
	control zone dump id.example.test | grep -vE $'\t(RRSIG|NSEC3?|NSEC3PARAM|DNSKEY|CDS|CDNSKEY)\t' >"$DIR/zone.now"
	grep -q proof: "$DIR/zone.now" && "$BUILD/mapctl/mapctl" zone check --realm $REALM id.example.test "$DIR/zone.now"
}
validates() { # NAME TYPE
	control key ds id.example.test | awk '{ print "trust-anchors { \"id.example.test.\" static-ds " $5, $6, $7, "\"" $8 "\"; };" }' >"$DIR/keys"
	delv @192.0.2.53 -p 5353 -a "$DIR/keys" +root=id.example.test "$@"
}

printf 'key "admin" { algorithm hmac-sha256; secret "%s"; };\n' "$(head -c 32 /dev/urandom | base64)" >"$DIR/tsig"
chmod 600 "$DIR/tsig"
cat >"$DIR/mapd.yaml" <<-Y
	listen: [192.0.2.53@5353, "2001:db8::53@5353"]
	database: $DIR/db
	control: $DIR/control
	map-size: 64M
	tsig-keys: $DIR/tsig
	zones:
	  id.example.test: {prefix: "2001:3f:fe00:a00::/56", policy: open, lease: {min: 1s}}
	  closed.test: {}
Y
mkfifo "$DIR/ready" "$DIR/said"
start_mapd
for zone in id.example.test closed.test; do
	printf '$TTL 300\n@ SOA ns hostmaster 7 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n' >"$DIR/zone"
	ok "$zone is loaded" 0 control zone load $zone "$DIR/zone"
done
"$BUILD/mapctl/mapctl" id new --realm $REALM --name host.id.example.test --dir "$DIR" >"$DIR/records"
OWNER=$(awk '$4 == "KEY" { print $1 }' "$DIR/records")

ok "first come" 0 register --locator 192.0.2.10 --locator 2001:db8:a::10
says "first come: leases are said" "registered at $OWNER; lease 7200 s, key lease 1209600 s, refresh at 20"
same "first come: both addresses are proved and there" "$(locators)" "192.0.2.10 2001:db8:a::10"
ok "first come: with a proof of the host" 0 is_proved
ok "first come: signed by the zone" 0 validates "$OWNER" TYPE65301
says "first come: delv validates" "; fully validated"

ok "one address of three cannot be reached" 0 register --locator 192.0.2.10 --locator 192.0.2.11 --locator 198.51.100.9
says "it is left out, and that is said" "left out, because no probe of the server came to UDP port [0-9]+: 198.51.100.9$"
same "the others are there" "$(locators)" "192.0.2.10 192.0.2.11"
ok "the others are proved" 0 is_proved
ok "none can be reached" 4 register --locator 198.51.100.9
says "none can be reached: why" "^mapctl: $OWNER: none of its addresses can be reached: .* of 198.51.100.9;"
same "none can be reached: nothing is changed" "$(locators)" "192.0.2.10 192.0.2.11"

ok "over UDP" 0 "$BUILD/mapctl/mapctl" -j register --key "$DIR/host.id.example.test.private" --realm $REALM \
	--server $SERVER --locator 2001:db8:a::10 --udp
says "over UDP: registered" '^\{"ok":true,"state":"registered",.*"left_out":\[\]'
same "over UDP: it is there" "$(locators)" "2001:db8:a::10"
ok "at an IPv6 address of the server" 0 register --locator 192.0.2.10 --server 2001:db8::53@5353

ok "a name that is nobody's" 4 register --locator 192.0.2.10 --name host.id.example.test
says "a name that is nobody's: which" "REFUSED: .*host.id.example.test."
ok "a name is assigned" 0 control identity assign "$OWNER" host.id.example.test
ok "a name that is assigned" 0 register --locator 192.0.2.10 --name host.id.example.test
ok "the name leads to the identity" 0 validates host.id.example.test TYPE65300
says "the name leads to the identity: validated" "; fully validated"
same "hosts without EPID find its address" "$(ask host.id.example.test A)" 192.0.2.10

# Kept: the lease of eight seconds is refreshed, and changes nothing; also when the server was away meanwhile.
"$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" --realm "$REALM" --server "$SERVER" \
	--locator 192.0.2.10 --lease 8s --keep >"$DIR/said" 2>"$DIR/unsaid" &
HOST=$!
exec 4<"$DIR/said"
read -r line <&4
before=$(serial)
read -r line <&4
same "kept: refreshed" "${line%%;*}" "$(awk -v o="$OWNER" '$1 ~ /^host/ { print $6 ": registered at " o }' "$DIR/records")"
same "kept: a refresh is no change" "$(serial)" "$before"
stop_mapd
start_mapd
read -r line <&4
read -r line <&4
same "kept: over a restart of the server" "$(locators)" "192.0.2.10"
kill -TERM "$HOST"
ok "kept: ends when it is told to" 0 wait "$HOST"
HOST=''
exec 4<&-

# A clock that was ahead and is set back: refused until it has come there again, and that is said.
# shellcheck disable=SC2016 # the shell that faketime starts says what it was told
PRELOAD=$(faketime -m -f +0 sh -c 'echo "$LD_PRELOAD"')
export FAKETIME_TIMESTAMP_FILE="$DIR/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
echo +0 >"$DIR/clock"
LD_PRELOAD=$PRELOAD "$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" --realm "$REALM" --server "$SERVER" \
	--locator 192.0.2.10 --lease 1s --keep >"$DIR/said" 2>"$DIR/unsaid" &
HOST=$!
exec 4<"$DIR/said"
read -r line <&4
back=0
until grep -q REFUSED "$DIR/unsaid"; do # a refresh may come too late for the first step
	back=$((back + 2))
	echo "-$back" >"$DIR/clock"
	read -r line <&4 || break
done
cp "$DIR/unsaid" "$DIR/out"
says "kept: refused while its clock is behind, and why" "REFUSED: older than what its key signed before: .*; try again"
same "kept: and registered when it is not" "${line%% at *}" "$(awk '$1 ~ /^host/ { print $6 ": registered" }' "$DIR/records")"
kill -TERM "$HOST"
ok "kept: ends when it is told to" 0 wait "$HOST"
HOST=''
exec 4<&-
unset FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC

ok "withdrawn" 0 withdraw --name host.id.example.test
says "withdrawn: the key keeps the name" "withdrawn at $OWNER; its key keeps the name for 1209600 s"
same "withdrawn: no locators" "$(ask "$OWNER" TYPE65301)" ""
same "withdrawn: no EPID" "$(ask host.id.example.test TYPE65300)" ""
same "withdrawn: the KEY stays" "$(ask "$OWNER" KEY | cut -d' ' -f1-3)" "512 3 15"
ok "released" 0 withdraw --release
same "released: nothing is left" "$(ask "$OWNER" KEY)" ""

ok "an administrator registers it" 0 register --locator 198.51.100.9 --tsig "$DIR/tsig"
same "whom no probes are sent to" "$(locators)" "198.51.100.9"
printf 'key "other" { algorithm hmac-sha256; secret "AAAA"; };\n' >"$DIR/tsig.other"
chmod 600 "$DIR/tsig.other"
ok "no administrator" 4 register --locator 192.0.2.10 --tsig "$DIR/tsig.other"
says "no administrator: why" "NOTAUTH: the server does not know the TSIG key"
ok "a closed realm" 4 "$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" \
	--realm 2001:3f:fe00:a00::/56=closed.test --server $SERVER --locator 192.0.2.10
says "a closed realm: why" "REFUSED: the realm is closed"
ok "no zone of the server" 4 "$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" \
	--realm 2001:3f:fe00:a00::/56=other.test --server $SERVER --locator 192.0.2.10
says "no zone of the server: what to do" "NOTAUTH: the server has no such zone, .*--zone"
ok "a clock that is ahead" 0 env FAKETIME=+50s FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$PRELOAD" "$BUILD/mapctl/mapctl" \
	register --key "$DIR/host.id.example.test.private" --realm "$REALM" --server "$SERVER" --locator 192.0.2.10
ok "and is set right" 4 register --locator 192.0.2.10
says "and is set right: why" "REFUSED: older than what its key signed before: .*; try again"
ok "and is right at an administrator's" 4 register --locator 192.0.2.10 --tsig "$DIR/tsig"
says "and is right at an administrator's: why" "REFUSED: the serial of the proof is not above .*; try again"
stop_mapd
ok "no server" 3 register --locator 192.0.2.10
exit $failed
