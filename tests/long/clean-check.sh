#!/usr/bin/env bash
# clean-check.sh - the whole of ./check in the smallest Debian 12 there is, and the rules once more after it
# needs: root namespaces mptcp debootstrap
set -u
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
SECONDS=0
# Its name servers are installed with their start forbidden: none may run when all tests are done. The
# second time there is no new clone any more, but what building left.
# shellcheck disable=SC2016
tests/clean-root bash -c './check && ./check --no-install --only style
	status=$?
	echo "# servers: $(cat /proc/[0-9]*/comm | grep -xE "named|nsd|knotd|pdns_server|unbound|mapd|resolverd" | sort -u | paste -sd" ")"
	echo "# policy-rc.d: $(ls /usr/sbin/policy-rc.d 2>/dev/null)"
	exit $status' >"$out" 2>&1
status=$?
grep -E '^(# |not ok |    \| |skipped: |failed: |[0-9]+ passed)' "$out" | sed 's/^/  /'
if [ $status != 0 ]; then tail -n 60 "$out" | sed 's/^/  | /'; fi
grep -q '^# servers: $' "$out" && grep -q '^# policy-rc.d: $' "$out"
none=$?
report() { # STATUS WHAT
	if [ "$1" = 0 ]; then echo "ok clean-check: $2"; else echo "not ok clean-check: $2"; fi
}
report $none "no server was started, none is left, and the ban on starts is lifted again"
report $status "./check in a clean root, $SECONDS s with packages: $(grep -E '^[0-9]+ passed' "$out" | head -n 1)"
[ $status = 0 ] && [ $none = 0 ]
