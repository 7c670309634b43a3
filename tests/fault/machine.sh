#!/usr/bin/env bash
# machine.sh - on a machine that lacks something, do quickstart and the demonstration say what, and what to do
# about it, and leave everything as it is? Each lack is made for one process; the machine keeps what it has.
# needs: root namespaces mptcp
# shellcheck disable=SC2016,SC2317 # scripts for other shells; functions called by name
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
[ "${1:-}" = inside ] || exec unshare --mount "$0" inside # what is mounted below is gone with us
DIR=$(mktemp -d "${TMPDIR:-/tmp}/machine.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
bad=0
chmod 755 "$DIR"

# A clone that nothing was built in, and where everybody may write.
mkdir "$DIR/clone"
tar -c -C "$SOURCE" --exclude=./build --exclude=./.git --exclude=./configure . | tar -x -C "$DIR/clone"
chmod -R a+rwX "$DIR/clone"
listing() { find "$DIR/clone" -printf '%p %y %s %T@\n' | sort; }
listing >"$DIR/before"
# Here nobody can install anything; who tries is seen.
calls_noted() { # FILE: a program that notes its arguments and fails, but for "apt-get -q update"
	printf '#!/bin/sh\necho "$@" >>%s/calls\n[ "$2" = update ] || exit 100\n' "$DIR" >"$1"
	chmod 755 "$1"
}
: >"$DIR/calls"
chmod 666 "$DIR/calls"
calls_noted "$DIR/apt-get"
mount -n --bind "$DIR/apt-get" "$(command -v apt-get)" || exit 1
mkdir "$DIR/bin"
calls_noted "$DIR/bin/sudo"
awk -v RS= -v ORS='\n\n' '!/^Package: libmnl-dev\n/' /var/lib/dpkg/status >"$DIR/status"

# ------------------------------------------------------------------------------------------ lacks
# Each runs CMD... where something is missing.

mkdir "$DIR/without-sudo" "$DIR/without-dpkg-query"
for without in "$DIR"/without-*; do
	ln -s /usr/bin/* "$without/"
	rm -f "$without/${without##*/without-}"
done
proc_sys() { # SCRIPT CMD...: /proc/sys is what SCRIPT makes
	unshare --mount sh -c 'here=$PWD; mount -n -t tmpfs none /proc/sys && cd /proc/sys && eval "$0" || exit 9
		cd "$here" && exec "$@"' "$@"
}
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
no_root()       { PATH=$DIR/without-sudo "${nobody[@]}" "$@"; }
no_namespaces() { setpriv --bounding-set -sys_admin "$@"; }
no_more_namespaces() {
	unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_net_namespaces || exit 9; exec "$@"' sh "$@"
}
no_links()      { setpriv --bounding-set -net_admin "$@"; }
no_mptcp()      { proc_sys 'mkdir -p net/ipv6/conf' "$@"; }
mptcp_off()     { proc_sys 'mkdir -p net/ipv6/conf net/mptcp && echo 0 >net/mptcp/enabled' "$@"; }
no_ipv6()       { proc_sys 'mkdir -p net/mptcp && echo 1 >net/mptcp/enabled' "$@"; }
old_kernel()    { setarch --uname-2.6 "$@"; }
no_package() {
	unshare --mount sh -c 'mount -n --bind "$0/status" /var/lib/dpkg/status || exit 9; exec "$@"' "$DIR" "$@"
}
no_debian()     { PATH=$DIR/without-dpkg-query "$@"; }
# Not missing: every new network namespace has it switched on.
mptcp_off_here() { unshare --net sh -c 'echo 0 >/proc/sys/net/mptcp/enabled && exec "$@"' sh "$@"; }

# ----------------------------------------------------------------------------------------- what is said

why=()
try() { # LACK CMD...: its status; what it says is in $DIR/out
	: >"$DIR/calls"
	( cd "$DIR/clone" && "$@" ) >"$DIR/out" 2>&1 </dev/null
}
has() { grep -q -e "$1" "$DIR/out" || why+=("does not say '$1'"); }
said() { # WHAT: it, when nothing speaks against it; nothing may have been changed
	diff "$DIR/before" <(listing) || why+=("changes the tree")
	if [ ${#why[@]} = 0 ]; then echo "ok machine: $1"; return; fi
	sed 's/^/# /' "$DIR/out"
	echo "not ok machine: $1 (${why[*]})"
	bad=1 why=()
	listing >"$DIR/before"
}
# Ends with 1, names what is missing and nothing else, says what to do, installs nothing.
refuses() { # LACK WHAT WHAT-TO-DO CMD...
	local lack=$1 what=$2 todo=$3 status
	shift 3
	try "$lack" "$@"
	status=$?
	[ $status = 1 ] || why+=("status $status")
	has "^missing: $what"
	has "^  .*$todo"
	[ "$(grep -c '^missing: ' "$DIR/out")" = 1 ] || why+=("names another thing")
	[ ! -s "$DIR/calls" ] || why+=("calls apt-get or sudo")
	said "$*, ${lack//_/ }: $what"
}
while IFS='|' read -r lack what todo; do
	if [ "$lack" = no_more_namespaces ] && ! unshare --user --map-root-user true 2>/dev/null; then
		echo "# no user namespaces here: $lack left out"
		continue
	fi
	refuses "$lack" "$what" "$todo" ./quickstart --check-machine
	refuses "$lack" "$what" "$todo" ./quickstart --no-install
	refuses "$lack" "$what" "$todo" ./quickstart
	refuses "$lack" "$what" "$todo" tests/demo/demo
done <<'T'
no_root|root|[Bb]ecome root\|run it as root
no_namespaces|network namespaces|CAP_SYS_ADMIN
no_more_namespaces|network namespaces|max_net_namespaces
no_links|virtual links|modprobe
no_mptcp|MPTCP in the kernel|CONFIG_MPTCP
mptcp_off|MPTCP switched on|net.mptcp.enabled
no_ipv6|IPv6 in the kernel|ipv6.disable
old_kernel|a kernel of 6.1|Debian 12
T
refuses no_package "packages: libmnl-dev$" "apt-get install libmnl-dev" ./quickstart --check-machine
refuses no_package "packages: libmnl-dev$" "apt-get install libmnl-dev" ./quickstart --no-install
refuses no_debian "Debian's package tools" "README.md" ./quickstart --check-machine

# What cannot be installed, and that only sudo is asked.
try no_package ./quickstart && why+=("status 0")
has "sudo apt-get install libmnl-dev"
grep -q 'install .*libmnl-dev' "$DIR/calls" || why+=("does not try to install it")
said "./quickstart, a package that cannot be had: how to get it by hand"
export PATH=$DIR/bin:$PATH
try no_package "${nobody[@]}" ./quickstart && why+=("status 0")
grep -q 'apt-get .* libmnl-dev' "$DIR/calls" || why+=("does not ask sudo")
[ "$(wc -l <"$DIR/calls")" = 1 ] || why+=("asks twice")
said "./quickstart, not root, with sudo: packages are asked for through it"

try mptcp_off_here ./quickstart --check-machine || why+=("status $?")
has "^note: net.mptcp.enabled is 0 here"
said "./quickstart --check-machine, MPTCP switched off here only: nothing is missing"
# shellcheck disable=SC2153
[ "$(FIG1_QUIET=1 mptcp_off_here "$SOURCE/tests/testbed/fig1" run sh -c \
	'$FIG1 exec host cat /proc/sys/net/mptcp/enabled')" = 1 ] || why+=("the testbed has it off")
said "the testbed, MPTCP switched off here only: has it on"
exit $bad
