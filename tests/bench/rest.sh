#!/bin/sh
# rest: memory at rest of the engine and of its monitors (Pss: pages that several share count in parts),
# with 0, 1 and 10 containers.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need

engine_world && engine_start || exit
cleat pull -q "$registry/tiny:1" >/dev/null || exit

# sum of a field of smaps_rollup over processes
field() {
	bench_field=$1
	shift
	for bench_pid; do
		cat "/proc/$bench_pid/smaps_rollup"
	done | awk -v f="$bench_field:" '$1 == f { n += $2 } END { print n + 0 }'
}

table "Memory at rest, KiB" "" "engine Pss" "anonymous" "monitors Pss" "a monitor" "anonymous" "all" "goal"
n=0
for want in 0 1 10; do
	while [ "$n" -lt "$want" ]; do
		n=$((n + 1))
		cleat run -d --name "c$n" "$registry/tiny:1" sleep 1000 >/dev/null || exit
	done
	sleep 4 # they rest after two quiet seconds
	monitors=$(engine_monitors)
	engine=$(field Pss "$engine_pid")
	sum=$(field Pss $monitors)
	each=- anon=-
	[ "$want" = 0 ] || each=$((sum / want)) anon=$(($(field Anonymous $monitors) / want))
	row "$want containers" "$engine" "$(field Anonymous "$engine_pid")" "$sum" "$each" "$anon" \
		"$((engine + sum))" "$((1024 + 100 * want))"
done
for i in $(seq "$n"); do
	cleat rm -f "c$i" >/dev/null
done
bench_end
