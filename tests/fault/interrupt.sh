#!/usr/bin/env bash
# interrupt.sh - does the demonstration clean up after itself, whenever and however it is interrupted?
# In namespaces of its own, so that whatever is left can be seen: interrupt.py is the test.
# needs: root namespaces mptcp
# limit: 180
set -u
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
export EIDMAP_BUILD=${EIDMAP_BUILD:-$SOURCE/build}
dir=$(mktemp -d "${TMPDIR:-/tmp}/interrupt.XXXXXX")
trap 'rm -rf "$dir"' EXIT
# ip(8) mounts /run/netns when it is used first, and leaves that; the shell stays, to be its children's init.
# shellcheck disable=SC2016
TMPDIR=$dir unshare --net --mount --pid --fork --kill-child --mount-proc bash -c '
	mount -t tmpfs run /run && ip netns add first && ip netns del first || exit 1
	/usr/bin/python3 "$0/tests/fault/interrupt.py" "$0/tests"
	exit $?' "$SOURCE"
