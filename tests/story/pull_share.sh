#!/bin/sh
# timeout: 150
# What pulls share, keep and show: layers fetched once, mirrors, partial files, progress and figures.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare tmux

engine_world || { fail "make a registry"; tap_end; }
registry_layer tiny big sh -c 'head -c 10000000 /dev/urandom >etc/noise' &&
	registry_layer big other sh -c 'echo other >etc/other' || { fail "make images"; tap_end; }
badregistry bad localhost --layout "$TMP/oci" || { fail "make a bad registry"; tap_end; }
mkdir -p "$E/etc/certs.d/$bad" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$bad/"
blobs() { # how often layers of more than 5 MB were asked for
	grep -c "GET .*/blobs/$noise" "$TMP/bad.requests"
}
noise=$(find "$TMP/oci/blobs" -size +5M -exec basename {} \; | sed 's/^/sha256:/')

# without an engine: the second waits and finds what the first has fetched
start one cleat pull "$bad/slow/5000000:big"
one=$started
first_asks() {
	[ "$(blobs)" -ge 1 ]
}
expect "a pull without an engine" wait_for 10 first_asks
expect_out "waiting: .*in use by process" "a second one says what it waits for" cleat pull "$bad/slow/5000000:other"
wait "$one"
expect_equal 0 $? "the first is whole"
expect_equal 1 "$(blobs)" "their layers are fetched once"
expect_out "^fetched [0-9.]+MB, 0 of 2 layers there already, wrote [0-9.]+MB, [0-9.]+ s, peak memory [0-9.]+[kM]B$" \
	"what it has cost" cat "$TMP/one.log"
expect "fsck finds nothing" cleat fsck

# an unchanged tag
: >"$TMP/bad.requests"
expect_out "^fetched 0B, 2 of 2 layers there already" "an unchanged tag" cleat pull "$bad/slow/5000000:big"
expect_equal "HEAD /v2/slow/5000000/manifests/big" "$(cut -d' ' -f1-2 "$TMP/bad.requests")" "costs no document"
: >"$TMP/bad.requests"
expect "where HEAD is not served" cleat pull "$bad/manifest/nohead:tiny"
expect "where HEAD is not served, again" cleat pull "$bad/manifest/nohead:tiny"
expect_equal "GET HEAD GET" "$(cut -d' ' -f1-2 "$TMP/bad.requests" | grep manifests | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')" "the manifest is asked for"
expect_out "allows 100 requests in 21600 s, 76 are left" "rate limits are shown" cleat pull "$bad/manifest/limited/200:tiny"

# with an engine: one job, and who leaves does not take it along
fresh() {
	rm -rf "$E/root"
	mkdir -p "$E/root"
	: >"$TMP/bad.requests"
}
fresh
expect "the engine starts" engine_start || tap_end
start one cleat pull "$bad/slow/4000000:big"
one=$started
start two cleat pull "$bad/slow/4000000:other"
two=$started
start three cleat pull "$bad/slow/4000000:big"
three=$started
wait_for 10 first_asks
kill -INT "$one"
wait "$three"
expect_equal 0 $? "who waits for the same image gets it although another left"
wait "$two"
expect_equal 0 $? "and who waits for one that shares layers"
expect_equal 1 "$(blobs)" "containerd CVE-2025-47290, a layer under two pulls: fetched and unpacked once"
expect "fsck finds nothing with an engine" cleat fsck

# a client that does not read
engine_stop
fresh
engine_start || tap_end
start deaf cleat pull "$bad/slow/3000000:big"
deaf=$started
wait_for 10 first_asks
kill -STOP "$deaf"
stored() {
	cleat images | grep -q "slow/3000000"
}
expect "a client that does not read stalls nobody" wait_for 20 stored
kill -CONT "$deaf"
wait "$deaf"
expect_equal 0 $? "and still learns how it ended"

# everything dies in mid-layer; what had come is not fetched again
engine_stop
fresh
engine_start || tap_end
start dies cleat pull "$bad/slow/400000:big"
kept() {
	kept_bytes=$(stat -c %s "$E/root/partial/${noise#sha256:}" 2>/dev/null || echo 0)
	[ "$kept_bytes" -ge "$1" ]
}
expect "a slow layer is kept" wait_for 30 kept 3000000
engine_crash
kept 0
: >"$TMP/bad.requests"
engine_start || tap_end
expect_out "and had [0-9.]+MB of before" "a pull after kill -9" cleat pull "$bad/ok:big"
offset=$(grep "$noise" "$TMP/bad.requests" | sed "s/.*'bytes=\([0-9]*\)-'.*/\1/")
[ "${offset:-0}" -ge 3000000 ] && ok "goes on at byte $offset" || fail "goes on where it was" "$(cat "$TMP/bad.requests")"
expect_equal "" "$(ls "$E/root/partial")" "the partial file is gone with the layer's end"
expect "fsck finds nothing after it" cleat fsck

# what was kept is damaged: a power cut, or a bad card
engine_stop
fresh
engine_start || tap_end
head -c 2000000 /dev/zero >"$E/root/partial/${noise#sha256:}"
expect "a damaged partial file" cleat pull "$bad/ok:big"
expect_equal "None" "$(grep "$noise" "$TMP/bad.requests" | tail -1 | cut -d' ' -f4)" "is fetched anew"
head -c 2000000 /dev/zero >"$E/root/partial/${noise#sha256:}"
expect_out 'already there' "a partial file of a layer that is there: the power went before it was removed" cleat pull "$bad/ok:other"
expect_equal "" "$(ls "$E/root/partial")" "goes with the next pull"
touch "$E/root/partial/nonsense"
expect_err 1 "partial/nonsense" "fsck tells foreign names" cleat fsck
rm "$E/root/partial/nonsense"
expect "images" cleat images

# mirrors: order, ns, other people's bytes, fall-back
engine_stop
fresh
cat >"$E/etc/registries.yaml" <<END
registries:
  $registry:
    mirrors: ["localhost:1", "$bad/wrongdigest"]
  $bad:
    rate: 1m
END
mkdir -p "$E/etc/certs.d/localhost:1"
engine_start || tap_end
registry_push tiny "$registry/ok:tiny" && registry_push other "$registry/ok:other" || fail "push"
expect_out "^mirror: localhost:1: " "two bad mirrors, and the registry itself" cleat pull "$registry/ok:tiny"
expect_equal "GET /v2/wrongdigest/ok/manifests/tiny?ns=$registry" "$(grep /manifests/ "$TMP/bad.requests" | cut -d' ' -f1-2)" \
	"a mirror is asked with ns"
expect_out "GET /v2/wrongdigest/ok/blobs" "its bytes were looked at" cat "$TMP/bad.requests"
expect "fsck finds nothing with mirrors" cleat fsck
expect "its content runs" cleat run --rm "$registry/ok:tiny" true
printf 'registries:\n  %s: {mirrors: ["%s"]}\n' "$registry" "$bad" >"$E/etc/registries.yaml"
: >"$TMP/bad.requests"
expect "a mirror that has it" cleat pull "$registry/ok:other"
expect_out "GET /v2/ok/blobs/$noise" "gives the layers" cat "$TMP/bad.requests"
printf 'registries:\n  %s: {rate: 4m}\n' "$bad" >"$E/etc/registries.yaml"
engine_stop
fresh
engine_start || tap_end
begin=$(date +%s%N)
expect "a rate" cleat pull "$bad/ok:big"
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -ge 2200 ] && [ $took -lt 8000 ] && ok "10 MB at 4 MiB/s take 2.5 s ($took ms)" || fail "10 MB at 4 MiB/s take 2.5 s" "$took ms"
rm "$E/etc/registries.yaml"

# on a terminal
for size in 80x24 40x10; do
	engine_stop
	fresh
	engine_start || tap_end
	tmux -S "$TMP/tmux" -f /dev/null new-session -d -x "${size%x*}" -y "${size#*x}" \
		"$CLEAT --root $E/root --run $E/run --config $E/etc pull $bad/slow/2500000:other; sleep 5" || fail "tmux"
	shown() {
		tmux -S "$TMP/tmux" capture-pane -p >"$TMP/screen"
		grep -q "$1" "$TMP/screen"
	}
	expect "$size: a layer has its line" wait_for 15 shown '^[0-9a-f]\{12\}: fetching .*MB/'
	sleep 1
	shown x
	expect_equal 1 "$(grep -c "^$(echo "${noise#sha256:}" | cut -c1-12): " "$TMP/screen")" "$size: one"
	sed '/^$/d; s/^/# /' "$TMP/screen"
	expect "$size: its end" wait_for 15 shown 'peak memory\|peak$\|peak m'
	expect_equal 3 "$(grep -c '^[0-9a-f]\{12\}: done' "$TMP/screen")" "$size: the lines stay"
	sed '/^$/d; s/^/# /' "$TMP/screen"
	tmux -S "$TMP/tmux" kill-server
done
expect "the engine stops" engine_stop
tap_end
