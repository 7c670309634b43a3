#!/usr/bin/env bash
# policy.sh - what mapctl policy test says of an update is what stock nsupdate then gets, and saying it changes nothing.
# needs: dig
# limit: 60
set -u
NAME=policy PORT=5880
# shellcheck source=tests/interop/operator.inc
. "$(dirname "$0")/operator.inc"
# NAME ZONE KEY RULE CHANGE...: the rule decides, and what the test says is what nsupdate gets. A change is "set ..."
# or "unset ..." with absolute owners; those of a host's key that are done stay done.
both() {
	local name=$1 zone=$2 key=$3 rule=$4 before said got change with=()
	shift 4
	before=$(mapctl zone dump "$zone" | sha256sum)
	printf '%s\n' "$@" | mapctl -j policy test --key "$key" "$zone" >"$DIR/out"
	said=$(sed -n 's/.*"rcode":"\([A-Z]*\)".*/\1/p' "$DIR/out")
	same "$name: the rule" "$(sed -n 's/.*"rule":"\([^"]*\)".*/\1/p' "$DIR/out")" "$rule"
	same "$name: nothing has changed" "$(mapctl zone dump "$zone" | sha256sum)" "$before"
	case $key in
		tsig:*) with=(-k "$DIR/tsig") ;;
		*) with=(-k "$key") ;;
	esac
	got=$({
		printf '%s\n' "server 127.0.0.1 $PORT" "zone $zone"
		for change; do echo "$change" | sed 's/^set /update add /; s/^unset /update delete /'; done
		echo send
	} | nsupdate -v "${with[@]}" 2>&1 | sed -n 's/.*update failed: \([A-Z]*\).*/\1/p')
	same "$name: nsupdate gets what was said" "${got:-NOERROR}" "$said"
}

printf 'key "admin.test" {\n\talgorithm hmac-sha256;\n\tsecret "%s";\n};\n' "$(head -c 32 /dev/urandom | base64)" >"$DIR/tsig"
chmod 600 "$DIR/tsig"
cat >"$DIR/mapd.yaml" <<-Y
	listen: [127.0.0.1@$PORT]
	database: $DIR/db
	control: $DIR/control
	map-size: 1G
	tsig-keys: $DIR/tsig
	zones:
	  id.test: { prefix: "2001:3f:fe00:a00::/56", policy: open, verify-locators: no, sites: [site.test], quota: { eloc: 3 } }
	  few.test: { policy: enrolled }
	  shut.test: {}
	  names.test: { policy: open, verify-locators: no }
	  sub.names.test: {}
Y
start_mapd
printf '%s\n' '@ 60 SOA ns hostmaster 1 3600 600 86400 60' '@ 60 NS ns' 'ns 60 A 192.0.2.1' >"$DIR/zone"
for zone in id.test few.test shut.test names.test sub.names.test; do mapctl zone load $zone "$DIR/zone" >"$DIR/out" || { cat "$DIR/out"; exit 1; }; done

host() { # NAME ARGUMENT...: a key; its look-up name and KEY are in OWNER and KEY
	mapctl id new --dir "$DIR" --name "$@" --locator 2001:db8::1 >"$DIR/records" || exit 1
	OWNER=$(awk '{ print $1 }' "$DIR/$1.key")
	KEY=$(sed 's/^[^ ]* IN //' "$DIR/$1.key")
}
address() { echo "TYPE65301 \\# 22 000A0032000220010DB800000000000000000000000$1"; }
host a --realm 2001:3f:fe00:a00::/56=id.test
A=$DIR/a.private a=$OWNER a_key=$KEY
host b --realm 2001:3f:fe00:a00::/56=id.test
B=$DIR/b.private b=$OWNER b_key=$KEY
host c --key-realm few.test
C=$DIR/c.private c=$OWNER c_key=$KEY

both "without a KEY" id.test "$A" key "set $a 60 $(address 1)"
both "somebody else's name" id.test "$A" key "set $b 60 $b_key"
both "another's key at its name" id.test "$A" key "set $a 60 $b_key"
both "its KEY" id.test "$A" own-mapping "set $a 60 $a_key"
both "its locators" id.test "$A" own-mapping "set $a 60 $(address 1)" "set $a 60 $(address 2)"
both "one that goes" id.test "$A" own-mapping "unset $a $(address 2)"
both "a set that goes" id.test "$A" own-mapping "unset $a TYPE65301"
both "too many of them" id.test "$A" too-many "set $a 60 $(address 1)" "set $a 60 $(address 2)" "set $a 60 $(address 3)" "set $a 60 $(address 4)"
# so many that a worker takes no more of a host, whatever they are about
mapfile -t many < <(printf "unset $a TYPE65301 \\# 22 000A0032000220010DB800000000000000000000%04X\n" {1..65})
both "as many changes as there may be" id.test "$A" own-mapping "${many[@]:1}"
both "one more" id.test "$A" size "${many[@]}"
both "one more, of a name of nobody's too" id.test "$A" size "${many[@]:1}" "set nobody.id.test. 60 A 192.0.2.1"
proof() { printf "set %s 60 TYPE65301 \\# 116 000000000000%024d0F00%0192d" "$1" "$2" 0; }
both "two proofs" id.test "$A" proofs "$(proof "$a" 1)" "$(proof "$a" 2)"
both "two proofs, and a name of nobody's" id.test "$A" foreign "$(proof "$a" 1)" "$(proof "$a" 2)" "set nobody.id.test. 60 A 192.0.2.1"
both "a type of its name that is none" id.test "$A" kind "set $a 60 TXT x"
both "a name of nobody's" id.test "$A" foreign "set nobody.id.test. 60 A 192.0.2.1"
both "the zone's own" id.test "$A" apex "set id.test. 60 A 192.0.2.1"
both "a name outside of the zone" few.test "$A" enrolled "set $c 60 $c_key"
mapctl identity assign "$b" name.id.test >"$DIR/out"
both "a name of another's" id.test "$A" assigned "set name.id.test. 60 AAAA 2001:db8::1"
mapctl identity assign "$a" mine.id.test >"$DIR/out"
both "a name of its own" id.test "$A" assigned-name "set mine.id.test. 60 AAAA 2001:db8::1"
mapctl identity ban "$a" "too loud" >"$DIR/out"
both "when it is banned" id.test "$A" banned "set $a 60 $(address 1)"
says "says why" "too loud"
mapctl identity unban "$a" >"$DIR/out"
# names of another zone than the identity's
mapctl identity assign "$a" mine.names.test >"$DIR/out"
both "in another zone" names.test "$A" assigned-name "set mine.names.test. 60 A 192.0.2.10"
both "in another zone, somebody else's" names.test "$A" foreign "set else.names.test. 60 A 192.0.2.10"
host d --realm 2001:3f:fe00:a00::/56=id.test
D=$DIR/d.private d=$OWNER d_key=$KEY
mapctl identity assign "$d" yours.names.test >"$DIR/out"
both "in another zone, without a KEY" names.test "$D" key "set yours.names.test. 60 A 192.0.2.10"
cp "$D" "$DIR/x.private" && sed 's/^[^ ]*/x.sub.names.test./' "$DIR/d.key" >"$DIR/x.key"
both "who comes first, but is of a zone below" names.test "$DIR/x.private" key "set x.sub.names.test. 60 $d_key"
both "another host" id.test "$B" own-mapping "set $b 60 $b_key" "set $b 60 $(address 3)"
both "one that is not enrolled" few.test "$C" enrolled "set $c 60 $c_key"
mapctl identity enroll "$c" >"$DIR/out"
both "one that is" few.test "$C" own-mapping "set $c 60 $c_key"
both "a closed realm" shut.test "$A" closed "set x.shut.test. 60 A 192.0.2.1"
both "an administrator" shut.test tsig:admin.test admin "set x.shut.test. 60 A 192.0.2.1"
both "an administrator and two proofs" shut.test tsig:admin.test proofs "$(proof x.shut.test. 1)" "$(proof x.shut.test. 2)"
both "an administrator and all of a name" shut.test tsig:admin.test admin "unset x.shut.test."

# keys and words
ok "a public key" 0 mapctl policy test --key "$DIR/b.key" id.test set "$b" 60 ELOC 10 50 2001:db8::9
says "says whose" "zone id.test.: $b would get NOERROR by rule own-mapping"
ok "another name for it" 1 mapctl policy test --key "$DIR/b.key" --name "$a" id.test set "$b" 60 ELOC 10 50 2001:db8::9
mkdir "$DIR/alone" && cp "$B" "$DIR/alone/"
ok "a private key alone" 2 mapctl policy test --key "$DIR/alone/b.private" id.test set "$b" 60 ELOC 10 50 2001:db8::9
says "wants a name" "--name: missing; "
ok "a private key and its name" 0 mapctl policy test --key "$DIR/alone/b.private" --name "$b" id.test set "$b" 60 ELOC 10 50 2001:db8::9
ok "a file without a key" 1 mapctl policy test --key "$DIR/zone" id.test set "$b" 60 A 192.0.2.1
says "says so" "no KEY record is there"
ok "a file that is not there" 4 mapctl policy test --key "$DIR/none" id.test set "$b" 60 A 192.0.2.1
ok "no such TSIG key" 1 mapctl policy test --key tsig:no.test id.test set "$b" 60 A 192.0.2.1
says "says so of TSIG" "no.test.: no TSIG key of this server"
ok "no key" 2 mapctl policy test id.test set "$b" 60 A 192.0.2.1
ok "no change" 2 mapctl policy test --key "$B" id.test </dev/null
ok "a word that is none" 2 mapctl policy test --key "$B" id.test delete "$b"
says "names those there are" "expected one of set, unset"
ok "a type that mapd makes" 2 mapctl policy test --key "$B" id.test unset "$b" NSEC3
ok "a zone that is none" 1 mapctl policy test --key "$B" no.test set no.test. 60 A 192.0.2.1
ok "show" 0 mapctl policy show id.test
says "the kind" "policy: open"
says "what was configured" "eloc: 3"
ok "rules" 0 mapctl policy rules
says "one of them" "banned REFUSED: the identity is banned"
exit $failed
