#!/usr/bin/env bash
# fuzz.sh - every fuzz target with libFuzzer, from the corpus in the tree; EIDMAP_FUZZ_SECONDS each (300)
# needs: clang
set -u
seconds=${EIDMAP_FUZZ_SECONDS:-300}
source_dir=${EIDMAP_SOURCE:-$PWD}
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir -p "$source_dir/build/fuzz"
cd "$source_dir/build/fuzz" || exit 1
if ! { { [ -f Makefile ] || "$source_dir/configure" CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link" \
	--enable-fuzzers --enable-sanitizers; } >configure.log 2>&1 &&
	make -j"$(nproc)" fuzzers >make.log 2>&1; }; then
	tail -n 20 configure.log make.log
	echo "not ok fuzz: the build"
	exit 1
fi
status=0
for target in tests/fuzz/fuzz_*; do
	if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
	name=${target##*/fuzz_}
	mkdir -p "$new/$name"
	# srcdir: where a target finds the zones it serves
	if srcdir=$source_dir "$target" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$PWD/" \
		"$new/$name" "$source_dir/tests/fuzz/corpus/$name" >"fuzz_$name.log" 2>&1; then
		echo "ok fuzz: $name, $seconds s, $(sed -n 's/^stat::number_of_executed_units: *//p' "fuzz_$name.log") inputs"
	else
		tail -n 40 "fuzz_$name.log"
		echo "not ok fuzz: $name (what it died of is in build/fuzz)"
		status=1
	fi
done
exit $status
