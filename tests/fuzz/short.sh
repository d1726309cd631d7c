#!/bin/sh
# Each of $FUZZERS for $FUZZ_SECONDS, from its corpus. What it finds is kept in $O/fuzz/.
# timeout: 1800
. "$TOP/tests/lib/tap.sh"

[ -n "$FUZZERS" ] || skip_all "no fuzz target is configured"
for program in $FUZZERS; do
	name=$(basename "$program" .libfuzzer)
	corpus=$TOP/tests/fuzz/corpus/${name#fuzz_}
	mkdir -p "$O/fuzz" new
	[ -n "$(ls "$corpus" 2>/dev/null)" ] || { fail "$name" "no files in $corpus"; continue; }
	tap_run "$program" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=1024 -verbosity=1 \
		-print_final_stats=1 -artifact_prefix="$O/fuzz/$name-" new "$corpus"
	if [ "$tap_rc" = 0 ]; then
		ok "$name"
		echo "# note: $name: $(printf '%s\n' "$tap_out" | sed -n 's/^stat::number_of_executed_units: //p') inputs"
	else
		fail "$name" "$(printf '%s\n' "$tap_out" | tail -60)"
	fi
	rm -rf new
done
tap_end
