#!/usr/bin/env bash
# test_mapctl.sh - mapctl as a program: identities made, signed, checked; wrong input; a real mapd asked.
# Says "[       OK ] name" like the other tests. The current folder is the build's.
# shellcheck disable=SC2015,SC2086,SC2317
set -u
BUILD=$PWD
DIR=$(mktemp -d "${TMPDIR:-/tmp}/test_mapctl.XXXXXX")
REALM=2001:3f:fe00:a00::/56=id.example.test
MAPD=
trap '[ -z "$MAPD" ] || kill "$MAPD"; rm -rf "$DIR"' EXIT
failed=0

run() { # ARGUMENT...: status, out and err are set
	"$BUILD/mapctl/mapctl" "$@" >"$DIR/out" 2>"$DIR/err"
	status=$?
	out=$(cat "$DIR/out") err=$(cat "$DIR/err")
}
test_is() { # NAME; the function test_NAME returns 0 when all is as it should be
	if "test_$1"; then
		printf '[       OK ] %s\n' "$1"
	else
		printf '[  FAILED  ] %s\n' "$1"
		printf 'status %s\nout: %s\nerr: %s\n' "$status" "$out" "$err"
		failed=1
	fi
}
says() { [[ $err == *"$1"* ]]; }
line_of() { grep -n -m1 "$1" "$2" | cut -d: -f1; } # PATTERN FILE
zone_make() { # RECORDS-FILE: a whole zone around them
	cat - "$1" >"$DIR/zone" <<-'Z'
	$ORIGIN example.test.
	$TTL 300
	@ SOA ns hostmaster 7 3600 600 86400 60
	@ NS ns
	ns AAAA 2001:db8::53
	site ELOC 10 60 net:2001:db8:a::/48 path=isp-a
	site ELOC 10 40 net:2001:db8:b::/48 path=isp-b
	Z
}

test_new() {
	run id new --realm $REALM --name host.example.test --dir "$DIR" \
		--via "::1:0:0:0:10@site.example.test cap=mptcp,tls" --locator 192.0.2.1
	cp "$DIR/out" "$DIR/records"
	[ $status = 0 ] && [ "$(stat -c %a "$DIR/host.example.test.private")" = 600 ] &&
		[ "$(grep -c ' ELOC ' "$DIR/records")" = 3 ] &&
		grep -q '^host.example.test. 300 IN EPID 10 2001:3f:fe00:a05:.* at=56/id.example.test.$' "$DIR/records" &&
		grep -q '^05[0-9a-f]\{16\}.id.example.test. 300 IN KEY 512 3 15 ' "$DIR/records"
}
test_new_never_overwrites() {
	local before
	before=$(cat "$DIR/host.example.test.private")
	run id new --realm $REALM --name host.example.test --dir "$DIR"
	[ $status = 4 ] && says "exists already" && [ "$before" = "$(cat "$DIR/host.example.test.private")" ] &&
		[ -z "$(find "$DIR" -name '*.private.*')" ]
}
test_new_leaves_no_half() {
	: >"$DIR/half.example.test.key"
	run id new --realm $REALM --name half.example.test --dir "$DIR"
	[ $status = 4 ] && says "half.example.test.key: exists already" &&
		[ ! -e "$DIR/half.example.test.private" ] || return 1
	mv "$DIR/half.example.test.key" "$DIR/half.example.test.private"
	run id new --realm $REALM --name half.example.test --dir "$DIR"
	[ $status = 4 ] && says "half.example.test.private: exists already" &&
		[ ! -e "$DIR/half.example.test.key" ]
}
test_check_takes_new() {
	zone_make "$DIR/records"
	run zone check --realm $REALM example.test "$DIR/zone"
	[ $status = 0 ] && [[ $out == "zone example.test.: 10 records, serial 7, good" ]]
}
test_check_finds_changed_record() {
	sed 's/192\.0\.2\.1$/192.0.2.2/' "$DIR/records" >"$DIR/changed"
	zone_make "$DIR/changed"
	run zone check example.test "$DIR/zone"
	[ $status = 1 ] && [[ $err =~ ^"mapctl: $DIR/zone:$(line_of proof: "$DIR/zone"): "05[0-9a-f]+".id.example.test. ELOC: the proof does not match the records" ]]
}
test_check_finds_foreign_proof() {
	zone_make "$DIR/records"
	run zone check --realm 2001:3f:fe00:b00::/56=id.example.test example.test "$DIR/zone"
	[ $status = 1 ] && says "$DIR/zone:$(line_of proof: "$DIR/zone"): " && says "the key of the proof is not this identity's"
}
# The line is that of the file in which the record stands.
test_check_names_included_line() {
	zone_make /dev/null
	printf '; one\n; two\n$INCLUDE changed\n' >"$DIR/middle"
	printf '$INCLUDE middle\n' >>"$DIR/zone"
	run zone check example.test "$DIR/zone"
	[ $status = 1 ] && says "mapctl: $DIR/changed:$(line_of proof: "$DIR/changed"): " && says "the proof does not match"
}
test_check_names_line() {
	zone_make "$DIR/records"
	sed -i 's/^site ELOC 10 40 net:/site ELOC 10 40 net:9/' "$DIR/zone"
	run zone check example.test "$DIR/zone"
	[ $status = 1 ] && says "$DIR/zone:7: "
}
test_sign_repairs() {
	run id sign --key "$DIR/host.example.test.private" <"$DIR/changed"
	cp "$DIR/out" "$DIR/signed"
	zone_make "$DIR/signed"
	run zone check --realm $REALM example.test "$DIR/zone"
	[ $status = 0 ] && [ "$(grep -v proof: "$DIR/signed")" = "$(grep -v proof: "$DIR/changed")" ]
}
test_sign_serial_grows() {
	local far
	# a proof that was made by a clock that is ahead
	far=$(sed -E 's/proof:[0-9]+:/proof:9000000000000:/' "$DIR/records")
	run id sign --key "$DIR/host.example.test.private" <<<"$far"
	[ $status = 0 ] && [[ $out == *proof:9000000000001:* ]] || return 1
	run id sign --serial-now --key "$DIR/host.example.test.private" <<<"$far"
	[ $status = 0 ] && [[ $out != *proof:9000000000001:* ]]
}
test_sign_other_key() {
	run id new --realm $REALM --name other.example.test --dir "$DIR"
	run id sign --realm $REALM --key "$DIR/other.example.test.private" <"$DIR/records"
	[ $status = 1 ] && says "is another key's" || return 1
	run id sign --key "$DIR/other.example.test.private" <"$DIR/records"
	[ $status = 1 ] && says "is another key's" || return 1
	grep -v ' KEY ' "$DIR/records" >"$DIR/keyless"
	run id sign --realm $REALM --key "$DIR/other.example.test.private" <"$DIR/keyless"
	[ $status = 1 ] && says "the key is not this identity's"
}
test_sign_revokes() {
	run id sign --revoke --key "$DIR/host.example.test.private" <"$DIR/records"
	cp "$DIR/out" "$DIR/revoked"
	zone_make "$DIR/revoked"
	run zone check --realm $REALM example.test "$DIR/zone"
	[ $status = 0 ] && [ "$(grep -c ' ELOC ' "$DIR/revoked")" = 1 ] && grep -q ':15:128:' "$DIR/revoked"
}
test_sign_wants_records() {
	run id sign --key "$DIR/host.example.test.private" </dev/null
	[ $status = 1 ] && says "no ELOC records" || return 1
	run id sign --key "$DIR/host.example.test.private" <<<$'a. 60 IN ELOC 10 50 192.0.2.1\na. ELOC 10 50 nowhere'
	[ $status = 1 ] && says "standard input:2: the locator is no address"
}
test_key_realm() {
	run id new --key-realm example.test --p256 --name key.example.test --locator 192.0.2.7 --dir "$DIR"
	cp "$DIR/out" "$DIR/keyed"
	zone_make "$DIR/keyed"
	run zone check example.test "$DIR/zone"
	[ $status = 0 ] && grep -q ' EPID 10 [a-z2-7]\{51\}[aq]@example.test.$' "$DIR/keyed" &&
		grep -q '^[a-z2-7]\{52\}._eid.example.test. 300 IN KEY 512 3 13 ' "$DIR/keyed"
}
test_show_file() {
	run id show --realm $REALM "$DIR/host.example.test.private"
	local id=${out##*identity: }
	[ $status = 0 ] && grep -q "EPID 10 ${id%%$'\n'*} " "$DIR/records" &&
		grep -q "KEY $(sed -n 's/^key: //p' "$DIR/out")\$" "$DIR/records"
}
test_show_identity() {
	run -j id show --realm 2001:3f:fe00:a00::/56=id.example.org 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e
	[ $status = 0 ] && [[ $out == *'"raa":16376,"hda":10,"suite":5,"hash":"e437dbb22e81cb3e"'* ]] &&
		[[ $out == *'"owner":"05e437dbb22e81cb3e.id.example.org."'* ]]
}
test_show_reference() {
	run id show 'eid:[2001:3f:fe00:a05:1308:2469:9a4b:c6b2]:443?at=56/id.example.org'
	[ $status = 0 ] && [[ $out == *"port: 443"*"at: 56/id.example.org."*"signature: none"* ]] || return 1
	run id show 'EID:[2001:3f:fe00:a05:1308:2469:9a4b:c6b2]:443'
	[ $status = 1 ] || return 1
	run id show 'eid:www.example.org?by=[2001:3f:fe00:a05:1308:2469:9a4b:c6b2]&key=11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo&exp=1&sig=NhRNZ6Fl7m1pN_oJp2-mrcnyz95xG9iu7BTnMvFjnfR4X00u92SRNStyXHS08loEH2l5nmY6nm4ymgUXsY82Bg'
	[ $status = 1 ] && [[ $out == *"signature: expired"* ]]
}
test_key_open_to_others() {
	cp "$DIR/host.example.test.private" "$DIR/open.private"
	chmod 640 "$DIR/open.private"
	run id sign --key "$DIR/open.private" <"$DIR/records"
	[ $status = 4 ] && says "mode 0640"
}
test_key_broken() {
	printf 'Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\nPrivateKey: AA==\n' >"$DIR/rsa.private"
	printf 'Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\nPrivateKey: AAAA\n' >"$DIR/short.private"
	head -c 5000 /dev/zero >"$DIR/zero.private"
	chmod 600 "$DIR"/*.private
	run id show "$DIR/rsa.private"; [ $status = 1 ] && says "algorithm 8 is not known here" || return 1
	run id show "$DIR/short.private"; [ $status = 1 ] && says "no PrivateKey of 32 octets" || return 1
	run id show "$DIR/zero.private"; [ $status = 1 ] && says "no key file" || return 1
	run id show "$DIR/none.private"; [ $status = 1 ] && says "No such file"
}
test_usage() {
	local words
	while read -r words; do
		# shellcheck disable=SC2086
		run $words </dev/null
		[ $status = 2 ] && [ -n "$err$out" ] || { err="taken: $words: $err"; return 1; }
	done <<-W
	frobnicate
	zone
	zone frobnicate
	zone check example.test
	zone check a..b file
	zone check --frob example.test file
	zone status
	zone status a b
	id sign
	id new extra
	id new --raa 1
	id new --raa 16384 --hda 1
	id new --realm 2001:db8::/33=x
	id new --realm 2001:db8::/56=example.test
	id new --realm 2001:3f:fe00::/40=example.test
	id new --key-realm a --realm $REALM
	id new --locator nowhere
	id new --locator 127.0.0.1
	id new --locator 2001:30::1
	id new --via ::1
	id new --name a/b
	id new --expire 8d
	id new --expire 5
	id show
	-x
	W
	[ -z "$(find "$BUILD" -maxdepth 1 -name '*.private')" ]
}
test_no_daemon() {
	run -s "$DIR/nobody" zone list
	[ $status = 3 ] && says "$DIR/nobody: No such file or directory"
}
# Whatever answers there, mapctl ends and says why.
test_strange_daemon() {
	local octets want
	mkfifo "$DIR/strange.ready"
	while read -r want octets; do
		timeout 20 python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); print("ready", flush=True)
c = s.accept()[0]; c.recv(4096); c.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
c.shutdown(socket.SHUT_WR)
while c.recv(4096): pass' "$DIR/strange" "$octets" >"$DIR/strange.ready" &
		local server=$!
		read -r _ <"$DIR/strange.ready"
		run -s "$DIR/strange" zone list
		wait $server
		rm -f "$DIR/strange"
		[ $status = 3 ] && says "${want//_/ }" || return 1
	done <<-'W'
	the_daemon_closed_the_connection \x00
	does_not_speak_this_protocol HTTP/1.0_400_Bad_Request
	does_not_speak_this_protocol \x00\x00\x00\x0a\x01\x11\x00\x00\x00\x00\x00\x09{}
	a_frame_that_is_no_answer \x00\x00\x00\x08\x01\x12\x00\x00\x00\x00\x00\x01
	no_JSON_object \x00\x00\x00\x0a\x01\x11\x00\x00\x00\x00\x00\x01[]
	without_code_and_error \x00\x00\x00\x0a\x01\x11\x00\x00\x00\x00\x00\x01{}
	W
}
test_json_error() {
	run -j -s "$DIR/nobody" zone list
	[ $status = 3 ] && [[ $out == '{"ok":false,"code":"MAP_ESYS","error":"'* ]]
}
test_batch() {
	zone_make "$DIR/records"
	run - <<-B
	# a comment

	zone check example.test "$DIR/zone"
	zone check example.test /nonexistent
	zone frobnicate
	id sign --key x
	B
	[ $status = 1 ] && [[ $out == *"10 records"* ]] && says "standard input:4: failed" &&
		says "standard input:5: failed" && says "in a batch standard input holds the commands"
}

daemon_start() {
	# an address of its own, so that tests beside each other do not meet
	printf 'listen: [127.%d.%d.%d@5353]\ndatabase: %s\ncontrol: %s\nmap-size: 64M\n' \
		$((RANDOM % 250 + 1)) $((RANDOM % 250 + 1)) $((RANDOM % 250 + 1)) \
		"$DIR/db" "$DIR/control" >"$DIR/mapd.yaml"
	mkfifo "$DIR/ready"
	"$BUILD/mapd/mapd" -c "$DIR/mapd.yaml" --ready-fd 3 3>"$DIR/ready" 2>"$DIR/mapd.log" &
	MAPD=$!
	[ "$(head -c 1 "$DIR/ready" | wc -c)" = 1 ]
}
ask() { run -s "$DIR/control" "$@"; }
test_daemon_loads() {
	daemon_start || { err=$(cat "$DIR/mapd.log"); return 1; }
	zone_make "$DIR/records"
	ask zone load example.test "$DIR/zone"
	[ $status = 0 ] && [[ $out == *"serial 7"* ]] || return 1
	ask zone list
	[ $status = 0 ] && [[ $out == "example.test. 7 10 yes" ]]
}
test_daemon_loads_again() {
	ask -j zone load example.test "$DIR/zone"
	[ $status = 0 ] && [[ $out == *'unchanged, serial 7'* ]] || return 1
	echo "again A 192.0.2.77" >>"$DIR/zone"
	ask -j zone load example.test "$DIR/zone"
	[ $status = 0 ] && [[ $out == *'"serial":8'* && $out == *'"previous":7'* && $out == *'"added":1,"removed":0'* ]]
}
test_daemon_keeps_on_error() {
	echo "host A 300.0.0.1" >>"$DIR/zone"
	ask zone load example.test "$DIR/zone"
	[ $status = 1 ] && says "$DIR/zone:" || return 1
	ask zone list
	[[ $out == "example.test. 8 11 yes" ]]
}
# What only mapd refuses, for what mapd.yaml says, has the line too; and what check refuses, load refuses.
test_daemon_refuses_with_line() {
	zone_make "$DIR/records"
	printf '$INCLUDE inner\n' >>"$DIR/zone"
	printf '\nb A 192.0.2.9\na ELOC 1 1 192.0.2.1\na ELOC 1 1 10.0.0.1\na ELOC 2 1 192.0.2.2\n' >"$DIR/inner"
	run zone check --private-locators example.test "$DIR/zone"
	[ $status = 0 ] || return 1
	ask zone load --private-locators example.test "$DIR/zone"
	[ $status = 1 ] && says "mapctl: $DIR/inner:4: zone example.test.: a.example.test. ELOC: " || return 1
	ask -j zone load --private-locators example.test "$DIR/zone"
	[ $status = 1 ] && [[ $out == *'"code":"MAP_EFORMAT","error":"'"$DIR/inner:4: zone "* ]]
}
test_daemon_and_check_agree() {
	local line
	while IFS= read -r line; do
		zone_make /dev/null
		echo "$line" >>"$DIR/zone"
		run zone check example.test "$DIR/zone"
		[ $status = 1 ] && says "$DIR/zone:8: " || { err="taken: $line: $err"; return 1; }
		cp "$DIR/err" "$DIR/err.check"
		ask zone load example.test "$DIR/zone"
		[ $status = 1 ] && cmp -s "$DIR/err" "$DIR/err.check" || { err="other words: $line: $err"; return 1; }
	done <<-L
	@ DNSKEY 257 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
	x ELOC 1 1 via:::1@ns
	ns CNAME site
	a DS 1 13 2 00
	*.a ELOC 1 1 192.0.2.1
	www $(sed -n 's/.* IN \(ELOC .*proof:.*\)/\1/p' "$DIR/records")
	L
}
test_daemon_dumps() {
	ask zone dump example.test
	[ $status = 0 ] && [[ ${out%%$'\n'*} == example.test.*SOA* ]] &&
		[ "$(grep -c $'\tELOC\t' "$DIR/out")" = 5 ] && grep -q $'\tRRSIG\tTYPE65301 ' "$DIR/out" || return 1
	ask zone dump --plain example.test
	[ $status = 0 ] && ! grep -q ELOC "$DIR/out" && [ "$(grep -c $'\tTYPE65301\t' "$DIR/out")" -ge 5 ]
}
test_daemon_ds() {
	ask key ds example.test
	[[ $out =~ ^example\.test\.\ [0-9]+\ IN\ DS\ [0-9]+\ 13\ 2\ [0-9a-f]{64}$ ]]
}
test_daemon_status() {
	ask zone status example.test
	[ $status = 0 ] && [[ $out == *"serial: 8"*"denial: nsec3"* ]] || return 1
	ask -j status
	[ $status = 0 ] && [[ $out == *'"zones":1'*'"query.udp":'* ]]
}
test_daemon_absent_zone() {
	ask zone status nowhere.test
	[ $status = 1 ] && says "nowhere.test." || return 1
	ask cache flush
	[ $status = 1 ] && says "not known here" || return 1
	ask log loud
	[ $status = 2 ] && says "loud: no level; usage: mapctl log error|warn|info|debug"
}
test_daemon_removes() {
	ask zone remove example.test
	[ $status = 0 ] || return 1
	ask zone list
	[ $status = 0 ] && [ -z "$out" ]
}
# Somebody who has not read doc/control.md is put off; the daemon lives.
test_daemon_hostile() {
	local octets
	for octets in 'GET / HTTP/1.0\r\n\r\n' '\0\0\0\x0a\x01\x10\0\0\0\0\0\x01{}' \
		'\xff\xff\xff\xff' '\0\0\0\x08\x01\x12\0\0\0\0\0\x01'; do
		printf '%b' "$octets" | timeout 10 python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while s.recv(4096): pass' "$DIR/control" || return 1
	done
	ask zone list
	[ $status = 0 ]
}
test_daemon_stops() {
	ask stop
	[ $status = 0 ] && wait "$MAPD" && MAPD=
}

for name in new new_never_overwrites new_leaves_no_half check_takes_new check_finds_changed_record \
	check_finds_foreign_proof check_names_included_line check_names_line sign_repairs sign_serial_grows sign_other_key \
	sign_revokes sign_wants_records key_realm show_file show_identity show_reference \
	key_open_to_others key_broken usage no_daemon strange_daemon json_error batch daemon_loads \
	daemon_loads_again daemon_keeps_on_error daemon_refuses_with_line daemon_and_check_agree daemon_dumps daemon_ds daemon_status \
	daemon_absent_zone daemon_removes daemon_hostile daemon_stops; do
	test_is $name
done
exit $failed
