#!/usr/bin/env bash
# ledger.sh - is what resolverd sets in the kernel taken back, and nothing else, however it ends and
# whatever the next one is told? Addresses and administrators come and go meanwhile.
# needs: root namespaces mptcp
# beside: yes
# limit: 120
# shellcheck disable=SC2317 # functions are called by ok
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
# shellcheck source=tests/fault/ledger.inc
. "$SOURCE/tests/fault/ledger.inc" || exit 1

conf a
conf other
conf off 'paths: off'
ledgers_are() { [ "$(find "$LEDGERS" -name '*.[0-9]*' ! -name '*.damaged' 2>/dev/null | wc -l)" = "$1" ]; }

# ------------------------------------------------------------------------------ one, and its end

sysctls >"$DIR/sysctls"
no_sysctl() { [ "$(wc -l <"$DIR/sysctls")" -gt 100 ] && diff "$DIR/sysctls" <(sysctls); }
ok "it serves" start a
ok "no sysctl is changed" no_sysctl
ok "endpoints and limits are set, the administrator's left" as_set
ok "one ledger" ledgers_are 1
ok "SIGTERM ends it with status 0" stop a
ok "all is as before" as_before
ok "and the folder of ledgers is gone" test ! -e "$LEDGERS"

left() { start a && murder a && as_set; } # endpoints and limits of nobody
ok "kill -9 leaves what it set" left
ok "the next start serves" start a
ok "and takes it over as it is" as_set
ok "which is said" logged a 'paths: endpoints taken over from a resolverd that is gone: 2'
ok "from one ledger into one" ledgers_are 1
stop a
ok "and back when it stops" as_before

left
ok "after kill -9, a start with \"paths: off\"" start off
ok "takes it back" as_before
ok "which is said" logged off 'paths: changes of a resolverd that was killed, taken back: 3'
stop off

left
ok "after kill -9, a start with another socket" start other
ok "takes it over" as_set
stop other
ok "and back when it stops" as_before

left
ok "after kill -9, --restore" restore
ok "takes it back" as_before
ok "which is said" logged restore 'paths: changes taken back: 3'
ok "a second --restore" restore
ok "finds nothing" logged restore 'paths: nothing to take back'
ok "the folder of ledgers is gone" test ! -e "$LEDGERS"

thrice() { left && start other && murder other && start a && murder a; }
ok "killed three times, each time another" thrice
ok "there is one ledger" ledgers_are 1
restore
ok "and all of it is taken back" as_before

left
conf wrong "trust-anchors: [$DIR/none]"
sed -i "3d" "$DIR/wrong.yaml"
cannot_start() { ! start "$1" && { ended "$1"; [ $? = 1 ]; }; }
ok "after kill -9, a start that its configuration ends" cannot_start wrong
restore
ok "leaves it to --restore" as_before

address add fd00:db8::3
conf private 'private-locators: true'
ok "with private-locators" start private
ok "a private address is announced" endpoint fd00:db8::3 '[0-9]*' 'signal subflow'
murder private
ok "after kill -9, a start without" start a
ok "uses it and does not announce it" endpoint fd00:db8::3 '[0-9]*' subflow
stop a
address del fd00:db8::3
ok "and all is as before" as_before

# ------------------------------------------------------- who manages the sessions that begin

conf manage 'paths: manage'
managed() { start manage && murder manage && as_set 1; } # what is left of one that managed them
ok "with \"paths: manage\"" start manage
ok "it asks for the sessions that begin, too" as_set 1
stop manage
ok "and no more when it stops" as_before
ok "kill -9 leaves that" managed
ok "the next start with \"paths: kernel\"" start a
ok "leaves them to the kernel, and takes over the rest" as_set
stop a
ok "and all is as before when it stops" as_before
managed
ok "after kill -9, a start with \"paths: off\"" start off
ok "takes back that, too" as_before
stop off
managed
ok "after kill -9, --restore" restore
ok "takes back that, too" as_before
managed
ok "after kill -9, a start with \"paths: manage\"" start manage
ok "takes it over" as_set 1
stop manage
ok "and back when it stops" as_before
# One that stops leaves the sessions that begin to one that does not manage any.
beside() { start manage && start a && as_set 1; }
ok "one that manages sessions beside one that does not" beside
conf second 'paths: manage'
ok "and a second one that does" start second
kill -STOP "${PID[second]}"
ok "the first one stops, while the second stands still" stop manage
ok "who does not has what it set" logged a 'paths: endpoints taken over from a resolverd that is gone'
address add fd00:db8::3
ok "and looks at it again" logged a 'path fd00:db8::3: used'
ok "but the second one still manages sessions" [ "$(manager)" = 1 ]
address del fd00:db8::3
ok "and looks again" logged a 'path fd00:db8::3: taken out'
kill -CONT "${PID[second]}"
ok "the second one stops" stop second
ok "and the other has the kernel manage them" logged a 'paths: sessions that begin are managed by the kernel again'
ok "at once, and the rest as it was set" as_set
stop a
ok "and all is as before when it stops, too" as_before
# SUBFLOWS: an administrator's limits, and the kernel's manager, whatever was set beside these
limits_are() { [ "$(ip mptcp limits) $(manager)" = "add_addr_accepted $1 subflows $1  0" ] || { state; return 1; }; }
start manage
ip mptcp limits set subflows 5 add_addr_accepted 5
stop manage
ok "limits that an administrator sets meanwhile stay, the manager does not" limits_are 5
managed
ip mptcp limits set subflows 4 add_addr_accepted 4
start a
ok "nor after a kill -9 and a start with \"paths: kernel\"" [ "$(manager)" = 0 ]
stop a
ok "and his limits stay" limits_are 4
managed
ip mptcp limits set subflows 6 add_addr_accepted 6
restore
ok "nor after --restore" limits_are 6
ip mptcp limits set subflows 3 add_addr_accepted 1
start manage
echo 0 >/proc/sys/net/mptcp/pm_type
stop manage
ok "a manager that an administrator chooses meanwhile stays, the limits do not" as_before
echo 1 >/proc/sys/net/mptcp/pm_type
start manage
stop manage
ok "one that he had before does, too" [ "$(manager)" = 1 ]
echo 0 >/proc/sys/net/mptcp/pm_type
ok "(all is as before)" as_before

# -------------------------------------------------------------------- another user, what it may do

status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/${PID[$1]}/status"; }
may() { # NAME MASK
	for set in CapEff CapPrm CapBnd; do
		[ "$(status_of "$1" $set)" = "$2" ] || { grep Cap "/proc/${PID[$1]}/status"; return 1; }
	done
	[ "$(status_of "$1" CapInh)$(status_of "$1" CapAmb)" = 00000000000000000000000000000000 ]
}
conf nobody 'user: nobody'
conf nobody-off 'user: nobody' 'paths: off'
ok "as another user" start nobody
ok "it sets the same" as_set
ok "and may administrate the network, and nothing else" may nobody 0000000000001000 # bit 12
stop nobody
ok "and takes back the same" as_before
start nobody && murder nobody
ok "after its kill -9, root" start a
ok "takes it over" as_set
murder a
ok "after root's kill -9, another user" start nobody
ok "takes it over" as_set
stop nobody
ok "and back" as_before
left
ok "after kill -9, another user with \"paths: off\"" start nobody-off
ok "takes it back" as_before
ok "and may nothing at all" may nobody-off 0000000000000000
stop nobody-off

# As a service manager starts it: another user from the beginning, with what the unit gives.
NOBODY=(setpriv --reuid nobody --regid nogroup --clear-groups)
MORE=+net_admin,+net_bind_service,+chown
mkdir "$DIR/s"
chown nobody "$DIR/s"
conf service
conf service-off 'paths: off'
sed -i "s,$DIR/service,$DIR/s/service," "$DIR"/service*.yaml
may_only() { [ "$(status_of "$1" CapEff)$(status_of "$1" CapPrm)$(status_of "$1" CapAmb)" = "$2$2$3" ]; }
install -d -o nobody "$RUN/resolverd"
ok "given more than it needs" start service "${NOBODY[@]}" --inh-caps $MORE --ambient-caps $MORE
ok "it sets the same" as_set
ok "and keeps only what it needs" may_only service 0000000000001000 0000000000000000
murder service
ok "root's --restore after its kill -9" restore
ok "takes it back" as_before
left
ok "after root's kill -9, without the right to take back" start service-off "${NOBODY[@]}"
ok "it serves, and has nothing" may_only service-off 0000000000000000 0000000000000000
stop service-off
ok "what was left is still there" as_set
restore
ok "for somebody who may" as_before
ok "without the right to set" start service "${NOBODY[@]}"
ok "it serves, and says so in one line" test "$(grep -c 'paths: ' "$DIR/service.log")" = 1
ok "which names the right" logged service 'info: paths: MPTCP endpoints need CAP_NET_ADMIN'
stop service

# ------------------------------------------------------------------- addresses that come and go

start a
address add 2001:db8:3::3
ok "an address that comes" logged a 'path 2001:db8:3::3: used and announced to peers'
ok "is set" endpoint 2001:db8:3::3 3 'signal subflow'
address del 2001:db8:1::1
ok "one that goes" logged a 'path 2001:db8:1::1: taken out: the address is gone'
ok "is taken out" no_endpoint 2001:db8:1::1
stop a
ok "SIGTERM: all as before" as_before
start a
murder a
address del 2001:db8:3::3
address add 2001:db8:1::1
ok "addresses that come and go while it is dead" start a
ok "are set and taken out" as_set
stop a
ok "and all is as before" as_before
flap() {
	local _
	for _ in {1..200}; do address add 2001:db8:5::5; address del 2001:db8:5::5; done
	address add 2001:db8:4::4
}
start a
ok "one that flaps 200 times" flap
ok "is lived through" logged a 'path 2001:db8:4::4: used and announced to peers'
address del 2001:db8:4::4
stop a
ok "and all is as before" as_before
# Dumps are torn by changes while it reads them for the first time.
flaps() { until [ -e "$DIR/enough" ]; do address add 2001:db8:5::5; address del 2001:db8:5::5; done; }
flaps &
PID[flaps]=$!
starts() { local _; for _ in {1..10}; do start a && stop a || return 1; done; }
ok "it starts while addresses flap" starts
touch "$DIR/enough" # not killed: an add that was under way would come after all
ended flaps
ok "and all is as before" as_before

# ------------------------------------------------------------- an administrator, while it runs

start a
ip mptcp limits set subflows 5 add_addr_accepted 2
address add 2001:db8:8::8
logged a 'path 2001:db8:8::8: used and announced to peers'
ip mptcp endpoint add 2001:db8:ffff::1 id 77 signal
ip mptcp endpoint change id 1 backup
ip mptcp endpoint del id 2
stop a
address del 2001:db8:8::8
admins() {
	diff <(state) - <<-T
	2001:db8:1::1 id 1 signal subflow backup 
	2001:db8:9::9 id 7 subflow backup 
	2001:db8:ffff::1 id 77 signal 
	add_addr_accepted 2 subflows 5 
	manager 0
	T
}
ok "what an administrator sets, changes and deletes meanwhile stays so" admins
start a
ok "an endpoint of his for one of our addresses is left" endpoint 2001:db8:1::1 1 'signal subflow backup'
ok "while its limits are raised" grep -q 'accepted 8 subflows 8' <(ip mptcp limits)
murder a
ip mptcp limits set subflows 4 add_addr_accepted 4
start a
stop a
ok "limits that he sets after a kill -9 stay too" grep -q 'accepted 4 subflows 4' <(ip mptcp limits)
start a
ip mptcp endpoint change id 2 backup
address add 2001:db8:8::8
ok "an endpoint that he changed" logged a 'path 2001:db8:2::2: changed by somebody else, and left to him'
murder a
restore
ok "is his after a kill -9 too" endpoint 2001:db8:2::2 2 'signal subflow backup'
address del 2001:db8:8::8
for id in 1 2 77; do ip mptcp endpoint del id $id; done
ip mptcp limits set subflows 3 add_addr_accepted 1
ok "(all is as before)" as_before

# ------------------------------------------------------------------------ two in one namespace

two() { start a && start other; }
ok "two in one namespace" two
ok "set it once" as_set
ok "the first stops" stop a
ok "the second takes it over" logged other 'paths: endpoints taken over from a resolverd that is gone: 2'
ok "as it is" as_set
stop other
ok "and back when it stops" as_before
two
ok "the second stops" stop other
ok "the first's stay" as_set
murder a
restore
ok "and are taken back after its kill -9" as_before
two
murder a
ok "the first is killed: the second hears it" logged other 'paths: endpoints taken over from a resolverd that is gone: 2'
ok "and takes it over" as_set
ok "--restore while one is alive" restore
ok "leaves it alone" as_set
ok "and says so" logged restore 'a resolverd is alive in this network namespace'
ok "so does a start with \"paths: off\"" start off
ok "(as set)" as_set
stop off
address add 2001:db8:3::3
ok "a new address" logged other 'path 2001:db8:3::3: used and announced to peers'
start a
murder other
logged a 'taken over from a resolverd that is gone: '
address del 2001:db8:3::3
ok "goes with its heir" logged a 'path 2001:db8:3::3: taken out'
ip mptcp limits set subflows 5 add_addr_accepted 5
start other
stop a
logged other 'taken over from a resolverd that is gone: '
stop other
ok "limits that an administrator set between two stay" grep -q 'accepted 5 subflows 5' <(ip mptcp limits)
ip mptcp limits set subflows 3 add_addr_accepted 1
ok "all else is as before" as_before
# Both hear of an address: one of them has it.
two
address add 2001:db8:3::3
either() { grep -h 'path 2001:db8:3::3: used and announced' "$DIR"/a.log "$DIR"/other.log; }
timeout 20 tail -n +1 -qf "$DIR/a.log" "$DIR/other.log" | grep -qm 1 '2001:db8:3::3: used and announced'
ok "both hear of an address" either
ok "and it is set once" test "$(ip mptcp endpoint | grep -c '^2001:db8:3::3 ')" = 1
murder a
murder other
address del 2001:db8:3::3
restore
ok "both killed: all as before" as_before

# ------------------------------------------------------------------------------ other namespaces

ip netns add x
x() { ip netns exec x "$@"; }
x ip link set lo up
x ip addr add 2001:db8:7::7/64 dev lo nodad
x_is_set() { x ip mptcp endpoint | grep -q '^2001:db8:7::7 id 1 signal subflow'; }
conf x
start x ip netns exec x
murder x
ok "what was killed in another namespace" x_is_set
left
ok "a start here" start a
ok "is not its heir" as_set
stop a
ok "and takes back its own" as_before
ok "the other's is as it was" x_is_set
ok "its --restore" x "$RESOLVERD" --restore
ok "takes it back there" test -z "$(x ip mptcp endpoint)"
start x ip netns exec x
two
ok "one that is alive there is no heir here" stop a
stop other
ok "(all is as before)" as_before
ok "and keeps its own" x_is_set
stop x
ok "until it stops" test -z "$(x ip mptcp endpoint)"
ip netns del x

# ---------------------------------------------------------------------------------- without MPTCP

left
sysctl -qw net.mptcp.enabled=0
ok "without MPTCP it serves" start a
ok "takes back what was left" as_before
ok "and says why it sets nothing" logged a 'info: paths: MPTCP is switched off (net.mptcp.enabled); sessions cannot move'
ok "once" test "$(grep -c 'MPTCP' "$DIR/a.log")" = 1
stop a
sysctl -qw net.mptcp.enabled=1
start a
stop a
ok "(all is as before)" as_before

# -------------------------------------------------------------------------------- damaged ledgers

ledger() { echo "$LEDGERS"/*.[0-9]; }
by_hand() { ip mptcp endpoint del id 1; ip mptcp endpoint del id 2; ip mptcp limits set subflows 3 add_addr_accepted 1; } 2>/dev/null
damaged() { # WHAT COMMAND...: the start after it serves and complains once
	local what=$1
	shift
	left && "$@" || echo "not ok ledger: $what"
	ok "a ledger $what: the next start serves" start a
	ok "and complains" logged a 'warn: paths: .*: damaged, now .*\.damaged: what it listed may still be set'
	stop a
	start a
	ok "once" not_logged a damaged
	stop a
}
# shellcheck disable=SC2094
cut_ledger() { truncate -s "$1" "$(ledger)"; }
damaged "cut in its first endpoint" cut_ledger 300
ok "limits, which came before, are taken back" grep -q 'accepted 1 subflows 3' <(ip mptcp limits)
by_hand
damaged "cut in its second endpoint" cut_ledger 400
ok "the first one is taken back" no_endpoint 2001:db8:1::1
ok "the second one is not known any more" endpoint 2001:db8:2::2 2 'signal subflow'
by_hand
empty_ledger() { : >"$(ledger)"; }
damaged "that is empty" empty_ledger
by_hand
garbage() { head -c 8448 /dev/urandom >"$(ledger)"; }
damaged "of random octets" garbage
by_hand
noise() { printf 'endpoint 7 6 2001:db8:9::9%*s\nnonsense' 99 '' >"$(ledger)"; }
damaged "that names the administrator's" noise
ok "his is left" endpoint 2001:db8:9::9 7 'subflow backup'
by_hand
other_line() { sed -i "s/^endpoint 1 .*/endpoint 999 3 2001:db8:1::1/" "$(ledger)"; }
damaged "with a line of another length" other_line
by_hand
ok "(all is as before)" as_before
rm -f "$LEDGERS"/*.damaged

left
sed -i "1s/2 ........-/2 00000000-/" "$(ledger)"
ok "a ledger of an earlier start of the machine" start a
ok "is removed" ledgers_are 1
stop a
ok "and nothing that it lists is touched" endpoint 2001:db8:1::1 1 'signal subflow'
by_hand
left
sed -Ei '1s/^(eidmap paths 2 [^ ]+ )[0-9]+ ( *)$/\19\2/' "$(ledger)"
ok "a ledger of another namespace" start a
stop a
ok "is left alone, and what it lists" endpoint 2001:db8:2::2 2 'signal subflow'
rm -r "$LEDGERS"
by_hand
ok "(all is as before)" as_before

# ------------------------------------------------------------------------- no place for a ledger

refused() { # WHAT PATTERN: it does not start, says why in one line, and has set nothing
	ok "$1: it does not start" cannot_start a
	ok "says why" logged a "error: $LEDGERS: $2: what is set could not be taken back after a kill, so it is not set; \"paths: off\" goes without"
	ok "once" test "$(grep -c 'error' "$DIR/a.log")" = 1
	ok "and has set nothing" as_before
	ok "\"paths: off\" goes without" start off
	stop off
}
mkdir -p "$RUN/resolverd"
mount -t tmpfs -o size=4k tmpfs "$RUN/resolverd"
refused "a full disk" 'No space left on device'
umount "$RUN/resolverd"
mount -t tmpfs -o ro tmpfs "$RUN/resolverd"
refused "a runtime folder that cannot be written" 'Read-only file system'
umount "$RUN/resolverd"
echo file >"$LEDGERS"
refused "a file in the folder's place" 'Not a directory'
ln -sf /tmp "$LEDGERS"
refused "a link in the folder's place" 'Not a directory'
rm "$LEDGERS"
mkdir "$LEDGERS"
mount -t tmpfs -o ro tmpfs "$LEDGERS"
refused "a folder of ledgers that cannot be written" 'Read-only file system'
umount "$LEDGERS"
left
mount -o remount,ro "$RUN"
cannot_restore() { ! restore; }
ok "ledgers that cannot be locked: --restore fails" cannot_restore
ok "and says why" logged restore "$LEDGERS: Read-only file system"
mount -o remount,rw "$RUN"
restore
ok "(all is as before)" as_before
