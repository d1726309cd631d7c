# bench.sh - for benchmarks written in shell. One begins with
#
#	#!/bin/sh
#	. "$TOP/tests/bench/lib/bench.sh"
#
# and ends with bench_end. It runs in an empty folder, $TMP, and has all of tests/lib/tap.sh: what start
# started is ended and at_exit is done, whatever happens.
#
#	table TITLE COLUMN...		begin a table: on the terminal and in $O/bench/<script>.tsv
#	row CELL...			one line of it
#	table_compared TITLE		begin a table of what the program compare prints
#	rows				lines of it from standard input, cells divided by tabs
#	again COMMAND...		run this script once more below COMMAND (unshare ...), with BENCH_INNER set, in
#					another $TMP; its tables follow in the same file
#	missing WHAT			a line that says what cannot be measured here
#	median				of the numbers on standard input, one on a line
#	ratio A B			A / B with two decimals
#	now_ms				a monotonic clock
#	bench_end
#
# ROUNDS overrides how often things are repeated.

: "${O:?}" "${CLEAT:?}" "${TOP:?}"
export O CLEAT TOP
if [ -z "${BENCH_TMP:-}" ]; then
	BENCH_TMP=$(mktemp -d) || exit 1
	export BENCH_TMP
fi
TMPDIR=$BENCH_TMP
bench_script=$(readlink -f "$0")
cd "$TMPDIR" || exit 1
. "$TOP/tests/lib/tap.sh"
at_exit 'cd /; rm -rf "$BENCH_TMP"'
bench_name=$(basename "$0" .sh)
bench_tsv=$O/bench/$bench_name.tsv
mkdir -p "$O/bench"
[ -n "${BENCH_INNER:-}" ] || : >"$bench_tsv"
bench_open=

bench_show() {
	[ -n "$bench_open" ] || return 0
	bench_open=
	awk -F '\t' '
		{ n = NF > n ? NF : n; for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > w[i]) w[i] = length($i) } }
		END { for (r = 1; r <= NR; r++) { for (i = 1; i <= n; i++)
			printf(i == 1 ? "%-*s" : "  %*s", w[i], cell[r, i]); print "" } print "" }' "$TMP/.table"
}

table() {
	bench_show
	bench_open=yes
	echo "== $1"
	echo "# $1" >>"$bench_tsv"
	: >"$TMP/.table"
	shift
	row "$@"
}

table_compared() {
	table "$1" "" "p5 ms" "p25 ms" "median ms" "p75 ms" "CPU ms" ratio "CPU ratio" "peak RSS, KiB"
}

row() {
	bench_line=$1
	shift
	for bench_cell; do
		bench_line="$bench_line	$bench_cell"
	done
	printf '%s\n' "$bench_line" | rows
}

rows() {
	tee -a "$bench_tsv" >>"$TMP/.table"
}

again() {
	bench_show
	BENCH_TMP='' BENCH_INNER=yes "$@" sh "$bench_script" || exit
}

missing() {
	bench_show
	echo "not measured: $1"
	echo "# not measured: $1" >>"$bench_tsv"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'
}

now_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

bench_end() {
	bench_show
	tap_ended=skipped
	exit 0
}
