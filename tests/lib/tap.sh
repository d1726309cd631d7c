# tap.sh - for tests written in shell. A test begins with
#
#	#!/bin/sh
#	. "$TOP/tests/lib/tap.sh"
#
# and runs in an empty folder of its own. Each function that checks reports one TAP result and
# returns whether it held, so 'expect ... || exit' stops where going on makes no sense.
#
#	ok NAME				report success
#	fail NAME [LINE...]		report failure, with an explanation
#	skip NAME REASON		report a check that cannot run here
#	skip_all REASON			the whole test cannot run here
#	expect NAME COMMAND...		the command must succeed
#	expect_rc RC NAME COMMAND...	... must exit with RC
#	expect_out REGEX NAME COMMAND...	... must succeed and print (stdout or stderr) REGEX
#	expect_err RC REGEX NAME COMMAND...	... must exit with RC and print REGEX
#	expect_equal WANT GOT NAME	two strings must be equal
#	wait_for SECONDS COMMAND...	try every 0.1 s; 1 when time is up (no result reported)
#	start LABEL COMMAND...		in the background, output to LABEL.log; pid in $started
#	stop PID			end it and wait; it is killed when SIGTERM has had no effect for 5 s
#	at_exit COMMAND			one line of shell, run when the test ends, last one first
#	need_root | need TOOL...	skip_all when it is not there
#	dump FILE...			print files as diagnostics
#
# Whatever start started is ended when the test ends, by pid. A test that ends early, because of a
# signal or 'set -u', counts as failed: 'tap_end' is missing. So the last line of a test is
#
#	tap_end

set -u
: "${TOP:?is exported by tests/run}"
TMP=${TMPDIR:-/tmp}
tap_n=0
tap_failed=0
tap_ended=
tap_pids=
tap_cleanup=

tap_diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

ok() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

fail() {
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $1"
	shift
	[ $# = 0 ] || tap_diag "$@"
	return 1
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	tap_ended=skipped
	exit 0
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

need() {
	for tap_tool; do
		command -v "$tap_tool" >/dev/null || skip_all "needs $tap_tool"
	done
}

# run a command: its output in $tap_out, its status in $tap_rc
tap_run() {
	tap_rc=0
	"$@" >"$TMP/.tap.out" 2>&1 </dev/null || tap_rc=$?
	tap_out=$(cat "$TMP/.tap.out")
}

tap_show_run() {
	tap_diag "command: $*" "exit status: $tap_rc" "output:"
	tap_diag "$tap_out"
}

expect() {
	tap_name=$1
	shift
	expect_rc 0 "$tap_name" "$@"
}

expect_rc() {
	tap_want=$1 tap_name=$2
	shift 2
	tap_run "$@"
	if [ "$tap_rc" = "$tap_want" ]; then
		ok "$tap_name"
		return 0
	fi
	fail "$tap_name" "expected exit status: $tap_want"
	tap_show_run "$@"
	return 1
}

expect_out() {
	tap_want=$1 tap_name=$2
	shift 2
	expect_err 0 "$tap_want" "$tap_name" "$@"
}

expect_err() {
	tap_want=$1 tap_regex=$2 tap_name=$3
	shift 3
	tap_run "$@"
	if [ "$tap_rc" = "$tap_want" ] && printf '%s\n' "$tap_out" | grep -qE -e "$tap_regex"; then
		ok "$tap_name"
		return 0
	fi
	fail "$tap_name" "expected exit status: $tap_want" "expected output:      $tap_regex"
	tap_show_run "$@"
	return 1
}

expect_equal() {
	if [ "$1" = "$2" ]; then
		ok "$3"
		return 0
	fi
	fail "$3" "expected: $1" "got:      $2"
}

wait_for() {
	tap_tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tap_tries=$((tap_tries - 1))
		[ "$tap_tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

start() {
	tap_label=$1
	shift
	"$@" >"$TMP/$tap_label.log" 2>&1 </dev/null &
	started=$!
	tap_pids="$started $tap_pids"
	# Until the copy of this shell has become the command, it may swallow a signal: wait for that.
	# A shell function stays a copy, hence the bound.
	tap_tries=10
	while cmp -s "/proc/$$/cmdline" "/proc/$started/cmdline" && [ "$tap_tries" -gt 0 ]; do
		tap_tries=$((tap_tries - 1))
		sleep 0.05
	done
}

stop() {
	kill "$1" 2>/dev/null || return 0
	(sleep 5; kill -9 "$1") >/dev/null 2>&1 &
	tap_axe=$!
	wait "$1" 2>/dev/null
	kill "$tap_axe" 2>/dev/null || :
}

dump() {
	for tap_file; do
		echo "# --- $tap_file"
		sed 's/^/# /' "$tap_file" 2>&1
	done
}

at_exit() {
	tap_cleanup="$1
$tap_cleanup"
}

tap_end() {
	tap_ended=yes
	exit $((tap_failed > 0))
}

tap_exit() {
	tap_status=$?
	trap - EXIT INT TERM HUP
	eval "$tap_cleanup"
	for tap_pid in $tap_pids; do
		stop "$tap_pid"
	done
	[ "$tap_ended" = skipped ] && exit 0
	[ -n "$tap_ended" ] || {
		fail "reaches its end" "exit status $tap_status after result $((tap_n)) (tap_end not reached)"
		tap_status=1
	}
	echo "1..$tap_n"
	exit "$tap_status"
}
trap tap_exit EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP
