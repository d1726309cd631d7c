#!/bin/sh
# timeout: 120
# kill -9 of the engine, a role or the command itself at a system call of load, pull, tag, rmi, prune and login:
# tests/power/kill.py says what must hold. KILLS=full ('make power-kill') takes every call, many minutes; VERBS="load tag" these alone.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip unshare python3
[ -x "$O/tests/tool/faults" ] || skip_all "needs $O/tests/tool/faults"

mkdir ram && mount -t tmpfs -o size=200m ram ram && at_exit 'umount ram'
E=$TMP/ram/world
engine_world || { fail "make a registry"; exit; }
[ -n "${SEED:-}" ] || SEED=$(date +%s)
export CLEAT O REGISTRY="$registry" PULL="$registry/layers:1"
cp -r oci ram/oci
registry_quiet skopeo copy --insecure-policy oci:oci:layers oci:ram/layout:app &&
	registry_quiet skopeo copy --insecure-policy oci:oci:layers oci-archive:ram/archive.tar:app &&
	registry_quiet skopeo copy --insecure-policy oci:oci:tiny oci:ram/old:app || { fail "layouts"; exit; }
expect "two images that are there" sh -c "\"\$CLEAT\" --root $E/root --run $E/run --config $E/etc load -q -t old:1 -i $TMP/ram/old &&
	\"\$CLEAT\" --root $E/root --run $E/run --config $E/etc load -q -t other:1 -i $TMP/ram/layout"
cd ram && echo secret >password || exit
for verb in ${VERBS:-load load-archive pull tag tag-moves rmi prune login}; do
	expect "$verb" python3 "$TOP/tests/power/kill.py" "$verb" --seed "$SEED" --most "$([ "${KILLS:-}" = full ] && echo 0 || echo 6)"
	echo "# note: $(printf '%s\n' "$tap_out" | head -n 1), seed $SEED"
done
cd ..
tap_end
