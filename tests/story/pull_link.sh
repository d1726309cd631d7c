#!/bin/sh
# timeout: 120
# A pull whose link goes away: it waits, and goes on at once when the link is back.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare nsenter

# the registry lives in another namespace, behind a cable
unshare --net sleep 300 &
far=$!
at_exit "kill $far"
ip link set lo up
sleep 0.2
ip link add cable type veth peer name eth0 netns "$far" || { fail "make a cable"; tap_end; }
far() {
	nsenter -t "$far" -n "$@"
}
plug() {
	ip addr replace 192.0.2.1/24 dev cable && ip link set cable up
}
plug
far sh -c 'ip link set lo up; ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up'
mkdir -p "$E/root" "$E/run" "$E/etc"
registry_ca && registry_cert far ecdsa IP:192.0.2.2 || { fail "make certificates"; tap_end; }
registry_images || { fail "make images"; tap_end; }
registry_layer tiny big sh -c 'head -c 5000000 /dev/urandom >etc/noise' || { fail "make an image"; tap_end; }
bad_port=5000 bad=192.0.2.2:5000
start far nsenter -t "$far" -n python3 "$TOP/tests/lib/badregistry.py" --port 5000 --address 192.0.2.2 --cert "$TMP/pki/far.crt" \
	--key "$TMP/pki/far.key" --layout "$TMP/oci" --log "$TMP/requests" --times "$TMP/times"
bad_pid=$started
wait_for 10 grep -q ready "$TMP/far.log" || { fail "the registry starts"; dump "$TMP/far.log"; tap_end; }
mkdir -p "$E/etc/certs.d/$bad" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$bad/"
expect "the engine starts" engine_start || tap_end

requested() {
	[ "$(grep -c "GET /v2/slow.*/blobs/" "$TMP/requests")" -ge "$1" ]
}
start slow cleat pull "$bad/slow/1000000:big"
slow=$started
expect "a pull is under way" wait_for 20 requested 3
sleep 1
kill -USR1 "$bad_pid" # or it would take the longest silence until somebody knows
ip link set cable down
ip addr flush dev cable
waits() {
	grep -q 'next attempt in' "$TMP/slow.log"
}
expect "without a link it waits" wait_for 40 waits
# until the pause is long, so that it cannot be its end
long() {
	grep -q 'next attempt in \([4-9]\|[1-9][0-9]\) s' "$TMP/slow.log"
}
expect "longer and longer" wait_for 60 long
begin=$(date +%s%N)
plug
back=$(wc -l <"$TMP/requests")
asked_again() {
	[ "$(wc -l <"$TMP/requests")" -gt "$back" ]
}
wait_for 10 asked_again
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 2500 ] && ok "a new address ends the pause at once ($took ms)" || fail "a new address ends the pause at once" "$took ms"
wait "$slow"
expect_equal 0 $? "the pull is whole"
expect "the rest was asked for" grep -q "bytes=[1-9]" "$TMP/requests"
expect "fsck finds nothing" cleat fsck

# no network when the manifest is applied first
expect "the engine stops" engine_stop
ip link set cable down
ip addr flush dev cable
cat >"$E/etc/manifest.yaml" <<END
name: boot
services:
  app:
    image: $bad/ok:tiny
    command: ["sleep", "1000"]
END
expect "an engine without a network" engine_start || tap_end
sleep 6
plug
begin=$(date +%s%N)
runs() {
	cleat ps | grep -q app
}
expect "the service runs when the network is there" wait_for 20 runs
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 4000 ] && ok "at once ($took ms)" || fail "at once" "$took ms"
expect "the engine stops" engine_stop
tap_end
