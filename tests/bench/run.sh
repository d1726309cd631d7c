#!/bin/sh
# run: start to exit to removed of 'cleat run --rm IMAGE true' on an idle engine, beside 'cleat oci run' and
# the floor program, on cgroup v2 (a private mount) and on this machine's cgroups.
. "$TOP/tests/bench/lib/bench.sh"
need_root
need docker-registry skopeo umoci openssl jq unshare
ROUNDS=${ROUNDS:-40}

if [ -z "${BENCH_INNER:-}" ]; then
	BENCH_LAYOUT=v2 again unshare --net --mount
	[ ! -d /sys/fs/cgroup/memory ] || BENCH_LAYOUT=v1 again unshare --net --mount
	bench_end
fi

. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
mount --make-rprivate / || exit
if [ "$BENCH_LAYOUT" = v2 ]; then
	umount -R /sys/fs/cgroup 2>/dev/null
	mount -t cgroup2 none /sys/fs/cgroup || exit
fi
# as on a machine: /run is in memory
mkdir -p "$TMP/e/run" "$TMP/b/rootfs" && mount -t tmpfs none "$TMP/e/run" || exit
at_exit 'umount "$TMP/e/run"'
engine_world && engine_start || exit
image=$registry/tiny:1
cleat pull -q "$image" >/dev/null || exit

# the same root as a folder, for those that have no images
registry_quiet umoci unpack --rootless --image "$TMP/oci:tiny" "$TMP/u" || exit
rmdir "$TMP/b/rootfs" && mv "$TMP/u/rootfs" "$TMP/b/rootfs" || exit
"$CLEAT" oci spec --default --bundle "$TMP/b" || exit
jq '.process.terminal = false | .process.args = ["/bin/true"] | .root.readonly = false' "$TMP/b/config.json" >"$TMP/config" &&
	mv "$TMP/config" "$TMP/b/config.json" || exit

table_compared "run --rm IMAGE true, cgroup $BENCH_LAYOUT, $ROUNDS rounds"
at="--root $E/root --run $E/run --config $E/etc"
"$O/tests/bench/compare" "$ROUNDS" \
	floor "$O/tests/bench/floor" "$BENCH_LAYOUT" "$TMP/b/rootfs" --spec /bin/true \
	-- "cleat oci run" "$CLEAT" oci --root "$E/run/bench" run --bundle "$TMP/b" "bench-%n" \
	-- "cleat run --rm --network none" "$CLEAT" $at run --rm --network none "$image" true \
	-- "cleat run --rm (bridge)" "$CLEAT" $at run --rm "$image" true \
	>"$TMP/compared" || { dump "$TMP/engine.log"; exit 1; }
rows <"$TMP/compared"

table "after these runs, cgroup $BENCH_LAYOUT" "" KiB
row "engine, peak RSS" "$(awk '/^VmHWM:/ { print $2 }' "/proc/$engine_pid/status")"
row "engine, Pss" "$(awk '/^Pss:/ { print $2 }' "/proc/$engine_pid/smaps_rollup")"

if command -v strace >/dev/null; then
	strace -f -c -o "$TMP/calls" -p "$engine_pid" >/dev/null 2>&1 &
	strace=$!
	sleep 1
	strace -c -o "$TMP/client" "$CLEAT" $at run --rm "$image" true >/dev/null 2>&1
	sleep 1
	kill -INT "$strace"
	wait "$strace"
	table "System calls of one run --rm (strace -f -c), cgroup $BENCH_LAYOUT" "" calls
	row "engine, monitor, roles, runtime" "$(awk '$NF == "total" { print $4 }' "$TMP/calls")"
	row "client" "$(awk '$NF == "total" { print $4 }' "$TMP/client")"
else
	missing "system calls: no strace"
fi
bench_end
