#!/usr/bin/env bash
# test_register.sh - mapctl register as a program: what it would send, read by others too; what it says of answers,
# and of command lines that are wrong. Says "[       OK ] name" like the other tests. The current folder is the build's.
# shellcheck disable=SC2015,SC2086,SC2317
set -u
BUILD=$PWD
DIR=$(mktemp -d "${TMPDIR:-/tmp}/test_register.XXXXXX")
REALM=2001:3f:fe00:a00::/56=id.example.test
SERVER="" PORT=""
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$DIR"' EXIT
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
register() { run register --key "$DIR/host.id.example.test.private" --realm $REALM "$@"; }
withdraw() { run register withdraw --key "$DIR/host.id.example.test.private" --realm $REALM "$@"; }
# A server that answers every UPDATE with the same RCODE and text, LEASE and no COOKIE; over TCP, and over UDP.
server_start() { # RCODE TEXT
	mkfifo "$DIR/ready"
	/usr/bin/env python3 - "$1" "$2" >"$DIR/ready" <<-'P' &
	import select, socket, struct, sys
	rcode, text = int(sys.argv[1]), sys.argv[2].encode()
	def answer(m):
	    at = 12
	    while m[at]: at += 1 + m[at]
	    lease = struct.pack("!HHII", 2, 8, 600, 1200)
	    options = (lease if rcode == 0 else b"") + (struct.pack("!HHH", 15, 2 + len(text), 0) + text if text else b"")
	    return (m[:2] + struct.pack("!HHHHH", 0xa800 | rcode & 15, 1, 0, 0, 1) + m[12:at + 5] +
	            b"\0" + struct.pack("!HHIH", 41, 1232, rcode >> 4 << 24, len(options)) + options)
	tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(8)
	udp = socket.socket(type=socket.SOCK_DGRAM); udp.bind(tcp.getsockname())
	print(tcp.getsockname()[1], flush=True)
	while True:
	    for s in select.select([tcp, udp], [], [])[0]:
	        if s is udp:
	            m, peer = udp.recvfrom(65535); udp.sendto(answer(m), peer); continue
	        c = tcp.accept()[0]
	        n = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))[0]
	        a = answer(c.recv(n, socket.MSG_WAITALL)); c.sendall(struct.pack("!H", len(a)) + a); c.close()
	P
	SERVER=$!
	read -r PORT <"$DIR/ready"
	rm "$DIR/ready"
}
server_stop() {
	kill "$SERVER"
	wait "$SERVER" 2>/dev/null
	SERVER=""
}

test_dry_run() {
	run id new --realm $REALM --name host.id.example.test --dir "$DIR"
	register --locator 2001:db8::1 --via "::1:0:0:0:10@site.example.test cap=mptcp" --name host.id.example.test \
		--lease 1h --key-lease 7d --dry-run
	[ $status = 0 ] && [[ $out == "; UPDATE of zone id.example.test. for 127.0.0.1@53 over TCP"* ]] &&
		grep -q '^; sealed by 05[0-9a-f]\{16\}.id.example.test. (SIG(0), algorithm 15, tag [0-9]*, until 20' "$DIR/out" &&
		grep -q '^; delete 05[0-9a-f]\{16\}.id.example.test. ELOC$' "$DIR/out" &&
		[ "$(grep -c $'^05.*\t60\tIN\tELOC\t' "$DIR/out")" = 3 ] && grep -q $'^05.*\tKEY\t512 3 15 ' "$DIR/out" &&
		grep -q '^; delete host.id.example.test. EPID$' "$DIR/out" &&
		grep -q $'^host.id.example.test.\t300\tIN\tEPID\t10 2001:3f:fe00:a05:' "$DIR/out" &&
		grep -q '^; LEASE 3600 s, KEY-LEASE 604800 s;' "$DIR/out"
}
# The records of a dry run are a zone file's: mapctl loads what it would send.
test_dry_run_is_a_zone() {
	{
		printf '$ORIGIN id.example.test.\n$TTL 300\n@ SOA ns hostmaster 7 3600 600 86400 60\n@ NS ns\nns AAAA 2001:db8::53\n'
		grep -v '^;' "$DIR/out"
	} >"$DIR/zone"
	run zone check --realm $REALM id.example.test "$DIR/zone"
	[ $status = 0 ] || return 1
	sed -i 's/2001:db8::1$/2001:db8::2/' "$DIR/zone"
	run zone check --realm $REALM id.example.test "$DIR/zone"
	[ $status = 1 ] && says "the proof does not match"
}
test_dry_run_json() {
	run -j register --key "$DIR/host.id.example.test.private" --realm $REALM --locator 192.0.2.1 --dry-run --udp \
		--server 192.0.2.53
	[ $status = 0 ] && [[ $out == '{"ok":true,"zone":"id.example.test.","server":"192.0.2.53@53","transport":"udp","sealed":"05'* ]] &&
		[[ $out == *'"lease":7200,"key_lease":1209600,"octets":"'* ]]
}
# Another implementation reads the same in the octets, and the TSIG holds there. It takes a SIG(0), which is of class
# ANY, for something to be deleted (dnspython 2.3), so that one is cut off.
test_dnspython_reads_it() {
	/usr/bin/python3 -c 'import dns.message' 2>/dev/null || { echo "# no python3-dnspython"; return 0; }
	cp "$DIR/out" "$DIR/sig0.json"
	printf 'key "admin" { algorithm hmac-sha256; secret "%s"; };\n' "$(head -c 32 /dev/zero | base64)" >"$DIR/tsig"
	chmod 600 "$DIR/tsig"
	run -j register --key "$DIR/host.id.example.test.private" --realm $REALM --locator 192.0.2.1 --dry-run \
		--tsig "$DIR/tsig"
	/usr/bin/python3 - "$DIR/sig0.json" "$DIR/out" >"$DIR/err" 2>&1 <<-'P'
	import json, sys, dns.message, dns.name, dns.opcode, dns.tsig
	def check(said, wire, keyring):
	    m = dns.message.from_wire(wire, keyring=keyring)
	    assert m.opcode() == dns.opcode.UPDATE and type(m).__name__ == "UpdateMessage"
	    assert m.zone[0].name.to_text() == said["zone"] and not m.prerequisite
	    kinds = [(r.deleting is not None, int(r.rdtype), len(r)) for r in m.update]
	    assert kinds[0] == (True, 65301, 0), kinds
	    assert sum(n for d, t, n in kinds if t == 65301) == 2 and (False, 25, 1) in kinds, kinds
	    options = {int(o.otype): o for o in m.options}
	    assert options[2].data.hex() == "00001c2000127500", options
	    assert not m.had_tsig or m.keyname.to_text() == "admin."
	    return m.had_tsig
	said = json.load(open(sys.argv[1])); wire = bytearray.fromhex(said["octets"])
	at = wire.rindex(b"\x00\x00\x18\x00\xff\x00\x00\x00\x00"); wire[11] -= 1
	assert not check(said, bytes(wire[:at]), None)
	said = json.load(open(sys.argv[2])); name = dns.name.from_text("admin.")
	assert check(said, bytes.fromhex(said["octets"]), {name: dns.tsig.Key(name, bytes(32), "hmac-sha256.")})
	P
	err=$(cat "$DIR/err")
	[ -z "$err" ]
}
test_dry_run_withdraws() {
	withdraw --name host.id.example.test --dry-run
	[ $status = 0 ] && [ "$(grep -c '^; delete ' "$DIR/out")" = 3 ] && [[ $out != *IN*ELOC* ]] &&
		grep -q '^; LEASE 0 s, KEY-LEASE 1209600 s$' "$DIR/out" || return 1
	withdraw --release --dry-run
	grep -q '^; delete 05.* KEY$' "$DIR/out" && grep -q '^; LEASE 0 s, KEY-LEASE 0 s$' "$DIR/out"
}
test_tsig() {
	printf 'key "admin" { algorithm hmac-sha256; secret "%s"; };\n' "$(head -c 32 /dev/zero | base64)" >"$DIR/tsig"
	chmod 600 "$DIR/tsig"
	register --locator 192.0.2.1 --tsig "$DIR/tsig" --dry-run
	[ $status = 0 ] && grep -q '^; sealed by admin. (TSIG)$' "$DIR/out" || return 1
	printf 'key "other" { algorithm hmac-sha256; secret "AAAA"; };\n' >>"$DIR/tsig"
	register --locator 192.0.2.1 --tsig "$DIR/tsig" --dry-run
	[ $status = 1 ] && says "$DIR/tsig: 2 keys; expected one" || return 1
	chmod 644 "$DIR/tsig"
	register --locator 192.0.2.1 --tsig "$DIR/tsig" --dry-run
	[ $status != 0 ] && says "$DIR/tsig"
}
test_key_realm() {
	run id new --key-realm example.test --p256 --name key.example.test --dir "$DIR"
	run register --key "$DIR/key.example.test.private" --key-realm example.test --locator 192.0.2.7 --dry-run
	[ $status = 0 ] && [[ $out == "; UPDATE of zone example.test. "* ]] &&
		grep -q '^; sealed by [a-z2-7]\{52\}._eid.example.test. (SIG(0), algorithm 13, ' "$DIR/out"
}
test_usage() {
	local words
	while read -r words; do
		register $words
		[ $status = 2 ] && [ -n "$err" ] || { err="taken: $words: $err"; return 1; }
	done <<-W

	extra --locator 192.0.2.1
	--locator 127.0.0.1
	--locator 192.0.2.1 --server nowhere
	--locator 192.0.2.1 --server 192.0.2.1@0
	--locator 192.0.2.1 --lease 5
	--locator 192.0.2.1 --lease 0s
	--locator 192.0.2.1 --expire 8d
	--locator 192.0.2.1 --name host.example.org
	--locator 192.0.2.1 --zone other.test
	--locator 192.0.2.1 --keep --dry-run
	--locator 192.0.2.1 --release
	--locator 192.0.2.1 --key-realm a
	W
	run register --realm $REALM --locator 192.0.2.1
	[ $status = 2 ] && says "--key: missing" || return 1
	run register --key "$DIR/host.id.example.test.private" --locator 192.0.2.1
	[ $status = 2 ] && says "--zone: missing" || return 1
	withdraw --locator 192.0.2.1
	[ $status = 2 ] && says "--locator: not an option of this command" || return 1
	run - <<<"register --key $DIR/host.id.example.test.private --realm $REALM --locator 192.0.2.1 --keep"
	[ $status = 2 ] && says "in a batch"
}
test_no_key() {
	run register --key "$DIR/none.private" --realm $REALM --locator 192.0.2.1
	[ $status = 1 ] && says "$DIR/none.private: No such file"
}
test_granted() {
	server_start 0 ""
	register --locator 192.0.2.1 --server 127.0.0.1@$PORT
	[ $status = 0 ] && [[ $out == "2001:3f:fe00:a05:"*": registered at 05"*"; lease 600 s, key lease 1200 s, refresh at 20"* ]] ||
		return 1
	run -j register --key "$DIR/host.id.example.test.private" --realm $REALM --locator 192.0.2.1 --udp \
		--server 127.0.0.1@$PORT
	[ $status = 0 ] && [[ $out == '{"ok":true,"state":"registered",'*'"rcode":"NOERROR"'*'"lease":600,"key_lease":1200,"leased":true,"next":'* ]] ||
		return 1
	withdraw --server 127.0.0.1@$PORT
	[ $status = 0 ] && [[ $out == *": withdrawn at 05"*"; its key keeps the name for 1200 s" ]] || return 1
	withdraw --release --server 127.0.0.1@$PORT
	[ $status = 0 ] && [[ $out == *": withdrawn at 05"*"; the name is free" ]]
}
# It stays until it is told to end, and says each state as it comes.
test_kept() {
	local pid line
	mkfifo "$DIR/said"
	"$BUILD/mapctl/mapctl" register --key "$DIR/host.id.example.test.private" --realm $REALM --locator 192.0.2.1 \
		--server 127.0.0.1@$PORT --keep >"$DIR/said" 2>"$DIR/err" &
	pid=$!
	read -r line <"$DIR/said"
	kill -TERM $pid
	wait $pid
	status=$? out=$line err=$(cat "$DIR/err")
	server_stop
	[ $status = 0 ] && [[ $line == *": registered at "* ]]
}
test_refused() {
	server_start 6 "held by key 4711 since 20260101000000"
	register --locator 192.0.2.1 --server 127.0.0.1@$PORT
	[ $status = 4 ] && says "05" &&
		says ".id.example.test.: YXDOMAIN: held by key 4711 since 20260101000000; use the key that registered it" ||
		return 1
	run -j register --key "$DIR/host.id.example.test.private" --realm $REALM --locator 192.0.2.1 \
		--server 127.0.0.1@$PORT
	[ $status = 4 ] && [[ $out == '{"ok":false,"state":"refused",'*'"rcode":"YXDOMAIN","said":"held by key 4711'*'"code":"MAP_EREFUSED","error":"05'* ]] ||
		return 1
	# kept or not: what nobody repairs meanwhile is no reason to go on
	register --locator 192.0.2.1 --server 127.0.0.1@$PORT --keep
	[ $status = 4 ]
	server_stop
}
test_no_server() {
	register --locator 192.0.2.1 --server 127.0.0.1@$PORT
	[ $status = 3 ] && says "127.0.0.1@$PORT over TCP: Connection refused" || return 1
	register --locator 192.0.2.1 --server 127.0.0.1@$PORT --udp
	[ $status = 3 ] && says "127.0.0.1@$PORT over UDP: Connection refused"
}

for t in dry_run dry_run_is_a_zone dry_run_json dnspython_reads_it dry_run_withdraws tsig key_realm usage no_key granted \
	kept refused no_server; do
	test_is $t
done
exit $failed
