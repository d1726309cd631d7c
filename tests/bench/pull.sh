#!/bin/sh
# pull: an image of about 270 MB by TLS from docker-registry on loopback, gzip and zstd, against the same work done
# by a shell pipeline, one step after the other and all steps at once, and by other programs; then the syncs of each
# pull, and the memory that cleat's takes.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
. "$TOP/tests/bench/lib/peers.sh"
need_root
need docker-registry skopeo umoci openssl curl jq bash zstd dpkg-query
ROUNDS=${ROUNDS:-7}

# five layers, each with the files of Debian packages that are installed here
layer_of() {
	for bench_package; do
		dpkg-query -L "$bench_package"
	done | while read -r bench_file; do
		[ -f "$bench_file" ] && [ ! -L "$bench_file" ] && echo "$bench_file"
	done | sort -u | tar c -C / -T - 2>/dev/null | tar x
	[ -n "$(ls)" ]
}
image() {
	registry_quiet umoci init --layout "$TMP/oci" &&
		registry_quiet umoci new --image "$TMP/oci:l0" &&
		registry_layer l0 l1 layer_of libc6 bash coreutils dpkg &&
		registry_layer l1 l2 layer_of perl-base perl-modules-5.36 libperl5.36 &&
		registry_layer l2 l3 layer_of git &&
		registry_layer l3 l4 layer_of python3.11-minimal libpython3.11-minimal libpython3.11-stdlib &&
		registry_layer l4 big layer_of cpp-12 gcc-12 libgcc-12-dev
}

# by way of no compression: skopeo does not compress what is compressed. And it pushes gzip layers that are there in place
# of zstd ones with the same content, unless the digests shall stay
again_as_zstd() {
	registry_quiet skopeo copy --insecure-policy --dest-decompress "oci:$TMP/oci:big" "dir:$TMP/plain" &&
		registry_quiet skopeo copy --insecure-policy --dest-compress --dest-compress-format zstd "dir:$TMP/plain" \
			"oci:$TMP/oci:zstd" && rm -rf "$TMP/plain" &&
		registry_quiet skopeo copy --preserve-digests --insecure-policy --dest-tls-verify=false \
			"oci:$TMP/oci:zstd" "docker://$registry/big:zstd"
}

# What is written goes to a file system that is new each time: ext4 looks at each inode that was deleted in the last
# minutes before it makes one (recently_deleted), and syncfs writes what others have written.
new_disk() {
	umount "$E/root" "$TMP/disk" 2>/dev/null
	mkfs.ext4 -q -F -E nodiscard "$TMP/disk.img" && mount -o loop "$TMP/disk.img" "$TMP/disk" &&
		mkdir "$TMP/disk/root" && mount --bind "$TMP/disk/root" "$E/root" && sync -f "$TMP/disk"
}

mount --make-rprivate / && mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca &&
	registry_cert localhost ecdsa DNS:localhost && registry_start localhost && image &&
	registry_push big "$registry/big:gzip" && engine_trust &&
	again_as_zstd || exit
truncate -s 6G disk.img && mkdir disk && new_disk || exit
at_exit 'umount "$E/root" "$TMP/disk" 2>/dev/null'
at_exit engine_cleanup
at_exit 'umount -l "$TMP"/peers/*/* "$TMP"/peers/* 2>/dev/null'
mkdir -p certs && cp pki/ca.crt certs/ca.crt
export CA="$TMP/pki/ca.crt" REGISTRY="$registry" CERTS="$TMP/certs"

cat >pipeline <<'END'
#!/bin/bash
# the least that has to be done, with all steps at once: what the kernel and these tools need
set -o pipefail
for layer in $LAYERS; do
	mkdir -p "$OUT/$layer" && curl -sS --fail --cacert "$CA" "https://$REGISTRY/v2/big/blobs/$layer" |
		tee >(sha256sum >"$OUT/$layer.sum") | $UNZIP | tar x -p --numeric-owner -C "$OUT/$layer" || exit 1
done
END
cat >steps <<'END'
#!/bin/bash
# the same, one step after the other
set -e
mkdir -p "$OUT"
for layer in $LAYERS; do
	mkdir -p "$OUT/$layer"
	curl -sS --fail --cacert "$CA" -o "$OUT/blob" "https://$REGISTRY/v2/big/blobs/$layer"
	sha256sum "$OUT/blob" >"$OUT/$layer.sum"
	$UNZIP <"$OUT/blob" >"$OUT/tar"
	tar x -p --numeric-owner -C "$OUT/$layer" -f "$OUT/tar"
done
END
chmod +x pipeline steps

timed() { # LIST COMMAND...: append the milliseconds that it takes; 1 if it fails
	timed_list=$1
	shift
	timed_start=$(date +%s%N)
	"$@" >"$TMP/timed.log" 2>&1 || return 1
	echo $((($(date +%s%N) - timed_start) / 1000000)) >>"$TMP/$timed_list"
}
must() { # LIST COMMAND...
	timed "$@" && return
	dump "$TMP/timed.log"
	exit 1
}
compared() { # NAME TITLE
	if [ -s "$1.ms" ]; then
		row "$2" "$(median <"$1.ms")" "$(ratio "$(median <"$1.ms")" "$floor")"
	else
		row "$2" failed -
	fi
}
forget_all() {
	new_disk || exit
}

peers_start
for form in gzip zstd; do
	image=$registry/big:$form
	skopeo inspect --raw --tls-verify=false "docker://$image" >manifest.json
	LAYERS=$(jq -r '.layers[].digest' manifest.json) UNZIP="$form -dc" OUT="$TMP/disk/out"
	export LAYERS UNZIP OUT
	for i in $(seq "$ROUNDS"); do
		must pipeline.ms ./pipeline
		[ "$i" != 1 ] || { unpacked=$(du -sm --apparent-size disk/out | cut -f1) && files=$(find disk/out -type f | wc -l); }
		forget_all
		must cleat.ms cleat pull -q "$image"
		forget_all
		must steps.ms ./steps
		forget_all
		for peer in $PEERS; do
			timed "$peer.ms" peer_pull "$peer" "$image" || echo "# $peer: $(tail -n 1 "$TMP/timed.log")"
			peer_forget "$peer" "$image" 2>/dev/null
		done
	done
	floor=$(median <pipeline.ms)
	table "Pull by TLS from loopback, $(jq '.layers | length' manifest.json) layers, $(jq '[.layers[].size] | add / 1000000 | floor' \
		manifest.json) MB of $form, $unpacked MiB in $files files, $ROUNDS rounds" "" "median ms" ratio
	compared pipeline "curl, tee sha256sum, $form -d, tar x: at once"
	compared steps "the same, one after the other"
	compared cleat "cleat pull"
	for peer in $PEERS; do
		compared "$peer" "$(peer_title "$peer")"
	done
	rm -f ./*.ms
done

# Syncs. Those of daemons are counted by attaching to them.
image=$registry/big:gzip
SYNCS=fsync,fdatasync,sync,syncfs,sync_file_range,msync
count_syncs() { # PEER
	tracer=
	if [ -n "$(peer_daemons "$1")" ]; then
		strace -f -qq -e "trace=$SYNCS" -o syncs -p "$(peer_daemons "$1" | tr ' ' ,)" &
		tracer=$!
		sleep 1
		peer_pull "$1" "$image" 2>/dev/null
		sleep 0.5
		kill -INT "$tracer"
		wait "$tracer"
	elif [ "$1" = cleat ]; then
		strace -f -qq -e "trace=$SYNCS" -o syncs "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" pull -q "$image"
	else
		strace -f -qq -e "trace=$SYNCS" -o syncs sh -c "at_exit() { :; }; . \"$TOP/tests/bench/lib/peers.sh\"; peer_pull $1 $image" 2>/dev/null
	fi >/dev/null
	peer_forget "$1" "$image" 2>/dev/null
}
if command -v strace >/dev/null; then
	export TMP PEER_SHORT
	table "Calls that sync in one pull (strace)" "" "syncfs" "fsync and the like"
	for peer in cleat $PEERS; do
		count_syncs "$peer"
		row "$([ "$peer" = cleat ] && echo "cleat pull" || peer_title "$peer")" "$(grep -c 'syncfs(' syncs)" \
			"$(grep -v 'syncfs(' syncs | grep -cE '(sync|sync_file_range)\(')"
	done
else
	missing "syncs: strace is not there"
fi
forget_all

# Memory. The engine does the pull; what its processes have used is read while they live.
engine_start || exit
cgroup=
watch() {
	bench_cg=/sys/fs/cgroup/memory/$(engine_cgroup)/pull
	while [ -e "$TMP/watching" ]; do
		[ -d "$bench_cg" ] || bench_cg=$(find /sys/fs/cgroup/memory -maxdepth 4 -type d -name pull -path "*$(engine_cgroup)*" | head -n 1)
		if [ -n "$bench_cg" ]; then
			bench_max=$(cat "$bench_cg/memory.max_usage_in_bytes" 2>/dev/null)
			[ -z "$bench_max" ] || echo "$bench_max" >"$TMP/cg.max"
			cat "$bench_cg/memory.stat" 2>/dev/null |
				awk '$1 == "cache" || $1 == "rss" || $1 == "mapped_file" || $1 == "dirty" { print }' >>"$TMP/cg.stat"
			cat "$bench_cg/memory.kmem.usage_in_bytes" 2>/dev/null >>"$TMP/cg.kmem"
		fi
		for bench_proc in $(cat "/proc/$engine_pid/task/$engine_pid/children" 2>/dev/null); do
			bench_role=$(cat "/proc/$bench_proc/cmdline" 2>/dev/null | tr '\0' ' ' | sed -n 's/^cleat @\([a-z]*\).*/\1/p')
			[ -z "$bench_role" ] || awk -v r="$bench_role" '/^VmHWM:/ { print r, $2 }' \
				"/proc/$bench_proc/status" 2>/dev/null >>"$TMP/roles"
		done
		sleep 0.02
	done
}
: >watching
watch &
watcher=$!
cleat pull -q "$image" >/dev/null || exit
rm watching
wait "$watcher"
most() { # FILE NAME: the largest value in lines "NAME value"
	awk -v n="$2" '$1 == n && $2 > m { m = $2 } END { print m + 0 }' "$1"
}
table "Memory of this pull" "" KiB
for role in fetch inflate unpack; do
	row "$role, peak RSS (VmHWM)" "$(most roles $role)"
done
# parse lives for some milliseconds, too short to be watched: the kernel tells the peak of whom check waited for
printf 'services: {web: {image: "%s", ports: ["80:80"]}}\n' "$image" >manifest.yaml
row "parse, peak RSS (cleat check, ru_maxrss)" "$("$O/tests/bench/compare" 1 check "$CLEAT" --config "$E/etc" --run "$TMP/none" \
	--root "$TMP/none" check -q manifest.yaml | awk -F "\t" '{ print $NF }')"
row "engine, peak RSS (VmHWM)" "$(awk '/^VmHWM:/ { print $2 }' "/proc/$engine_pid/status")"
if [ -s cg.max ]; then
	row "cgroup of the pull, peak" "$(($(cat cg.max) / 1024))"
	row "  anonymous memory, most seen" "$(($(most cg.stat rss) / 1024))"
	[ ! -s cg.kmem ] || row "  kernel memory, most seen" "$(($(sort -n cg.kmem | tail -n 1) / 1024))"
	row "  page cache, most seen" "$(($(most cg.stat cache) / 1024))"
fi
[ -s cg.max ] || missing "cgroup of the pull: no memory controller (v1) here"
bench_end
