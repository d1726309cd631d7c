#!/bin/sh
# timeout: 120
# Holding a running container and looking into it: pause, resume, ps, kill --all, and deleting what is frozen,
# on whatever freezer this kernel has.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
state_is() { oci state "$id" 2>/dev/null | grep -q "\"status\":\"$1\""; }
gone() { ! oci state "$id" >/dev/null 2>&1; }
ticks() { wc -c <b/rootfs/tmp/ticks; }
begin() { # a container that runs
	container_name
	oci create --bundle b --pid-file "$TMP/pid" "$id" && oci start "$id"
	pid=$(cat "$TMP/pid")
}

sh_args 'while :; do printf x >>/tmp/ticks; sleep 0.02; done'
config b
begin
ticking() { [ -s b/rootfs/tmp/ticks ]; }
wait_for 5 ticking

# pause and resume
expect "pause" oci pause "$id"
expect "state is paused" state_is paused
expect_out "$id .* paused" "list says so" oci list
before=$(ticks)
sleep 0.3
expect_equal "$before" "$(ticks)" "a paused container does nothing"
expect_err 1 "it is paused" "a second pause" oci pause "$id"
expect_err 1 "it is paused" "delete without --force" oci delete "$id"
expect "a signal to a paused container" oci kill "$id" WINCH
expect "it stays paused" state_is paused
expect "resume" oci resume "$id"
expect "state is running" state_is running
moves() { [ "$(ticks)" -gt "$before" ]; }
expect "and goes on" wait_for 5 moves
expect_err 1 "is not paused" "a second resume" oci resume "$id"
expect_err 1 "does not exist" "pause of nothing" oci pause nobody
expect_err 1 "does not exist" "resume of nothing" oci resume nobody

# ps: what the machine's ps says of these processes and of no others
pids=$(oci ps --format json "$id")
case $pids in
"[$pid]" | "[$pid,"* | *",$pid,"* | *",$pid]") ok "ps -f json has the first process" ;;
*) fail "ps -f json has the first process" "pid $pid, got: $pids" ;;
esac
expect_err 1 "does not exist" "ps of nothing" oci ps nobody
# without a ps in the way the list is our own
expect_equal "    PID STAT CMD" "$(PATH=/nowhere oci ps "$id" | head -n 1)" "ps without ps has a heading"
PATH=/nowhere "$RUNTIME" oci --root "$STATE" ps "$id" >own
expect "and the process with its command" grep -qE "^ *$pid [RSD] +/bin/sh -c while" own
if ps -ef 2>/dev/null | head -n 1 | grep -q PPID; then
	expect_out "^UID +PID +PPID" "ps prints a table" oci ps "$id"
	expect_equal 2 "$(oci ps "$id" -o pid,comm | grep -cE "PID|^ *$pid ")" "ps takes options of ps"
	expect_equal 0 "$(oci ps "$id" | grep -cE "^[^ ]+ +$$ ")" "and shows nobody else"
	expect_err 1 "ps: " "ps tells what ps does not like" oci ps "$id" --no-such-option
	expect_err 1 "no PID column" "ps without PID" oci ps "$id" -o comm
fi

# SIGKILL reaches what is frozen
oci pause "$id"
expect "kill KILL of a paused container" oci kill "$id" KILL
expect "ends it" wait_for 5 state_is stopped
expect_equal null "$(oci ps --format json "$id")" "ps -f json of a stopped container"
expect "kill --all of a stopped container is no error" oci kill --all "$id" KILL
expect_err 1 "it is stopped" "pause of a stopped container" oci pause "$id"
expect "delete" oci delete "$id"

begin
oci pause "$id"
expect "delete --force of a paused container" timeout 10 "$RUNTIME" oci --root "$STATE" delete --force "$id"
expect "removes it" gone

# a container that waits to be started can be held too
container_name
oci create --bundle b "$id"
expect "pause of a created container" oci pause "$id"
expect_err 1 "it is paused" "start of a paused container" oci start "$id"
expect "resume" oci resume "$id"
expect "gives back what it was" state_is created
expect "start" oci start "$id"
oci delete --force "$id"

# processes that fork as fast as they can, in the host's pid namespace: none gets away
namespaces='{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"}'
sh_args 'f2() { while :; do (sleep 29 & sleep 0.01); done; }; f2 & f2 & exec sleep 28'
config b
begin
sleep 0.3
n=$(oci ps --format json "$id" | tr ',' '\n' | wc -l)
expect "there are many processes ($n)" test "$n" -gt 5
expect "kill KILL without a pid namespace" oci kill "$id" KILL
expect "state is stopped" state_is stopped
expect_equal null "$(oci ps --format json "$id")" "nobody is left"
expect "delete" oci delete "$id"
begin
sleep 0.2
kill -9 "$pid"
expect "the first process is gone" wait_for 5 state_is stopped
expect "the others are not" test "$(oci ps --format json "$id")" != null
expect "kill KILL reaches them" oci kill "$id" KILL
expect_equal null "$(oci ps --format json "$id")" "nobody is left"
expect_err 1 "container not running" "then there is nobody to kill" oci kill "$id" KILL
expect "delete" oci delete "$id"
config_reset

# a cgroup that is there already: frozen, or with processes in it
freezer=
for dir in /sys/fs/cgroup/freezer /sys/fs/cgroup; do
	[ -e "$dir/cgroup.procs" ] && freezer=${freezer:-$dir}
done
if [ "$freezer" ]; then
	mkdir -p "$freezer$CGROUP/b"
	echo FROZEN 2>/dev/null >"$freezer$CGROUP/b/freezer.state" || echo 1 >"$freezer$CGROUP/b/cgroup.freeze"
	config b
	container_name
	expect_err 1 "cgroup unexpectedly frozen" "a cgroup that is frozen" oci run --bundle b "$id"
	rmdir "$freezer$CGROUP/b"
fi
sh_args 'sleep 60'
config b
begin
first=$id
container_name
expect_err 1 "cgroup is not empty" "a cgroup that is in use" oci run --bundle b "$id"
oci delete --force "$first"
no_leftovers "nothing is left"
tap_end
