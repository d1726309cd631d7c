#!/bin/sh
# timeout: 120
# fsck finds every kind of damage, also in the content of files, and --repair undoes it: what is damaged is fetched
# again by its digest, what does not belong there goes, and what runs is left alone.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare setfattr setcap

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
layers=$registry/layers:1
R=$E/root
expect "pull" cleat pull -q "$tiny" "$layers" || tap_end
# All of the store but times of directories above the layers' trees, and the dates in refs. How a split is
# written depends on the pieces that the archive came in; what it gives, fsck compares with the digest.
tree() {
	(cd "$R" && find layers images refs -printf '%p %y %m %U:%G %s %l\n' | grep -v -e ' d ' -e '/split f ' | sort &&
		find layers images -type f ! -name split -exec sha256sum {} + | sort)
}
good=$(tree)
top=$(jq -r '.layers[-1].digest' "$R"/images/*/manifest | sort | uniq -u | head -1)
busybox=$(ls "$R"/layers/*/fs/bin/busybox)
base=${busybox%/fs/*}
upper=$(ls -d "$R"/layers/*/fs/srv/www | head -1)
upper=${upper%/fs/*}
image=$(ls -d "$R"/images/* | head -1)
[ -n "$top" ] && [ -f "$busybox" ] && [ -d "$upper" ] || fail "the images have what is damaged"

expect "nothing is found" cleat fsck
damage() { # NAME FINDING COMMAND...
	d_name=$1 d_finding=$2
	shift 2
	"$@" || { fail "$d_name: damage"; return; }
	expect_err 1 "$d_finding" "$d_name: is found" cleat fsck
	expect_out 'repaired$' "$d_name: is repaired" cleat fsck --repair
	expect "$d_name: nothing is found any more" cleat fsck
	expect_equal "$good" "$(tree)" "$d_name: all is as it was"
}
flip() { # FILE, its time kept
	touch -r "$1" time && printf X | dd of="$1" bs=1 seek="${2:-1000}" conv=notrunc 2>/dev/null && touch -r time "$1"
}
relink() {
	ln -sf elsewhere "$base/fs/bin/id"
}
shorten() { # FILE
	truncate -s $(($(stat -c %s "$1") - 5)) "$1"
}
damage "a flipped bit" "layers/.*content of its files" flip "$busybox"
damage "a missing file" "layers/.*" rm "$upper/fs/srv/www/index.html"
damage "a missing link" "layers/.*attributes in it have changed" rm "$base/fs/bin/id"
damage "a link to elsewhere" "layers/.*attributes in it have changed" relink
damage "another mode" "layers/.*attributes in it have changed" chmod 4755 "$busybox"
damage "another owner" "layers/.*attributes in it have changed" chown 1:1 "$busybox"
damage "an attribute" "layers/.*attributes in it have changed" setfattr -n user.x -v y "$base/fs/etc"
damage "a capability" "layers/.*attributes in it have changed" setcap cap_net_raw+ep "$busybox"
damage "a file too many" "layers/.*attributes in it have changed" touch "$upper/fs/stray"
damage "no split" "layers/.*split" rm "$base/split"
damage "a cut split" "layers/.*damaged" shorten "$base/split"
damage "a cut record of a layer" "meta.*damaged" shorten "$base/meta"
damage "a layer without its tree" "fs is missing" rm -r "$upper/fs"
damage "a missing layer" "layer sha256:.* is missing" rm -r "$upper"
damage "a flipped bit in a manifest" "manifest does not have its digest" flip "$image/manifest" 20
damage "a cut configuration" "config" shorten "$image/config"
damage "a cut record of an image" "its model is damaged" shorten "$image/model"
damage "a missing image" "refs/.*is missing" rm -r "$image"
damage "a stray directory" "layers/stray: not a layer" mkdir "$R/layers/stray"
damage "a stray image" "images/0123: not an image" mkdir "$R/images/0123"
damage "a stray name" "not a reference's name" touch "$R/refs/%%"
damage "a stray partial file" "partial/x: not a blob" touch "$R/partial/x"

# a name whose record is cut is taken away, and said so
ref=$(ls "$R"/refs/*tiny*)
shorten "$ref" && truncate -s 9 "$ref"
expect_err 1 'refs/' "a cut name is found" cleat fsck
expect_out 'refs/.*: removed' "and taken away" cleat fsck --repair
expect "it can be pulled" cleat pull -q "$tiny"

# where the registry is away
registry_stop
flip "$busybox"
expect_err 1 'not repaired: .*' "without the registry nothing is repaired" cleat fsck --repair
[ -f "$busybox" ] && ok "nothing is lost" || fail "nothing is lost"
chmod 600 "$busybox"
expect_err 1 'not repaired' "and once more" cleat fsck --repair
expect_equal 600 "$(stat -c %a "$busybox")" "it is still what it was"
registry_config localhost none >/dev/null
start registry-again docker-registry serve "$TMP/registry-$registry_port.yml"
wait_for 10 registry_answers
expect_out '1 found, 1 repaired' "it is repaired when the registry is back" cleat fsck --repair
expect_equal "$good" "$(tree)" "all is as it was"

# with an engine and what runs
expect "the engine starts" engine_start || tap_end
expect "run" cleat run -d --name web "$layers" sh -c 'while :; do id >/dev/null && cat /srv/www/link.html; sleep 0.1; done' || tap_end
pid=$(pid_of web)
chmod 700 "$upper/fs/srv/www"
expect_err 1 'container web runs from it' "what runs is not repaired" cleat fsck --repair
expect "it goes on" cleat exec web cat /srv/www/link.html
expect_equal "$pid" "$(pid_of web)" "the same process"
mkdir "$R/layers/stray"
expect_err 1 'layers/stray: removed' "but what does not belong there goes" cleat fsck --repair
expect "stop" cleat stop -t 0 web
expect_out '1 repaired' "then it is repaired" cleat fsck --repair
expect_equal "$good" "$(tree)" "all is as it was"
expect "and starts again" cleat start web
expect "fsck while it runs" cleat fsck
expect "rm" cleat rm -f web
engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left"
tap_end
