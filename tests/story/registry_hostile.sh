#!/bin/sh
# timeout: 240
# A registry of which each repository is another attack (tests/lib/hostileregistry.py has them all): each pull is
# refused for the reason given there, soon, and the store's tree is what it was; the pull's roles live in a
# cgroup of CONFIG_PULL_MEMORY_KIB, so one that needed more would be killed and not name a reason. What ends only when
# the fetch role has tried often enough is asked of that role alone, all at once.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need openssl python3

SOON=${HOSTILE_SECONDS:-10} # a pull; they take less than a second where the machine is not busy
mkdir -p "$E/root" "$E/run" "$E/etc" fetch && ip link set lo up && registry_ca && registry_cert localhost ecdsa "DNS:localhost,IP:127.0.0.1" || exit
at_exit engine_cleanup

hostile() { # LABEL [OPTION]: sets registry, registry_port
	registry_port=$(registry_free_port)
	registry=localhost:$registry_port
	start "$1" python3 "$TOP/tests/lib/hostileregistry.py" --port "$registry_port" --cert "$TMP/pki/localhost.crt" \
		--key "$TMP/pki/localhost.key" $2
	wait_for 10 grep -q ready "$TMP/$1.log" && engine_trust
}
hostile handshake --handshake && shaky=$registry && hostile hostile "" || { fail "the registry starts"; tap_end; }
python3 "$TOP/tests/lib/hostileregistry.py" --list >cases || exit
tab=$(printf '\t')

ask() { # FILE REGISTRY REPOSITORY OBJECT
	# beyond 64 s it has been told to wait; no case needs that
	timeout 100 "$O/tests/tool/fetch_client" registry-ca="$TMP/pki/ca.crt" stall=1000 max=4194304 "$2" "$3" "$4" >"fetch/$1" 2>&1
	echo "exit $?" >>"fetch/$1"
}
asked=
while IFS="$tab" read -r name how object want; do
	[ "$how" = fetch ] || continue
	ask "$name" "$registry" "$name" "$object" &
	asked="$asked $!"
done <cases
ask handshake "$shaky" x 1 &
asked="$asked $!"

expect "the engine starts" engine_start || tap_end
tree() { # what a pull may change: names, sizes, contents of the store and of the run directory; trash/ is emptied later
	(cd "$E" && find root run -path 'root/trash/*' -prune -o -printf '%p %y %s %l %U:%G %m\n' && find root -path 'root/trash/*' -prune -o -type f -exec sha256sum {} +) | LC_ALL=C sort
	find /sys/fs/cgroup -maxdepth 4 -type d -path "*/$(engine_cgroup)/pull"
}
rss() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$engine_pid/status"
}

unchanged() { # NAME
	tree >after
	cmp -s before after && return 0
	fail "$1: leaves nothing" "$(diff before after | head -n 10)"
}

refused() { # NAME REFERENCE REGEX
	begin=$(date +%s%N)
	tap_run timeout "$SOON" "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" pull "$2"
	took=$((($(date +%s%N) - begin) / 1000000))
	# the name of the case is no reason
	if [ "$tap_rc" = 1 ] && printf '%s\n' "$tap_out" | sed "s,$2,," | grep -qE -e "$3"; then
		unchanged "$1" && ok "$1"
	else
		fail "$1" "expected: exit status 1, $3" "got: exit status $tap_rc after $took ms, $tap_out"
	fi
}

heals() { # NAME REFERENCE
	expect "$1: pulled all the same" timeout "$SOON" "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" pull -q "$2" || return
	expect "$1: and whole" cleat fsck
	cleat rmi "$2" >/dev/null && unchanged "$1"
}

# what the engine makes once is there before anything is compared
heals_first=$registry/heals-head:1
expect "a first pull" cleat pull -q "$heals_first" && cleat rmi "$heals_first" >/dev/null || tap_end
tree >before
rss_before=$(rss)
while IFS="$tab" read -r name how object want; do
	case $how in
	pull) refused "$name" "$registry/$name:1" "$want" ;;
	digest) refused "$name" "$registry/$name@$object" "$want" ;;
	heals) heals "$name" "$registry/$name:1" ;;
	esac
done <cases
rss_after=$(rss)
[ "$rss_after" -le $((rss_before + 256)) ] && ok "the engine took no memory for them" ||
	fail "the engine took no memory for them" "$rss_before KiB, then $rss_after KiB"

for pid in $asked; do
	wait "$pid"
done
while IFS="$tab" read -r name how object want; do
	[ "$how" = fetch ] || continue
	grep -qE -e "^error network .*$want" "fetch/$name" && grep -qx "exit 1" "fetch/$name" && ok "$name" ||
		fail "$name" "expected: error network, $want" "$(cat "fetch/$name")"
done <cases
expect_out "^error network .*closed the connection" "the connection is cut in its handshake" cat fetch/handshake

expect "a good pull after all that" cleat pull -q "$registry/good:1"
expect "fsck finds nothing" cleat fsck
tap_end
