#!/usr/bin/env bash
# fuzz - every fuzz target with libFuzzer and sanitizers, two at a time: EIDMAP_FUZZ_SECONDS each (900)
# needs: clang
# EIDMAP_FUZZ_TARGETS: only those. EIDMAP_FUZZ_KEEP=1: what reached something new is kept in the tree, in
# tests/fuzz/corpus/NAME/found, which ./check replays.
set -u
seconds=${EIDMAP_FUZZ_SECONDS:-900}
source_dir=${EIDMAP_SOURCE:-$PWD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$source_dir/build/fuzz"
cd "$source_dir/build/fuzz" || exit 1
if ! { { [ -f Makefile ] || "$source_dir/configure" CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link" \
	--enable-fuzzers --enable-sanitizers; } >configure.log 2>&1 &&
	make -j"$(nproc)" fuzzers >make.log 2>&1; }; then
	tail -n 20 configure.log make.log
	echo "not ok fuzz: the build"
	exit 1
fi

number() { sed -nE "s/$1/\1/p" "fuzz_$name.log" | tail -n 1; }
fuzz() { # NAME: one target, and a line about it
	local name=$1 corpus=$source_dir/tests/fuzz/corpus/$1 status new=$work/$1
	mkdir -p "$new"
	[ ! -f "$corpus/found" ] || /usr/bin/python3 "$source_dir/tests/fuzz/pack.py" unpack "$corpus/found" "$new"
	# srcdir: where a target finds the zones it serves
	srcdir=$source_dir "tests/fuzz/fuzz_$name" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$PWD/" \
		-dict="$source_dir/tests/fuzz/dictionary" "$new" "$corpus" >"fuzz_$name.log" 2>&1
	status=$?
	if [ $status != 0 ]; then
		tail -n 40 "fuzz_$name.log"
		echo "not ok fuzz: $name (what it died of is in build/fuzz)"
		return
	fi
	echo "ok fuzz: $name: $seconds s, $(number 'stat::number_of_executed_units: *([0-9]+)') executions, edges covered:" \
		"$(number '.* cov: ([0-9]+) .*') of $(number 'INFO: Loaded .*\(([0-9]+) inline.*'), corpus $(number '.* corp: ([0-9]+).*')"
	[ -n "${EIDMAP_FUZZ_KEEP:-}" ] || return
	mkdir "$work/least.$name"
	# the pack itself is an input too, but no good one
	mkdir "$work/seeds.$name" && find "$corpus" -type f ! -name found -exec cp -t "$work/seeds.$name" {} +
	srcdir=$source_dir "tests/fuzz/fuzz_$name" -merge=1 "$work/least.$name" "$work/seeds.$name" "$new" >>"fuzz_$name.log" 2>&1 &&
		/usr/bin/python3 "$source_dir/tests/fuzz/pack.py" pack "$work/least.$name" "$corpus/found"
}
# How much of what is fuzzed the kept corpora reach, in lines: one build more, whose targets replay them.
lines_of() { # NAME FILE...
	local name=$1
	shift
	srcdir=$source_dir LLVM_PROFILE_FILE=$PWD/$name.raw "tests/fuzz/fuzz_$name" >/dev/null &&
		llvm-profdata merge -o "$name.profile" "$name.raw" || return
	llvm-cov report "tests/fuzz/fuzz_$name" -instr-profile="$name.profile" "${@/#/$source_dir/}" |
		awk -v n="$name" -v d="$source_dir/" 'index($1, d) == 1 { $1 = substr($1, length(d) + 1) }
			/\.c / || /^TOTAL/ { printf "# lines covered, %s: %-24s %5d of %5d, %s\n", n, $1, $8 - $9, $8, $10 }'
}
coverage() {
	command -v llvm-cov >/dev/null && command -v llvm-profdata >/dev/null || { echo "# no llvm-cov: lines are not counted"; return; }
	mkdir -p "$source_dir/build/coverage" && cd "$source_dir/build/coverage" || return
	{ { [ -f Makefile ] || "$source_dir/configure" CC=clang CFLAGS="-g -O1 -fprofile-instr-generate -fcoverage-mapping" --disable-shared; } &&
		make -j"$(nproc)" tests/fuzz/fuzz_{serve,message,rdata,rdata_text,zone,update,policy,sig0,tsig,proof,register}; } >make.log 2>&1 || { tail make.log; return; }
	lines_of serve mapd/{gate,serve,query,answer,lookup,deny,additional,zone,node}.c core/wire/{reply,cookie}.c
	lines_of message core/wire/{message,name,name_text,cursor}.c
	lines_of rdata core/wire/{rdata,rrtype,epid,eloc,eloc_text}.c core/zone/print.c
	lines_of rdata_text core/wire/{rdata,epid,eloc,eloc_text,text}.c
	lines_of update core/wire/update.c
	lines_of policy mapd/{policy,view,apply}.c
	lines_of sig0 core/wire/sig0.c core/trust/seal.c
	lines_of tsig core/wire/tsig.c core/trust/seal.c core/sys/mac.c
	lines_of proof mapd/proof.c core/trust/{trust,identity}.c core/wire/mapping.c
	lines_of register mapd/{apply,claim,commit,decide,desk,draft,lease,people,policy,replay,settle,step,traces,view}.c
	lines_of zone core/zone/{check,print,read,records,scan,source,zone}.c
}
running=0
for target in tests/fuzz/fuzz_*; do
	if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
	name=${target##*/fuzz_}
	case " ${EIDMAP_FUZZ_TARGETS:-$name} " in *" $name "*) ;; *) continue ;; esac
	[ $running -lt 2 ] || wait -n
	running=$((running < 2 ? running + 1 : 2))
	fuzz "$name" &
done
wait
coverage
