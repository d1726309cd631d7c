#!/bin/sh
# timeout: 120
# Images whose content or configuration tries to reach the host or to mislead the engine. Each check is
# named after the advisory whose mistake would make it fail; the host's canary must not change.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need busybox python3 jq

mkdir -p "$E/root" "$E/run" "$E/etc" canary/x
echo untouched >canary/file
ip link set lo up
at_exit engine_cleanup
expect "the engine starts" engine_start || exit

canary() {
	find canary -printf '%p %y %m %U:%G %s %l\n' | sort
	cat canary/file
}
want=$(canary)
unchanged() {
	now=$(canary)
	[ "$now" = "$want" ] && ok "$1: the host is unchanged" || fail "$1: the host is unchanged" "$now"
}
n=0
image() { # CONFIG [ENTRY...]: sets $image
	n=$((n + 1))
	image=local/t$n:1
	python3 "$TOP/tests/lib/mkimage.py" "$TMP/layout$n" "$@" >mk.log 2>&1 &&
		cleat load -t "$image" "$TMP/layout$n" >>mk.log 2>&1 || { fail "make image $n" "$(cat mk.log)"; return 1; }
}
run() {
	timeout 10 "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" run --rm --network none "$@"
}

# the user database is read by a role without rights, bounded, and never waits
image '{"User": "web"}' fifo:etc/passwd:
expect_err 125 'user.*web' "CVE-2026-47262: passwd is a FIFO" run "$image" id
image '{"User": "web"}' link:etc/passwd:/dev/zero
expect_err 125 'user.*web' "CVE-2026-47262: passwd leads to /dev/zero" run "$image" id
image '{"User": "web"}' sparse:etc/passwd:80000000
expect_err 125 'user.*web' "CVE-2026-47262: passwd of 80 MB" run "$image" id
image '{"User": "web"}' dir:etc/passwd:755
expect_err 125 'user.*web' "passwd is a directory" run "$image" id
image '{"User": "web"}' "link:etc/passwd:$TMP/canary/passwd"
echo 'web:x:4321:4321::/:/bin/sh' >canary/passwd
want=$(canary)
expect_err 125 'user.*web' "podman CVE-2024-1753: passwd of the host is not read" run "$image" id

# numbers are numbers
image '{"User": "0x0"}' 'file:etc/passwd:root:x:0:0::/:/bin/sh\n'
expect_err 125 '0x0' "CVE-2024-40635: user 0x0" run "$image" id
image '{"User": "4294967296"}'
expect_err 125 '4294967296' "CVE-2024-40635: user 2^32 is not root" run "$image" id
image '{"User": "4294967295"}'
expect_err 125 '4294967295' "CVE-2024-40635: user 2^32-1" run "$image" id
image '{"User": "1000"}' 'file:etc/passwd:1000:x:0:0::/:/bin/sh\n'
expect_out 'uid=1000 ' "moby CVE-2016-3697: digits are no name" run "$image" id
image '{"User": "www"}' 'file:etc/passwd:www:x:33:34::/:/bin/sh\n' 'file:etc/group:www:x:34:\nmore:x:77:www\n'
expect_out 'uid=33.*gid=34.*groups=34.*77' "CVE-2022-36109: groups are the image's" run "$image" id

# files that the engine provides never follow what the image has in their place
for f in hosts resolv.conf hostname; do
	image '{}' "link:etc/$f:$TMP/canary/file"
	run "$image" true >out 2>&1
	unchanged "crun CVE-2025-24965: /etc/$f leads outside"
	image '{}' "fifo:etc/$f:"
	run "$image" cat "/etc/$f" >out 2>&1
	unchanged "/etc/$f is a FIFO"
done

# volumes and working directories of the image's choosing
python3 "$TOP/tests/lib/mkimage.py" "$TMP/dots" '{"Volumes": {"/../../..'"$TMP"'/canary/x": {}}}'
expect_err 1 'Volumes.*\.\.' "containerd CVE-2022-23648: volume with .. is refused" cleat load -t local/dots:1 "$TMP/dots"
expect_equal "" "$(cleat images --json | jq -r '.[].repository' | grep dots)" "and the image is not there"
image '{"Volumes": {"/link/x": {}}}' "link:link:$TMP/canary"
run "$image" true >out 2>&1
unchanged "containerd CVE-2022-23648: volume behind a link"
image '{"WorkingDir": "/link/made"}' "link:link:$TMP/canary"
run "$image" true >out 2>&1
unchanged "podman CVE-2026-55686: working directory behind a link"
image '{"WorkingDir": "/a/b/c"}'
expect_out '^/a/b/c$' "a working directory that is missing is made" run "$image" pwd
image '{"WorkingDir": "/proc/self/fd/7"}'
run "$image" true >out 2>&1
expect_equal 125 "$(run "$image" true >out 2>&1; [ $? = 0 ] && echo 0 || echo 125)" "CVE-2024-21626: working directory /proc/self/fd/7"
unchanged "CVE-2024-21626"

# names come from the user, whatever the archive calls itself
python3 "$TOP/tests/lib/mkimage.py" "$TMP/names" '{"Cmd": ["true"]}' >mk.log 2>&1
jq '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "local/t1:1", "io.containerd.image.name": "docker.io/library/stolen:1"}' \
	"$TMP/names/index.json" >index.new && mv index.new "$TMP/names/index.json"
names() {
	cleat images --json | jq -r '.[] | .repository + ":" + .tag' | sort
}
before=$(names)
first=$(cleat images -q --no-trunc local/t1:1)
expect "an archive with names of its own" cleat load -t local/mine:1 "$TMP/names"
expect_equal "$(printf '%s\nlocal/mine:1\n' "$before" | sort)" "$(names)" "containerd CVE-2026-50195: no name but the user's"
expect_equal "$first" "$(cleat images -q --no-trunc local/t1:1)" "and no name means another image now"

# environment, labels, names
image '{"Env": ["PATH=/bin", "=x", "", "A=1", "A=2", "HOME"]}'
SECRET_OF_ENGINE=1 run "$image" env >out 2>&1
expect "CVE-2026-57231: no environment but the image's" sh -c '! grep -q SECRET_OF_ENGINE out && grep -qx A=2 out'
image '{"Labels": {"cleat.privileged": "true", "io.podman.annotations.privileged": "TRUE",
	"org.systemd.property.ExecStart": "touch '"$TMP"'/canary/owned", "restart": "always"}}'
expect_out '^NoNewPrivs:.1' "containerd CVE-2026-53488: labels decide nothing" run "$image" cat /proc/self/status
unchanged "CVE-2026-53488"
expect_err 125 'no program' "an image without a program says so" run "$image"

# file capabilities and set-user-ID bits arrive, and count only where the user says so
image '{"User": "1000"}' copy:opt/cat:cap link:opt/x:cat copy:su/id:4755
expect_out '^CapEff:.0000000000000000' "a file capability does not count" run "$image" /opt/cat /proc/self/status
expect_out '^CapEff:.0000000000002000' "with no-new-privileges:false it does: ping as a user" \
	run --security-opt no-new-privileges:false "$image" /opt/cat /proc/self/status
expect_out '^CapEff:.0000000000000000' "but not one that was dropped" \
	run --security-opt no-new-privileges:false --cap-drop ALL "$image" sh -c '/opt/cat /proc/self/status || cat /proc/self/status'
expect_out '^4755$' "a set-user-ID bit arrives" run "$image" stat -c %a /su/id
expect_err 2 'seccomp.*not supported' "other security options are refused" run --security-opt seccomp=unconfined "$image" id

# what others on the machine can see
expect_equal 700 "$(stat -c %a "$E/root/layers" | tail -c 4)" "moby CVE-2021-41091: layers are closed to others"
expect "CVE-2021-21284: uid 65534 reads no container" sh -c \
	"! setpriv --reuid 65534 --clear-groups ls '$E/root/layers' '$E/root/containers' 2>/dev/null"
expect_equal "" "$(grep -a cleat /proc/net/unix | grep @ || :)" "containerd CVE-2020-15257: no abstract socket"
expect_equal 600 "$(stat -c %a "$E/run/ctl.sock")" "the control socket is root's"
expect "nobody cannot speak to the engine" sh -c \
	"! setpriv --reuid 65534 --clear-groups '$CLEAT' --run '$E/run' ps 2>/dev/null"

expect_equal "" "$(cleat ps -a --json | jq -r '.[].Id')" "nothing is left"
tap_end
