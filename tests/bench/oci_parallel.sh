#!/bin/sh
# oci_parallel: many containers started at once, left running, and removed at once; cleat and its peers in turn.
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/bench/lib/oci.sh"
need_root
need jq unshare xargs
ROUNDS=${ROUNDS:-5}
N=100

# in a mount namespace with a private cgroup v2, state in memory, and charged to a memory cgroup of its own
if [ -z "${BENCH_INNER:-}" ]; then
	again unshare -m
	bench_end
fi
mount --make-rprivate / || exit
memory=
if [ -d /sys/fs/cgroup/memory ]; then
	mount --bind /sys/fs/cgroup/memory /mnt && memory=/mnt/cleat-bench-$$ && mkdir "$memory" || exit
	at_exit 'rmdir "$memory"'
fi
eval "$V2" && mkdir -p "$TMP/run" && mount -t tmpfs none "$TMP/run" || exit
at_exit 'umount "$TMP/run"'

printf '#include <unistd.h>\nint main(void){for(;;)pause();}' >"$TMP/pause.c"
oci_bundle "$TMP/b" "$TMP/pause.c" || exit
for i in $(seq $N); do
	mkdir "$TMP/$i" && jq ".linux.cgroupsPath = \"/cleat-bench-$$-$i\"" "$TMP/b/config.json" >"$TMP/$i/config.json" || exit
done

ms() {
	echo $(($(date +%s%N) / 1000000))
}

# KiB that the machine has less of than it had
taken() {
	if [ -n "$memory" ]; then
		echo $(($(cat "$memory/memory.$1_in_bytes") / 1024))
	else
		awk -v was="$available" '/^MemAvailable:/ { print was - $2 }' /proc/meminfo
	fi
}

one_round() { # name command...
	name=$1
	shift
	available=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	if [ -n "$memory" ]; then
		echo 0 >"$memory/memory.force_empty"
		echo 0 >"$memory/memory.max_usage_in_bytes"
		empty=$(taken usage)
	else
		empty=0
	fi
	t=$(ms)
	seq $N | in_memory xargs -P $N -I{} "$@" --root "$TMP/run/$name" run -d --bundle "$TMP/{}" "$name-{}" >/dev/null ||
		{ echo "$name: a container did not start" >&2; exit 1; }
	echo $(($(ms) - t)) >>"$TMP/$name.start"
	echo $(($(taken usage) - empty)) >>"$TMP/$name.running"
	echo $(($(taken max_usage) - empty)) >>"$TMP/$name.peak"
	t=$(ms)
	seq $N | in_memory xargs -P $N -I{} "$@" --root "$TMP/run/$name" delete --force "$name-{}" ||
		{ echo "$name: a container was not removed" >&2; exit 1; }
	echo $(($(ms) - t)) >>"$TMP/$name.delete"
	[ -z "$(ls -d /sys/fs/cgroup/cleat-bench-$$-* 2>/dev/null)" ] || { echo "$name: cgroups are left" >&2; exit 1; }
}

in_memory() {
	if [ -n "$memory" ]; then
		sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$memory" "$@"
	else
		"$@"
	fi
}

for r in $(seq "$ROUNDS"); do
	one_round cleat "$CLEAT" oci
	for p in $PEERS; do
		one_round "$p" "$p"
	done
done
table "$N containers at once, cgroup v2, Docker's seccomp profile, medians of $ROUNDS rounds" "" "start ms" ratio \
	"delete ms" ratio "memory while starting, KiB" "while running, KiB"
for name in cleat $PEERS; do
	start=$(median <"$TMP/$name.start") delete=$(median <"$TMP/$name.delete")
	row "$name" "$start" "$(ratio "$start" "$(median <"$TMP/cleat.start")")" \
		"$delete" "$(ratio "$delete" "$(median <"$TMP/cleat.delete")")" \
		"$(median <"$TMP/$name.peak")" "$(median <"$TMP/$name.running")"
done
bench_end
