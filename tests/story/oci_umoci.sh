#!/bin/sh
# Bundles that umoci makes of images: run as they are, on a terminal, as another user, changed with jq, without root.
. "$TOP/tests/lib/tap.sh"
need_root
need umoci skopeo python3 jq /bin/busybox
. "$TOP/tests/lib/client.sh"

oci() { "$CLEAT_OCI" --root "$TMP/state" "$@"; }
python3 "$TOP/tests/lib/mkimage.py" layout '{"User": "app", "Cmd": ["id"], "WorkingDir": "/srv", "Env": ["PATH=/bin", "COLOUR=blue"]}' \
	'file:etc/passwd:root:x:0:0::/:/bin/sh\napp:x:1000:1001::/tmp:/bin/sh\n' 'file:etc/group:root:x:0:\napp:x:1001:\n' >mk.log 2>&1 &&
	skopeo copy -q oci:layout oci:image:box || dump mk.log
expect "umoci unpack" umoci unpack --image image:box bundle
expect_out 'uid=1000\(app\) gid=1001\(app\)' "run as it is: a terminal, the image's user" python3 "$TOP/tests/lib/pty.py" 'expect:uid=' -- \
	"$CLEAT_OCI" --root "$TMP/state" run --bundle bundle u1
edit() { jq "$1" bundle/config.json >new.json && cp new.json bundle/config.json; }
edit '.process.terminal = false | .linux.cgroupsPath = "/'"$CLIENT_TAG/u"'"'
edit '.process.args = ["sh", "-c", "pwd; echo $COLOUR; exit 4"]'
expect_err 4 '^blue$' "environment, exit status" oci run -b bundle u2
expect_out '^/srv$' "working directory" sh -c "'$CLEAT_OCI' --root '$TMP/state' run -b bundle u3; true"
edit '.process.args = ["sh", "-c", "trap \"exit 6\" TERM; while :; do sleep 0.05; done"]'
expect "create" oci create -b bundle --pid-file pid u4
expect "start" oci start u4
expect_out '"owner":"root"' "state" oci state u4
expect_equal "u4 running root" "$(oci list -f json | jq -r '.[] | "\(.id) \(.status) \(.owner)"')" "list"
expect_out '^blue$' "exec" oci exec u4 sh -c 'echo $COLOUR'
expect "pause" oci pause u4
expect_equal paused "$(oci state u4 | jq -r .status)" "it is paused"
expect "resume" oci resume u4
expect "kill" oci kill u4 TERM
stopped() { [ "$(oci state u4 | jq -r .status)" = stopped ]; }
expect "it stops" wait_for 5 stopped
expect "delete" oci delete u4

# user namespaces: umoci's own rootless bundle, then runc's example
expect "umoci unpack --rootless" umoci unpack --rootless --image image:box rootless
jq '.process.terminal = false | .process.user = {"uid":0,"gid":0} | .process.args = ["cat", "/proc/self/uid_map"]' rootless/config.json >new.json && cp new.json rootless/config.json
expect_out '^ +0 +0 +1$' "run of it" oci run -b rootless u5
mkdir example && cp -a rootless/rootfs example
expect "spec --rootless" oci spec --rootless --bundle example
expect_err 1 'exists' "spec does not overwrite" oci spec --bundle example
jq '.process.terminal = false | .process.args = ["cat", "/proc/self/gid_map"]' example/config.json >new.json && cp new.json example/config.json
expect_out '^ +0 +0 +1$' "run of it" oci run -b example u6
client_clean "nothing is left, /dev/null is as it was"
tap_end
