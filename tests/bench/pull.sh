#!/bin/sh
# pull: an image of about 100 MB by TLS from docker-registry on loopback, against the same work done by a
# shell pipeline (curl | tee >(sha256sum) | gzip -d | tar x) and by skopeo; then the memory it takes.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need docker-registry skopeo umoci openssl curl jq bash dpkg-query
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

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca &&
	registry_cert localhost ecdsa DNS:localhost && registry_start localhost && image &&
	registry_push big "$registry/big:1" && engine_trust || exit
at_exit engine_cleanup
image=$registry/big:1
layers=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq -r '.layers[].digest')
bytes=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq '[.layers[].size] | add')

cat >pipeline <<'END'
#!/bin/bash
# the least that has to be done, in parallel: what the kernel and these tools need
set -o pipefail
for layer in $LAYERS; do
	mkdir -p "$OUT" &&
		curl -sS --fail --cacert "$CA" "https://$REGISTRY/v2/big/blobs/$layer" | tee >(sha256sum >"$OUT.sum") |
		gzip -dc | tar x -p --numeric-owner -C "$OUT" || exit 1
done
END
cat >skopeo_pull <<'END'
#!/bin/sh
exec skopeo copy -q --insecure-policy --src-cert-dir "$CERTS" "docker://$IMAGE" "oci:$OUT:1" >/dev/null
END
chmod +x pipeline skopeo_pull
export LAYERS="$layers" CA="$TMP/pki/ca.crt" REGISTRY="$registry" IMAGE="$image" CERTS="$TMP/certs"
mkdir -p certs && cp pki/ca.crt certs/ca.crt

timed() { # LIST COMMAND...: append the milliseconds that it takes
	timed_list=$1
	shift
	timed_start=$(date +%s%N)
	"$@" >"$TMP/timed.log" 2>&1 || { dump "$TMP/timed.log"; exit 1; }
	echo $((($(date +%s%N) - timed_start) / 1000000)) >>"$TMP/$timed_list"
}
for i in $(seq "$ROUNDS"); do
	OUT="$TMP/out" timed pipeline.ms ./pipeline
	rm -rf "$TMP/out"
	timed cleat.ms cleat pull -q "$image"
	rm -rf "$E/root"
	mkdir "$E/root"
	OUT="$TMP/copy" timed skopeo.ms ./skopeo_pull
	rm -rf "$TMP/copy"
done
floor=$(median <pipeline.ms)
table "Pull by TLS from loopback, $(echo "$layers" | wc -l) layers, $((bytes / 1000000)) MB of gzip, $ROUNDS rounds" "" "median ms" ratio
row "curl, tee sha256sum, gzip -d, tar x" "$floor" 1.00
row "cleat pull" "$(median <cleat.ms)" "$(ratio "$(median <cleat.ms)" "$floor")"
row "skopeo copy (unpacks nothing)" "$(median <skopeo.ms)" "$(ratio "$(median <skopeo.ms)" "$floor")"

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
for role in fetch unpack; do
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
