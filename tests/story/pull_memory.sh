#!/bin/sh
# The memory of a pull does not depend on the image's size: a layer of 40 MB within the same bound as the 600 MB of
# 'make bench B=pull_memory'. Anonymous and kernel memory of the pull's cgroup count, its page cache does not.
# timeout: 120
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need docker-registry skopeo openssl curl python3 zstd
[ -e /sys/fs/cgroup/memory/memory.kmem.usage_in_bytes ] || skip_all "no v1 memory controller"

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca && registry_cert localhost ecdsa DNS:localhost &&
	registry_start localhost && engine_trust || exit
at_exit engine_cleanup
expect "engine" engine_start || exit

# within KIB FORM: anonymous and kernel memory while an image of such layers is pulled
within() {
	"$TOP/tests/bench/lib/bigimage.py" "$TMP/oci" "$2" 5 40 && registry_push big "$registry/$2:1" || return 1
	rm -rf "$TMP/oci"
	mkfifo "$TMP/watch.in"
	"$TOP/tests/bench/lib/memwatch.py" "/sys/fs/cgroup/memory/$(engine_cgroup)/pull" <"$TMP/watch.in" >"$TMP/watch.out" &
	watcher=$!
	exec 9>"$TMP/watch.in"
	cleat pull -q "$registry/$2:1" 9>&-
	rc=$?
	exec 9>&-
	wait "$watcher"
	rm "$TMP/watch.in"
	read -r both anonymous kernel cache <"$TMP/watch.out"
	echo "$2: $both KiB ($anonymous anonymous, $kernel kernel; page cache $cache)"
	[ "$rc" = 0 ] && [ "$both" -gt 100 ] && [ "$both" -le "$1" ]
}
expect "gzip: 4 MiB" within 4096 gzip
# zstd -3 has a window of 2 MiB
expect "zstd: 4 MiB and the window" within $((4096 + 2048)) zstd
tap_end
