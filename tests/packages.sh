# shellcheck shell=bash disable=SC2034,SC2024
# packages.sh - which Debian packages are needed, and how they are installed; sourced by quickstart
# and check. Asks through sudo when not root; never starts what it installs.

# To build and run.
PACKAGES_BUILD=(autoconf automake libtool make gcc libc6-dev pkg-config iproute2
	libldns-dev libunbound-dev liblmdb-dev zlib1g-dev libssl-dev libevent-dev libcyaml-dev libyaml-dev libmnl-dev
	libjansson-dev libseccomp-dev libsystemd-dev)
# To test: no servers among them.
PACKAGES_TEST=(libcmocka-dev bind9-dnsutils bind9-utils unbound-host ldnsutils python3
	python3-dnspython python3-cryptography iputils-ping nftables shellcheck mandoc systemd)

packages_missing() { # PACKAGE...: prints those that are not installed
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}
packages_as_root() { # CMD...
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		echo "packages: installing needs root, and there is no sudo here" >&2
		return 1
	elif [ -t 0 ] || [ -t 2 ]; then
		sudo "$@" </dev/tty
	else
		sudo -n "$@"
	fi
}
packages_install() { # PACKAGE...: installs what is missing; 1 when that did not work
	local missing
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "packages: this is no Debian; install by hand: ${missing[*]}" >&2
		return 1
	fi
	echo "packages: installing ${missing[*]}"
	if packages_as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -q update &&
		apt-get -q install -y --no-install-recommends "$@"' sh "${missing[@]}" </dev/null; then
		return 0
	fi
	echo "packages: not installed; by hand: sudo apt-get install ${missing[*]}" >&2
	return 1
}
# Name servers, of which none may open a port here: starts are forbidden while they are installed.
packages_install_servers() { # PACKAGE...
	local policy=/usr/sbin/policy-rc.d missing status=0
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ -e $policy ]; then # somebody's own stays; it must forbid the start
		$policy named start >/dev/null 2>&1
		if [ $? != 101 ]; then
			echo "packages: $policy allows starts; not installing ${missing[*]}" >&2
			return 1
		fi
		packages_install "${missing[@]}"
		return
	fi
	packages_as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" || return 1
	trap 'packages_as_root rm -f /usr/sbin/policy-rc.d; exit 130' INT TERM HUP
	packages_install "${missing[@]}" || status=1
	packages_as_root rm -f $policy
	trap - INT TERM HUP
	return $status
}
