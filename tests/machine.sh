# shellcheck shell=bash
# machine.sh - what the demonstration needs of a machine besides packages; sourced by quickstart and
# tests/demo/demo. Says what is missing and what to do about it; changes nothing.

machine_problems=0
problem() { # WHAT, WHAT TO DO
	printf 'missing: %s\n         %s\n' "$1" "$2"
	machine_problems=$((machine_problems + 1))
}
machine_is_root() { [ "$(id -u)" = 0 ]; }
# Whether namespaces can be tried here: another kernel module or a container's rule shows in nothing else.
machine_has_namespaces() { machine_is_root && unshare --net true 2>/dev/null; }
# In a namespace like those that the demonstration makes, when that can be, or else here.
machine_try() { # CMD...
	if machine_has_namespaces; then unshare --net "$@"; else "$@"; fi
}

# What the demonstration's own network namespaces must have. NEW: only one that is new can tell.
# when | how to tell | what | what to do
machine_rows() {
	cat <<-'T'
	always|[ -e /proc/sys/net/mptcp/enabled ]|MPTCP in the kernel|A kernel built with CONFIG_MPTCP and CONFIG_MPTCP_IPV6; Debian's is.
	new|! [ -e /proc/sys/net/mptcp/enabled ] || [ "$(cat /proc/sys/net/mptcp/enabled)" = 1 ]|MPTCP switched on|net.mptcp.enabled is 0 in new network namespaces, too: this kernel or container was told so; use another.
	always|[ -e /proc/sys/net/ipv6/conf ]|IPv6 in the kernel|Boot without ipv6.disable=1.
	new|unshare --mount mount -n --bind /proc/self/ns/net "$MACHINE_FILE"|mounts|This container forbids them, and namespaces get their names by them: use a machine, or a container with CAP_SYS_ADMIN.
	new|! command -v ip || { ip link add m0 type veth peer name m1 && ip link add m2 type bridge; }|virtual links (veth, bridge)|As root: modprobe -a veth bridge; a container: on the machine that it runs on, and with CAP_NET_ADMIN.
	T
}
machine_kernel() {
	local major minor
	if [ "$(uname -s)" != Linux ]; then
		problem "Linux (this is $(uname -s))" "The programs and their network namespaces need Linux 6.1 or later."
		return
	fi
	IFS=.- read -r major minor _ < <(uname -r)
	if [ "$major" -lt 6 ] || { [ "$major" = 6 ] && [ "${minor%%[!0-9]*}" -lt 1 ]; }; then
		problem "a kernel of 6.1 or later (this is $(uname -r))" "Debian 12 brings 6.1."
	fi
}
machine_root() { # root|sudo: with sudo, root can be had later
	if machine_is_root; then
		machine_has_namespaces || problem "network namespaces" \
			"This container or user.max_net_namespaces forbids them: use a machine, or a container with CAP_SYS_ADMIN."
	elif [ "$1" = root ]; then
		problem "root" "The demonstration makes network namespaces: run it as root, or by sudo."
	elif ! command -v sudo >/dev/null; then
		problem "root" "The demonstration makes network namespaces. Become root, or install sudo."
	fi
}
machine_check() { # root|sudo
	local line when probe what todo
	machine_kernel
	machine_root "$1"
	export MACHINE_FILE=${BASH_SOURCE[0]}
	while IFS= read -r line; do
		when=${line%%|*} todo=${line##*|} line=${line%|*} what=${line##*|} probe=${line%|*} probe=${probe#*|}
		if [ "$when" = new ] && ! machine_has_namespaces; then continue; fi
		machine_try sh -c "$probe" >/dev/null 2>&1 </dev/null || problem "$what" "$todo"
	done < <(machine_rows)
	if [ $machine_problems = 0 ] && [ "$(cat /proc/sys/net/mptcp/enabled)" = 0 ]; then
		echo "note: net.mptcp.enabled is 0 here; the demonstration's own namespaces have it switched on"
	fi
	[ $machine_problems = 0 ]
}
