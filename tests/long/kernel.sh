#!/usr/bin/env bash
# kernel.sh - the demonstration, sessions that are managed one by one, and the testbed's own test on Debian 12's own kernel,
# Linux 6.1, in QEMU
# needs: root namespaces debootstrap mke2fs qemu
#
# A root of its own gets the kernel's package and this tree, built there; nothing is installed here. KVM
# runs it where KVM runs this kernel. Elsewhere QEMU emulates the processor, twice: with two processors,
# which shows that it works but not how fast; and with a clock that counts instructions, one nanosecond
# each, which is indifferent to how slow the emulation is, so that all limits count. (The second has one
# processor: with that clock QEMU 7.2 never lets another one begin.)
set -u
source_dir=${EIDMAP_SOURCE:-$PWD}
# shellcheck source=tests/root.sh
. "$source_dir/tests/root.sh"
work=$(mktemp -d /var/tmp/eidmap-kernel.XXXXXX) || exit 1
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
status=0

KVM="-accel kvm -cpu host -smp 2"
EMULATED="-accel tcg,thread=multi -smp 2"
CLOCKED="-accel tcg -icount shift=0,sleep=off -smp 1"

report() { # STATUS WHAT
	if [ "$1" = 0 ]; then echo "ok kernel: $2"; else echo "not ok kernel: $2"; status=1; fi
}
give_up() { # WHAT LOG
	tail -n 40 "$2" | sed 's/^/# /'
	echo "not ok kernel: $1"
	exit 1
}
root_fill() {
	# shellcheck disable=SC2016
	root_enter "$root" bash -euc '
		. tests/packages.sh
		packages_install "${PACKAGES_BUILD[@]}" linux-image-cloud-amd64 iputils-ping python3
		apt-get clean
		autoreconf -fi
		mkdir -p build/quickstart
		cd build/quickstart
		../../configure
		make -j"$(nproc)"'
}
disk_make() {
	local mb
	mb=$(du -sm "$root" | cut -f1)
	mke2fs -q -t ext4 -O ^has_journal -d "$root" "$work/disk" $((mb * 5 / 4 + 64))M >/dev/null
}
# The kernel with what OPTIONS say; its own messages go to $work/console.
machine() { # SECONDS KERNEL-ARGUMENTS OPTION...
	local seconds=$1 arguments=$2
	shift 2
	TMPDIR=$work timeout --foreground -k 10 "$seconds" qemu-system-x86_64 -m 1536 -nodefaults -no-user-config \
		-no-reboot -display none -serial "file:$work/console" -kernel "$root"/boot/vmlinuz-* \
		-append "console=ttyS0 panic=-1 $arguments" "$@" </dev/null
}
# Without a root to mount, a kernel that runs gets so far as to say so, and ends.
kvm_runs() {
	[ -w /dev/kvm ] || return 1
	# shellcheck disable=SC2086 # options
	machine 20 "" $KVM >"$work/probe" 2>&1 && grep -q 'Unable to mount root' "$work/console"
}
# Does WORKS there, each time with the disk as it was made; what is said is in $work/said.
guest() { # SECONDS OPTIONS WORKS
	# shellcheck disable=SC2086
	machine "$1" "quiet root=/dev/vda rw init=/eidmap/tests/guest -- $3" $2 -serial stdio \
		-initrd "$root"/boot/initrd.img-* \
		-drive "file=$work/disk,if=virtio,format=raw,cache=unsafe,snapshot=on" 2>&1 |
		tr -d '\r' >"$work/said"
}
# The lines of the selftest as they are, of the demonstrations their closing tables. 1, after all that
# is known, when the guest did not come to its end or there are not as many tables as there should be.
guest_show() { # TABLES
	awk '/^ *measured +limit/ { table = 1 }
		/^guest: / { table = 0; print }
		table || /^(not )?ok /' "$work/said"
	if grep -q '^guest: off$' "$work/said" && [ "$(grep -c '^all of this ' "$work/said")" = "$1" ]; then
		return 0
	fi
	sed 's/^/# /' "$work/said"
	tail -n 40 "$work/console" | sed 's/^/# console: /'
	return 1
}
guest_ended() { grep -q "^guest: $1 ended with status $2\$" "$work/said"; } # WORK STATUS
# What was not held, other than how long something took.
faults() { grep 'NOT HELD$' "$work/said" | grep -v -E ' at most [0-9]+ m?s +NOT HELD$'; }

on_kvm() { # KERNEL
	local try
	echo "KVM, 2 processors"
	for try in 1 2 3; do
		guest 900 "$KVM" "selftest managed demo"
		if ! guest_ended demo 3 || [ $try = 3 ]; then break; fi
		echo "# try $try: this machine was too busy to measure anything; again"
	done
	guest_show 1 && guest_ended demo 0
	report $? "the demonstration on $1 held all limits"
	guest_ended selftest 0 && guest_ended managed 0 || status=1
}
emulated() { # KERNEL
	echo "emulated, 2 processors: times say nothing"
	guest 1200 "$EMULATED" "selftest managed demo"
	guest_show 1 && [ -z "$(faults)" ]
	report $? "the demonstration on $1 held all limits but those of time"
	guest_ended selftest 0 && guest_ended managed 0 || status=1
}
clocked() { # KERNEL
	local held whole
	echo
	echo "emulated, 1 processor, its clock counts instructions: three demonstrations"
	guest 1500 "$CLOCKED" "warm demo demo demo"
	guest_show 3
	whole=$?
	held=$(grep -c '^guest: demo ended with status 0$' "$work/said")
	[ $whole = 0 ] && [ "$held" = 3 ]
	report $? "$held of 3 demonstrations on $1 held all limits, of time too"
}

root_make "$root" || give_up "a bare Debian 12 cannot be made" /dev/null
root_put_tree "$root" "$source_dir"
root_fill >"$work/fill.log" 2>&1 || give_up "the root cannot be filled" "$work/fill.log"
disk_make || give_up "the disk cannot be made" /dev/null
linux=$(basename "$root"/boot/vmlinuz-*)
linux="Linux ${linux#vmlinuz-}"
if kvm_runs; then
	on_kvm "$linux"
else
	echo "KVM does not run this kernel here"
	emulated "$linux"
	clocked "$linux"
fi
exit $status
