# shellcheck shell=bash
# root.sh - a Debian 12 in a folder of its own: made bare, given this tree, entered; sourced.
# Knows where packages come from; knows nothing of what is run inside, nor on which kernel.

# Makes the smallest Debian 12 there is.
root_make() { # ROOT; CLEAN_ROOT_CACHE=DIR keeps one there, for the next time
	local root=$1 cache=${CLEAN_ROOT_CACHE:+$CLEAN_ROOT_CACHE/root} mirror
	# The mirror this machine's apt uses.
	# shellcheck disable=SC2016 # $(SITE) is for apt-get
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
		grep -v security | sort -u | head -n 1)
	echo "${0##*/}: debootstrap --variant=minbase bookworm"
	if [ -n "$cache" ] && [ -d "$cache" ]; then
		cp -a "$cache" "$root"
	else
		debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 ||
			{ tail -n 20 "$root.log" >&2; return 1; }
		if [ -n "$cache" ]; then mkdir -p "${cache%/*}" && cp -a "$root" "$cache"; fi
	fi
	# How this machine reaches its mirror: proxies and names, but none of its packages.
	cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
}
# What a clone would have, in /eidmap: the files of the last commit and nothing built.
root_put_tree() { # ROOT SOURCE
	local ours=(git -c "safe.directory=*" -C "$2") # whoever the clone belongs to
	mkdir "$1/eidmap"
	if "${ours[@]}" rev-parse --git-dir >/dev/null 2>&1; then
		"${ours[@]}" archive HEAD | tar -x -C "$1/eidmap"
	else
		tar -c -C "$2" --exclude='./build*' --exclude=./configure --exclude=./Makefile.in --exclude=./.git . |
			tar -x -C "$1/eidmap"
	fi
}
# Runs CMD there, in /eidmap, with a mount namespace of its own: everything mounted here is gone with
# the last process in it.
root_enter() { # ROOT CMD...
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -euc '
		root=$1
		shift
		mount --make-rprivate /
		mount --bind "$root" "$root" # ip(8) wants / to be a mount point
		mount -t proc proc "$root/proc"
		mount -t sysfs sys "$root/sys"
		mount -t tmpfs run "$root/run"
		mount -t tmpfs tmp "$root/tmp"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			CI=true sh -c "cd /eidmap && exec \"\$@\"" sh "$@"' sh "$@" </dev/null
}
