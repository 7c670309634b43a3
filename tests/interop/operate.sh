#!/usr/bin/env bash
# operate.sh - the daemons as an operator has them: power given up, configuration read again, stopped.
# needs: root dig
# limit: 60
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/operate.XXXXXX")
PID=
trap '[ -z "$PID" ] || kill "$PID" 2>/dev/null; rm -rf "$WORK"' EXIT
chmod 755 "$WORK"

ok() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$WORK/out" 2>&1; then echo "ok operate: $what"; else
		echo "not ok operate: $what"
		sed 's/^/    | /' "$WORK/out" "$WORK/log"
	fi
}
start() { # DAEMON
	rm -f "$WORK/ready"
	mkfifo "$WORK/ready"
	"$BUILD/$1/$1" -c "$WORK/$1.yaml" --ready-fd 3 3>"$WORK/ready" 2>"$WORK/log" &
	PID=$!
	ok "$1 serves" test "$(head -c 1 "$WORK/ready" | wc -c)" = 1
}
stop() { # DAEMON
	local status
	kill -TERM "$PID"
	wait "$PID"
	status=$?
	PID=
	ok "$1 stops with status 0" test $status = 0
}
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$PID/status"; }
uid_is() { test "$(status_of Uid | tr '\t' ' ')" = "$1 $1 $1 $1"; }
capabilities_are() { test "$(status_of CapEff) $(status_of CapPrm) $(status_of CapBnd)" = "$1 $1 $1"; }
logged() { # PATTERN: soon, in the log
	timeout 5 sh -c "tail -n +1 -f '$WORK/log' | grep -qm1 -- '$1'"
}
refuses() { # STATUS TEXT COMMAND...: ends at once with the status, and says the text
	local status=$1 text=$2 was
	shift 2
	timeout 20 "$@" >"$WORK/said" 2>&1
	was=$?
	cat "$WORK/said"
	test $was = "$status" && grep -qF -- "$text" "$WORK/said"
}
nobody=$(id -u nobody)

mkdir "$WORK/db"
chown nobody "$WORK/db"
cat >"$WORK/mapd.yaml" <<-Y
	listen: [127.0.53.1@53]
	database: $WORK/db
	control: $WORK/db/control
	map-size: 1G
	user: nobody
Y
start mapd
ok "mapd has another user" uid_is "$nobody"
# CAP_NET_BIND_SERVICE is bit 10.
ok "mapd keeps one capability" capabilities_are 0000000000000400
ok "mapd gets no privileges back" test "$(status_of NoNewPrivs)" = 1
ok "mapd has system calls refused" test "$(status_of Seccomp)" = 2
ok "mapd's database is for its user alone" test -z "$(find "$WORK/db" -type f -perm /077 -o -type f ! -user nobody)"
sed -i 's/127.0.53.1@53/127.0.53.1@53, 127.0.53.2@53/' "$WORK/mapd.yaml"
kill -HUP "$PID"
ok "mapd reads its configuration again" logged 'loaded again'
ok "mapd binds a low port without root" dig @127.0.53.2 +time=2 +tries=1 . SOA
sed -i 's/^map-size/map-sise/' "$WORK/mapd.yaml"
kill -HUP "$PID"
ok "a wrong configuration is refused with line and key" logged 'mapd.yaml:4: map-sise: '
ok "and the old one stays" dig @127.0.53.1 +time=2 +tries=1 . SOA
sed -i 's/^map-sise/map-size/; s/127.0.53.2@53/198.51.100.77@53/' "$WORK/mapd.yaml"
kill -HUP "$PID"
ok "an address of another host is refused with its line" \
	logged 'mapd.yaml:1: listen/1: 198.51.100.77@53: Cannot assign requested address; expected an address of this host'
mv "$WORK/mapd.yaml" "$WORK/mapd.yaml.away"
kill -HUP "$PID"
ok "a configuration that has gone is no empty one" \
	logged 'mapd.yaml: No such file or directory; expected a configuration file; the old configuration stays'
mv "$WORK/mapd.yaml.away" "$WORK/mapd.yaml"
stop mapd
ok "nor does it start with it" refuses 1 "mapd.yaml:1: listen/1: 198.51.100.77@53: " "$BUILD/mapd/mapd" -f -c "$WORK/mapd.yaml"
# Directories that root could make, and the user cannot; and a place where no socket can be.
mkdir -m 755 "$WORK/rootdir"
for key in database keys; do
	sed "s/, 198.51.100.77@53//; /^$key:/d" "$WORK/mapd.yaml" >"$WORK/places.yaml"
	echo "$key: $WORK/rootdir/new" >>"$WORK/places.yaml"
	line=$(wc -l <"$WORK/places.yaml")
	for how in --check -f; do
		ok "$key: that cannot be made by the user is refused ($how)" \
			refuses 1 "places.yaml:$line: $key: $WORK/rootdir/new: cannot be made in $WORK/rootdir: Permission denied; expected " \
			"$BUILD/mapd/mapd" $how -c "$WORK/places.yaml"
	done
done
ok "nothing was made" test ! -e "$WORK/rootdir/new"
sed "s/, 198.51.100.77@53//; s,^control:.*,control: $WORK/rootdir/control," "$WORK/mapd.yaml" >"$WORK/places.yaml"
ok "control: where no socket can be is refused" refuses 1 "places.yaml:3: control: $WORK/rootdir/control: Permission denied; expected " \
	"$BUILD/mapd/mapd" -f -c "$WORK/places.yaml"
sed -i 's/^user: .*/user: nobody-of-that-name/' "$WORK/places.yaml"
ok "a user that is not there is refused" refuses 1 "places.yaml:5: user: there is no such user; expected " \
	"$BUILD/mapd/mapd" --check -c "$WORK/places.yaml"

cat >"$WORK/resolverd.yaml" <<-Y
	socket: $WORK/db/map.sock
	control: $WORK/db/resolverd.control
	paths: off
	user: nobody
	log: debug
Y
start resolverd
ok "resolverd has another user" uid_is "$nobody"
# With paths it keeps CAP_NET_ADMIN: tests/fault/ledger.sh.
ok "resolverd keeps no capability" capabilities_are 0000000000000000
ok "resolverd has system calls refused" test "$(status_of Seccomp)" = 2
ok "anybody may connect to it" test "$(stat -c %a "$WORK/db/map.sock")" = 666
ok "not anybody may control it" test "$(stat -c %a "$WORK/db/resolverd.control")" = 660
sed -i 's/^paths: off/paths: of/' "$WORK/resolverd.yaml"
kill -HUP "$PID"
ok "a wrong configuration is refused with what is expected" logged 'resolverd.yaml:3: paths: "of" is not known; expected one of kernel, manage, off'
ok "resolverd still serves" "$BUILD/mapctl/mapctl" -s "$WORK/db/resolverd.control" status
sed -i 's/^paths: of$/paths: off/' "$WORK/resolverd.yaml"
echo '2001:3f:fe00:a00::/56: id.example.test' >"$WORK/realms.yaml"
cp "$WORK/resolverd.yaml" "$WORK/resolverd.yaml.before"
sed -i "s,^socket: .*,socket: $WORK/db/other.sock,; s,^control: .*,control: $WORK/db/other.control,; s/^user: .*/user: daemon/; s/^paths: .*/paths: kernel/" "$WORK/resolverd.yaml"
printf '%s\n' 'private-locators: true' 'flap: {hold: 2s}' 'exits: off' 'probe: off' 'cache: 1M' >>"$WORK/resolverd.yaml"
ok "it reads another one again" "$BUILD/mapctl/mapctl" -s "$WORK/db/resolverd.control" reload
of=' for the addresses that MPTCP sessions may use'
for key in socket control user "realms$of" "private-locators$of" paths exits probe 'flap for MPTCP' cache; do
	ok "and says of ${key%% *} that this stays as it is" \
		logged "warn: ${key%% *}: a change takes effect at the next start${key#"${key%% *}"}\$"
done
rm "$WORK/realms.yaml"
mv "$WORK/resolverd.yaml.before" "$WORK/resolverd.yaml"
printf 'trust-anchors: [%s]\n' "$WORK/anchors" >>"$WORK/resolverd.yaml"
kill -HUP "$PID"
ok "a trust anchor file that is missing is refused at a reload" \
	logged "resolverd.yaml:6: trust-anchors/0: $WORK/anchors: cannot be read: No such file or directory; expected .*; the configuration stays as it was"
ok "the control socket says the same" refuses 1 "resolverd.yaml:6: trust-anchors/0: " \
	"$BUILD/mapctl/mapctl" -s "$WORK/db/resolverd.control" reload
mv "$WORK/resolverd.yaml" "$WORK/resolverd.yaml.away"
ok "a configuration that has gone is no empty one" refuses 1 "resolverd.yaml: No such file or directory; expected a configuration file" \
	"$BUILD/mapctl/mapctl" -s "$WORK/db/resolverd.control" reload
mv "$WORK/resolverd.yaml.away" "$WORK/resolverd.yaml"
ok "resolverd serves as before" "$BUILD/mapctl/mapctl" -s "$WORK/db/resolverd.control" status
stop resolverd
ok "nor does it start with it" refuses 1 "resolverd.yaml:6: trust-anchors/0: " \
	"$BUILD/resolverd/resolverd" -f -c "$WORK/resolverd.yaml"
printf 'example.test. DS 1 13 2 %064d\n' 0 >"$WORK/anchors"
ok "with it --check is content" "$BUILD/resolverd/resolverd" --check -c "$WORK/resolverd.yaml"
chmod 600 "$WORK/anchors"
for how in --check -f; do
	ok "what its user cannot read is refused ($how)" \
		refuses 1 "resolverd.yaml:6: trust-anchors/0: $WORK/anchors: cannot be read: Permission denied" \
		"$BUILD/resolverd/resolverd" $how -c "$WORK/resolverd.yaml"
done
