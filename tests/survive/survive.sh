#!/usr/bin/env bash
# survive.sh - sessions by identity across every failure of the testbed: the longest gap that the receiver of a paced stream
# (2 KiB each 5 ms) sees, and whether an octet was lost or doubled. A multi-homed host, a single-homed peer, an agent at each.
#
# usage: survive.sh [-n FAULTS] [-c CLASSES] [-d DIRECTIONS] [-f FAULT]... [-a AGENTS] [-p PATHS]
#   FAULTS     in one stream, of each cell (1)
#   CLASSES    of fast, normal (fast), by commas;   DIRECTIONS  of down (the multi-homed host sends), up (both)
#   FAULT      "blackhole isp-a both", "fail isp-a-site" and so on (three of them; -f all: all); the same at the other
#              provider comes in turn
#   LIMIT      in the environment: ms that a gap may last (400)
#   AGENTS     both, or host: the peer's looks names up and does nothing else (both)
#   PATHS      of kernel, manage, by commas (both)
# needs: root namespaces mptcp
# limit: 300
# shellcheck disable=SC2154 # FIG1_ variables come from fig1 run
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
SOURCE=${EIDMAP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${EIDMAP_BUILD:-$SOURCE/build}
if [ -z "${SURVIVE_INSIDE:-}" ]; then
	unset FIG1_PREFIX
	SURVIVE_INSIDE=1 FIG1_QUIET=1 FIG1_SITE_A=random FIG1_SITE_B=random exec "$SOURCE/tests/testbed/fig1" run "$0" "$@"
fi
N=1 CLASSES=fast DIRECTIONS=down,up AGENTS=both MODES=kernel,manage FAULTS=()
while getopts n:c:d:f:a:p: option; do
	case $option in
	n) N=$OPTARG ;;
	c) CLASSES=$OPTARG ;;
	d) DIRECTIONS=$OPTARG ;;
	f) FAULTS+=("$OPTARG") ;;
	a) AGENTS=$OPTARG ;;
	p) MODES=$OPTARG ;;
	*) exit 2 ;;
	esac
done
[ ${#FAULTS[@]} -gt 0 ] || FAULTS=("blackhole isp-a both" "blackhole isp-a out" "fail core-isp-a")
[ "${FAULTS[0]}" != all ] || FAULTS=("blackhole isp-a both" "blackhole isp-a in" "blackhole isp-a out" "fail isp-a-site"
	"fail core-isp-a" "fail exit-a-lan")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/survive.XXXXXX")
# shellcheck source=tests/demo/realm.sh
. "$SOURCE/tests/demo/realm.sh"
# shellcheck source=tests/demo/run.sh
. "$SOURCE/tests/demo/run.sh"
clean_up() {
	finish_all
	for node in host r; do "$FIG1" exec $node "$BUILD/resolverd/resolverd" --restore; done >"$WORK/restore.log" 2>&1
	rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP
mkfifo "$WORK/never" && exec 9<>"$WORK/never"
pass() { read -r -t "$1" -u 9; } # SECONDS: how long a fault lasts, which is what is tested
give_up() { echo "not ok survive: $*"; tail -n 5 "$WORK"/*.log | sed 's/^/    | /'; exit 1; }

agent_start() { # NODE CLASS PATHS [LINE...]
	finish "agent-$1"
	printf '%s\n' "socket: $WORK/$1.sock" "control: $WORK/$1.control" "trust-anchors: [$WORK/anchors]" \
		"paths: $3" "classes: {any: {watch: $2}}" \
		'stubs:' "  test: [$FIG1_NS@53]" "  8.b.d.0.1.0.0.2.ip6.arpa: [$FIG1_NS@53]" "${@:4}" >"$WORK/$1.yaml"
	start "agent-$1" "$1" "$BUILD/resolverd/resolverd" -c "$WORK/$1.yaml" --ready-fd 1
	wait_ready "agent-$1" 10
}
mark() { tell receiver USR1; line=$(wait_line receiver '^mark ' 5); }
both_paths() { for _ in {1..100}; do mark || return 1; [ "$(field paths "$line")" -lt 2 ] || return 0; pass 0.1; done; return 1; }
# As the other provider's fault.
other() { sed -E 's/isp-a/isp-b/; s/exit-a/exit-b/' <<<"$1"; }
undo() { set -- $1; "$FIG1" restore "$2"; } # FAULT
# DIRECTION CLASS FAULT: N of it in one stream; the gaps to $gaps, those of restores to $returns
cell() {
	local fault i
	gaps=() returns=()
	finish receiver
	finish sender
	if [ "$1" = down ]; then
		MAP_SOCKET=$WORK/host.sock start sender host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 down
		wait_line sender '^listening' 5 >/dev/null || return 1
		MAP_SOCKET=$WORK/r.sock start receiver r "$BUILD/tests/survive/pace" connect host.example.test 7000 down
		wait_line receiver '^connected' 15 >/dev/null || return 1
	else
		MAP_SOCKET=$WORK/host.sock start receiver host "$BUILD/tests/survive/pace" listen "$HOST_ID" 7000 up
		wait_line receiver '^listening' 5 >/dev/null || return 1
		MAP_SOCKET=$WORK/r.sock start sender r "$BUILD/tests/survive/pace" connect host.example.test 7000 up
		wait_line sender '^connected' 15 >/dev/null || return 1
	fi
	for ((i = 0; i < N; i++)); do
		fault=$3
		[ $((i % 2)) = 0 ] || fault=$(other "$3")
		both_paths || { echo "    | no second path before fault $i"; return 1; }
		pass 0.5
		mark || return 1
		# shellcheck disable=SC2086 # a fault is words
		"$FIG1" $fault
		pass 1.5
		mark || return 1
		gaps+=("$(field gap "$line")")
		undo "$fault"
		pass 1.2
		mark || return 1
		returns+=("$(field gap "$line")")
	done
	tell receiver TERM
	wait_line receiver '^end ' 5 >/dev/null && ! grep -q wrong "$WORK/receiver.log"
}
figures() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { printf "median %d ms, worst %d ms", v[int((NR + 1) / 2)], v[NR] }'; }
worst() { printf '%s\n' "$@" | sort -n | tail -n 1; }

realm_make "$FIG1_SITE_A" "$FIG1_SITE_B" "$FIG1_R" >"$WORK/realm.log" 2>&1 || give_up "identities can be made"
printf '%s\n' "listen: [\"$FIG1_NS@53\"]" "database: $WORK/db" "control: $WORK/mapd.control" 'zones:' \
	'  - name: id.example.test' '    prefix: 2001:3f:fe00:a00::/56' >"$WORK/mapd.yaml"
start mapd ns "$BUILD/mapd/mapd" -c "$WORK/mapd.yaml" --ready-fd 1
wait_ready mapd 10 || give_up "mapd serves"
realm_load "$FIG1_SITE_A" "$FIG1_SITE_B" >>"$WORK/realm.log" 2>&1 || give_up "the zones are loaded"
failed=0
cells() { # CLASS PATHS
	local direction fault name word limit=${LIMIT:-400}
	for direction in ${DIRECTIONS//,/ }; do
		for fault in "${FAULTS[@]}"; do
			name="$2, $fault, $direction, $1"
			if cell "$direction" "$1" "$fault"; then
				if [ "$(worst "${gaps[@]}")" -le "$limit" ]; then word=ok; else word="not ok" failed=1; fi
				echo "$word survive: $name: $(figures "${gaps[@]}") of $N; at the return $(figures "${returns[@]}"); no octet lost or doubled"
			else
				echo "not ok survive: $name: $(tail -n 1 "$WORK/receiver.log" 2>/dev/null)"
				failed=1
			fi
		done
	done
}
for class in ${CLASSES//,/ }; do
	for paths in ${MODES//,/ }; do
		agent_start host "$class" "$paths" || give_up "resolverd serves on host"
		if [ "$AGENTS" = both ]; then agent_start r "$class" "$paths"; else agent_start r "$class" off 'probe: off' 'exits: off'; fi ||
			give_up "resolverd serves on r"
		cells "$class" "$paths"
	done
done
exit $failed
