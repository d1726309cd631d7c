#!/bin/sh
# timeout: 120
# Many clients at once, and clients whose output nobody reads.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare timeout

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
limited() {
	timeout -k 1 20 "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" "$@"
}

expect "the engine starts" engine_start || tap_end
expect "and runs a container" limited run -d --name web "$tiny" sleep 1000

# more than CONFIG_MAX_CLIENTS: the others wait for their turn
n=0 pids=
while [ $n -lt 24 ]; do
	n=$((n + 1))
	limited exec web sh -c 'sleep 0.5; echo done' >"many.$n" 2>&1 &
	pids="$pids $!"
done
for p in $pids; do
	wait "$p"
done
expect_equal "24 done" "$(cat many.* | sort | uniq -c | sed 's/^ *//')" "24 clients at once: each has its answer"

# the reader of a pipe goes away: so does the client, the container does not
expect_out '^gone$' "run | head ends" timeout 10 sh -c \
	'"$0" --root "$1" --run "$2" --config "$3" run --name talk "$4" sh -c "while echo x; do sleep 0.1; done; sleep 1000" |
	head -1 >/dev/null; echo gone' "$CLEAT" "$E/root" "$E/run" "$E/etc" "$tiny"
expect_equal running "$(state_of talk)" "the container goes on"
expect "and can be removed" limited rm -f talk web
tap_end
