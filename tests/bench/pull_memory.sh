#!/bin/sh
# pull_memory: the memory that pulls of a 1 GB image take (20 layers, one of them of 600 MB), gzip and zstd: cleat in its
# pull cgroup, which the kernel bounds (CONFIG_PULL_MEMORY_KIB), others in cgroups without a bound, in the same run.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
. "$TOP/tests/bench/lib/peers.sh"
need_root
need docker-registry skopeo openssl curl python3 zstd
SIZES=${SIZES:-10 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 600}
PEER_CGROUP=/sys/fs/cgroup/memory/cleat-bench-$$
[ -e /sys/fs/cgroup/memory/memory.kmem.usage_in_bytes ] || { missing "no v1 memory controller here"; bench_end; }

cgroups_remove() {
	find "$PEER_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
}
mount --make-rprivate / && mkdir -p "$E/root" "$E/run" "$E/etc" certs "$PEER_CGROUP" && ip link set lo up && registry_ca &&
	registry_cert localhost ecdsa DNS:localhost && registry_start localhost && engine_trust && cp pki/ca.crt certs/ || exit
at_exit cgroups_remove
at_exit engine_cleanup
at_exit 'umount -l "$TMP"/peers/*/* "$TMP"/peers/* 2>/dev/null'
export CERTS="$TMP/certs"

# measure TITLE CGROUPS COMMAND...: one row. Docker 20.10 cannot read every zstd layer, for one
measure() {
	measure_title=$1 measure_groups=$2
	shift 2
	mkfifo watch.in
	"$TOP/tests/bench/lib/memwatch.py" $measure_groups <watch.in >watch.out &
	measure_pid=$!
	exec 9>watch.in
	"$@" >"$TMP/measured.log" 2>&1 9>&-
	measure_rc=$?
	exec 9>&-
	wait "$measure_pid"
	rm watch.in
	if [ "$measure_rc" = 0 ]; then
		row "$measure_title" $(cat watch.out) # no quotes: the cells
	elif [ "$1" = cleat ]; then
		dump "$TMP/measured.log"
		exit 1
	else
		row "$measure_title" failed - - -
		tail -n 1 "$TMP/measured.log"
	fi
}
groups_of() {
	case $1 in
	ctr) echo "$PEER_CGROUP/containerd $PEER_CGROUP/ctr" ;;
	docker) echo "$PEER_CGROUP/docker $PEER_CGROUP/containerd" ;;
	*) echo "$PEER_CGROUP/$1" ;;
	esac
}

peers_start
for form in ${FORMS:-gzip zstd}; do
	image=$registry/$form:1
	"$TOP/tests/bench/lib/bigimage.py" oci $form $SIZES || exit
	registry_push big "$image" || exit
	rm -rf oci
	engine_start || exit
	table "Memory of a pull by TLS, $(echo $SIZES | wc -w) layers, $(($(echo $SIZES | tr ' ' +))) MiB, $form: most seen in KiB" \
		"" "anonymous and kernel" anonymous kernel "page cache"
	measure "cleat pull" "/sys/fs/cgroup/memory/$(engine_cgroup)/pull" cleat pull -q "$image"
	kill -TERM "$engine_pid"
	wait "$engine_pid"
	rm -rf "$E/root"
	mkdir "$E/root"
	for peer in $PEERS; do
		measure "$(peer_title "$peer")" "$(groups_of "$peer")" peer_pull "$peer" "$image"
		peer_forget "$peer" "$image" 2>/dev/null
	done
done
bench_end
