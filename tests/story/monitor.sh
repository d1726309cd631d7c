#!/bin/sh
# timeout: 180
# One container under a monitor, with each OCI runtime that is here: output, exit codes, terminal,
# stdin, the engine's death, out of memory, commands that cannot be executed, the monitor's memory.
. "$TOP/tests/lib/tap.sh"
need_root
need busybox jq

client=$O/tests/tool/monitor_client
n=0 around=

printf '#!/bin/sh\numount /sys/fs/cgroup/unified && exec "$@"\n' >one-version
chmod +x one-version

# what a failing check leaves: containers end with their first process, their monitors with them
sweep() {
	for procs in /sys/fs/cgroup/*/cleat-test-$$-*/cgroup.procs /sys/fs/cgroup/cleat-test-$$-*/cgroup.procs; do
		[ -f "$procs" ] || continue
		while read -r pid; do
			kill -9 "$pid" 2>/dev/null
		done <"$procs"
	done
	sleep 0.5
	rmdir /sys/fs/cgroup/*/cleat-test-$$-* /sys/fs/cgroup/cleat-test-$$-* 2>/dev/null
}
at_exit sweep

# bundle COMMAND...: a fresh layer with busybox, RUN_DIR with a config.json from the runtime's own template
bundle() {
	n=$((n + 1))
	id=cleat-test-$$-$n
	run=$TMP/$n/run log=$TMP/$n/log layer=$TMP/$n/layer upper=$TMP/$n/upper work=$TMP/$n/work
	mkdir -p "$run" "$log" "$layer/bin" "$layer/proc" "$layer/dev" "$layer/sys" "$layer/tmp" "$upper" "$work"
	cp /bin/busybox "$layer/bin/busybox"
	for tool in sh echo cat sleep head tail stty kill dd; do
		ln -s busybox "$layer/bin/$tool"
	done
	printf '%s\n' "$@" | jq -R . | jq -s --arg id "$id" '{
		ociVersion: "1.0.2", root: {path: "rootfs"}, hostname: "box",
		process: {user: {uid: 0, gid: 0}, args: ., cwd: "/", env: ["PATH=/bin"],
			noNewPrivileges: true},
		mounts: [{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts",
				options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}],
		linux: {namespaces: [{type: "pid"}, {type: "mount"}, {type: "ipc"}, {type: "uts"}, {type: "network"}],
			cgroupsPath: ("/" + $id)}}' >"$run/config.json"
}

edit() {
	jq "$1" "$run/config.json" >"$TMP/edited" && mv "$TMP/edited" "$run/config.json"
}

# run [CLIENT-OPTION...]: the bundle under a monitor, with $runtime
run() {
	$around "$client" "$@" -l "$layer" -u "$upper" -w "$work" "$CLEAT" "$id" "$run" "$log" $runtime
}

# in_background LABEL [CLIENT-OPTION...]: the same; the client's pid is in $started
in_background() {
	label=$1
	shift
	start "$label" $around "$client" "$@" -l "$layer" -u "$upper" -w "$work" "$CLEAT" "$id" "$run" "$log" $runtime
}

logged() {
	jq -j "select(.stream == \"$1\") | .log" "$log/json.log"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

battery() {
	name=$1

	bundle sh -c 'echo out; echo err >&2; exit 7'
	expect_err 7 "exited 7$" "$name: exit status" run
	expect_equal "out" "$(logged stdout)" "$name: stdout is logged"
	expect_equal "err" "$(logged stderr)" "$name: stderr is logged"
	expect_out '^code=7 signaled=0 oom=0 started=1[0-9]+ finished=1[0-9.]+ error=$' \
		"$name: exit record" cat "$run/exit"

	bundle nonexistent
	expect_err 127 "failed 127 .*nonexistent" "$name: command not found is 127" run
	bundle /bin/plain
	echo text >"$layer/bin/plain"
	expect_err 126 "failed 126 " "$name: command not executable is 126" run

	bundle cat
	expect_equal "to and fro" "$(echo to and fro | run -i -a 2>/dev/null)" "$name: stdin and stdout of a client"

	bundle sh -c '[ -t 0 ] && [ -t 1 ] && echo terminal; cat'
	edit '.process.terminal = true'
	expect_equal "terminal" "$( (sleep 1; printf '\004') | run -t -i -a 2>/dev/null | tr -d '\r' | head -n 1)" \
		"$name: terminal"

	bundle sh -c 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.1; done'
	in_background "$name-term" -s "$run/said"
	wait_for 10 grep -q up "$log/json.log"
	kill "$started"
	wait "$started"
	expect_equal 3 $? "$name: SIGTERM reaches the container's first process"
	expect_equal "up bye" "$(logged stdout | tr '\n' ' ' | sed 's/ $//')" "$name: what it says while it ends"

	bundle sh -c 'echo up; sleep 1000'
	in_background "$name-orphan" -s "$run/said"
	wait_for 10 grep -q up "$log/json.log"
	read -r _ monitor container <"$run/said"
	kill -USR1 "$started"
	wait "$started"
	expect "$name: the container outlives its engine" kill -0 "$container"
	expect_equal "" "$(ls "$run/rootfs")" "$name: its root is not in our mount namespace"
	kill -9 "$container"
	wait_for 10 gone "$monitor"
	expect_out '^code=137 signaled=1 ' "$name: end without an engine is recorded" cat "$run/exit"
	expect_equal "" "$(ls /sys/fs/cgroup/*/"$id" 2>/dev/null)" "$name: nothing of it is left in cgroups"
}

for runtime in crun runc; do
	if command -v "$runtime" >/dev/null; then
		path=$(command -v "$runtime")
		# crun refuses a machine with both cgroup versions: hide one from it
		[ "$runtime" = crun ] && [ -d /sys/fs/cgroup/unified ] && around="unshare -m $TMP/one-version"
		runtime="$path --root $TMP/state"
		battery "$(basename "$path")"
		around=
	else
		skip "$runtime under a monitor" "needs $runtime"
	fi
done
runtime="$CLEAT oci --root $TMP/state"
battery cleat

# a memory limit that the container exceeds: cgroup v1 here, v2 in the VM stories
bundle dd if=/dev/zero of=/dev/null bs=64M count=1
edit '.linux.resources = {memory: {limit: 16777216}}'
counter=/sys/fs/cgroup/memory/$id/memory.oom_control
[ -d /sys/fs/cgroup/memory ] || counter=/sys/fs/cgroup/$id/memory.events
expect_err 137 "exited 137 signaled oom" "out of memory is told" run -o "$counter"

# What one more monitor costs, beside others of the same program: in Pss, so shared pages count once
pss() {
	sum=0
	for said in said1 said2 said3 said4; do
		[ -f "$TMP/$said" ] || continue
		read -r _ monitor _ <"$TMP/$said"
		sum=$((sum + $(awk '/^Pss:/ { print $2 }' "/proc/$monitor/smaps_rollup")))
	done
	echo $sum
}
for i in 1 2 3 4; do
	[ "$i" = 4 ] && three=$(pss)
	bundle sh -c 'echo up; sleep 1000'
	in_background "mem$i" -s "$TMP/said$i"
	wait_for 10 grep -q up "$log/json.log"
	wait_for 10 test -s "$TMP/said$i"
done
four=$(pss)
for i in 1 2 3 4; do
	read -r _ monitor container <"$TMP/said$i"
	kill -9 "$container"
done
echo "# Pss of four monitors alone: $four KiB; the fourth costs $((four - three)) KiB"
expect "one more monitor costs at most 100 KiB" [ "$three" -gt 100 -a $((four - three)) -le 100 ]
tap_end
