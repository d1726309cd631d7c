#!/bin/sh
# timeout: 120
# Two engines on one machine: each keeps to its own store, run folder, networks and containers.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare timeout

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
other() {
	"$CLEAT" --root "$TMP/o/root" --run "$TMP/o/run" --config "$E/etc" "$@"
}

expect "the engine starts" engine_start || tap_end
expect "and runs a container" cleat run -d --name web "$tiny" httpd -f -p 80 -h /
first=$(pid_of web)

expect_err 1 'in use by process' "a second engine on its root is refused" \
	timeout 5 "$CLEAT" --root "$E/root" --run "$TMP/o/run" --config "$E/etc" engine
expect_err 1 "another engine runs in $E/run" "a second engine in its run folder is refused" \
	timeout 5 "$CLEAT" --root "$TMP/o/root" --run "$E/run" --config "$E/etc" engine
expect_equal "$first" "$(pid_of web)" "the first has noticed nothing"

mkdir -p "$TMP/o/root" "$TMP/o/run"
start other "$CLEAT" --root "$TMP/o/root" --run "$TMP/o/run" --config "$E/etc" engine
other_pid=$started
expect "an engine with folders of its own starts" wait_for 5 other ps
expect "and runs a container of the same name" other run -d --name web "$tiny" httpd -f -p 80 -h /etc
ip_one=$(cleat ps --json | jq -r '.[0].ip') ip_two=$(other ps --json | jq -r '.[0].ip')
expect_equal 2 "$(printf '%s\n' "$ip_one" "$ip_two" | grep -E '^[0-9.]+$' | sort -u | wc -l)" "with another address"
expect_rc 1 "its containers do not reach those of the first" \
	timeout -k 1 20 "$CLEAT" --root "$TMP/o/root" --run "$TMP/o/run" --config "$E/etc" run --rm "$tiny" \
	sh -c "wget -q -O /dev/null http://$ip_one/etc/passwd & p=\$!; sleep 1; kill \$p || exit 0; exit 1"
expect "the second stops" other rm -f web
kill "$other_pid" && wait "$other_pid"
expect_equal "$first" "$(pid_of web)" "the first goes on"
expect_out 'root:' "and its network works" timeout 10 "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" \
	run --rm "$tiny" wget -q -O - "http://$ip_one/etc/passwd"
tap_end
