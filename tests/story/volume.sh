#!/bin/sh
# timeout: 60
# Volumes: what a new one gets from the image, who may write to it, what goes with its container.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need busybox python3 jq

mkdir -p "$E/root" "$E/run" "$E/etc"
ip link set lo up
at_exit engine_cleanup
expect "the engine starts" engine_start || exit
python3 "$TOP/tests/lib/mkimage.py" layout '{"User": "web", "Volumes": {"/data": {}}, "Cmd": ["true"]}' \
	'file:etc/passwd:web:x:33:34::/:/bin/sh\n' 'dir:data:750' 'file:data/seed:from the image\n' \
	'dir:data/sub:700' 'link:data/sub/link:/etc/passwd' 'fifo:data/pipe:' >mk.log 2>&1 || dump mk.log
expect "the image" cleat load -t local/vol:1 layout
run() {
	timeout 20 "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" run --rm --network none "$@"
}
volumes() {
	ls "$E/root/volumes"
}

expect_out 'from the image' "a new named volume has the image's files" run -u 0 -v named:/data local/vol:1 cat /data/seed
expect_equal "from the image" "$(cat "$E/root/volumes/named/_data/seed")" "on the device too"
expect_equal "750 0:0" "$(stat -c '%a %u:%g' "$E/root/volumes/named/_data")" "owner and mode of the image's directory"
expect_equal "/etc/passwd" "$(readlink "$E/root/volumes/named/_data/sub/link")" "a link is copied, not followed"
expect_equal "fifo" "$(stat -c %F "$E/root/volumes/named/_data/pipe")" "a FIFO is made, not read"
expect "written" run -u 0 -v named:/data local/vol:1 sh -c 'rm /data/seed; echo mine >/data/mine'
expect_out '^mine$' "an existing volume is left as it is" run -u 0 -v named:/data local/vol:1 ls /data
expect "nothing of the image comes back" test ! -e "$E/root/volumes/named/_data/seed"
expect_equal named "$(volumes)" "the image's own volume goes with run --rm"
expect "an anonymous volume" cleat run -d --name keep --network none local/vol:1 sleep 100
expect_equal 2 "$(volumes | wc -l)" "is there as long as its container"
expect "it has the image's files" sh -c "cat '$E'/root/volumes/anon-*/_data/seed"
expect "rm -f without -v" cleat rm -f keep
expect_equal 2 "$(volumes | wc -l)" "keeps it"
expect "another" cleat run -d --name drop --network none local/vol:1 sleep 100
expect "rm -f -v" cleat rm -f -v drop
expect_equal 2 "$(volumes | wc -l)" "takes its own and no other"

# a full disk in the middle of the copy leaves no half volume
mkdir -p full
mount -t tmpfs -o size=6m none full
at_exit "umount '$TMP/full'"
engine_stop
python3 "$TOP/tests/lib/mkimage.py" big '{"Cmd": ["true"]}' 'dir:data:755' sparse:data/file:3000000 >mk.log 2>&1
E=$TMP/full/e
mkdir -p "$E/root" "$E/run" "$E/etc"
expect "an engine on a small disk" engine_start
expect "load" cleat load -t local/big:1 big
expect_err 125 'volume v' "the copy that does not fit is told" run -v v:/data local/big:1
expect_equal "" "$(volumes)" "and leaves no volume"
expect_equal "" "$(ls "$E/root/staging")" "and nothing in staging"
engine_stop
tap_end
