#!/bin/sh
# fuzz.sh - every fuzz target with libFuzzer and sanitizers, EIDMAP_FUZZ_SECONDS (300) each
# needs: clang
# What is found lies in build/fuzz/findings; what was learned in build/fuzz/learned/NAME, from which a
# small input that shows something new may be kept in tests/fuzz/corpus/NAME.
set -u
seconds=${EIDMAP_FUZZ_SECONDS:-300}
source=$PWD
export srcdir="$source"
mkdir -p build/fuzz/findings && cd build/fuzz || exit 1
if ! { "$source/configure" CC=clang CFLAGS="-O1 -g" --enable-fuzzers --enable-sanitizers &&
	make -j"$(nproc)" fuzzers; } >make.out 2>&1; then
	tail -20 make.out
	echo "not ok the fuzz targets build with clang"
	exit 1
fi
failed=0
for target in tests/fuzz/fuzz_*; do
	[ -x "$target" ] || continue
	name=${target##*/fuzz_}
	mkdir -p "learned/$name"
	if "$target" -max_total_time="$seconds" -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="findings/$name-" "learned/$name" "$source/tests/fuzz/corpus/$name" \
		>"$name.out" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.out")
		echo "ok $name: $runs inputs in $seconds s"
	else
		tail -30 "$name.out"
		echo "not ok $name: see build/fuzz/findings"
		failed=1
	fi
done
exit $failed
