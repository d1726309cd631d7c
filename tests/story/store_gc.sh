#!/bin/sh
# timeout: 90
# Garbage is collected soon after a start and after a failed pull. What the current and the previous generation or a
# container need stays, whatever names it has; layers that an interrupted pull would find again stay for a week.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare

engine_world || { fail "make a registry"; tap_end; }
mark() {
	echo "$1" >etc/mark
}
for i in one two three four; do
	registry_layer tiny "$i" mark "$i" && registry_push "$i" "$registry/$i:1" || { fail "make images"; tap_end; }
done
manifest() {
	printf 'services:\n  web:\n    image: %s\n    command: [sleep, "1000"]\n' "$registry/$1:1" >"$TMP/m.yaml"
	cleat apply "$TMP/m.yaml"
}
images_now() { # by their marks
	cat "$E"/root/layers/*/fs/etc/mark 2>/dev/null | sort | tr '\n' ' '
}
nameless() {
	cleat tag "$registry/tiny:1" "$registry/$1:1"
}
old() { # all layers are older than a week
	touch -d '8 days ago' "$E"/root/layers/*
}
collected() {
	[ "$(images_now)" = "$1" ]
}
expect "the engine starts" engine_start || tap_end
expect "pull" cleat pull -q "$registry/tiny:1" "$registry/four:1"
expect "a generation" manifest one
expect "another one" manifest two
expect "a container of the user's" cleat run -d --name mine "$registry/three:1" sleep 1000
for i in one two three four; do
	expect "$i loses its name" nameless "$i"
done
old
web=$(pid_of web) mine=$(pid_of mine)
mkdir -p "$E/root/partial"
echo x >"$E/root/partial/$(printf old | sha256sum | cut -d' ' -f1)"
touch -d '8 days ago' "$E"/root/partial/*
echo x >"$E/root/partial/$(printf new | sha256sum | cut -d' ' -f1)"
engine_crash
expect "the engine starts again" engine_start || tap_end
expect "what nobody needs goes" wait_for 10 collected "one three two "
expect_equal "$web $mine" "$(pid_of web) $(pid_of mine)" "what runs goes on"
expect_equal 1 "$(ls "$E/root/partial" | wc -l)" "the old partial file went, the new one stays"
expect "fsck" cleat fsck
expect "the previous generation can be applied without its name" test -n "$(ls -d "$E"/root/generations/previous/)"

# a failed pull
expect "pull" cleat pull -q "$registry/four:1" && expect "it loses its name" nameless four
expect_equal "four one three two " "$(images_now)" "its layer is there"
expect_err 1 '' "a pull that fails" cleat pull "$registry/nothing:1"
expect_equal 3 "$(cleat images | grep -c '^<none>')" "the image without a name went"
expect_equal "four one three two " "$(images_now)" "its young layer stays"
old
expect_err 1 '' "a pull that fails" cleat pull "$registry/nothing:1"
expect "the old layer goes" wait_for 5 collected "one three two "
expect_equal "$web $mine" "$(pid_of web) $(pid_of mine)" "what runs goes on"

# who cannot know what is needed removes nothing
expect "pull" cleat pull -q "$registry/four:1" && expect "it loses its name" nameless four
generation=$(readlink "$E/root/generations/previous")
cp -p "$E/root/generations/$generation/model" good
truncate -s 10 "$E/root/generations/$generation/model"
expect_err 1 'nothing is removed.*generation' "prune with a damaged generation" cleat prune -a -f
expect_equal "four one three two " "$(images_now)" "removes nothing"
cp -p good "$E/root/generations/$generation/model"
expect "with a whole one" cleat prune -a -f
expect_equal "one three two " "$(images_now)" "it removes what nobody needs"
expect_equal "" "$(ls "$E/root/partial")" "and partial files"
expect "rm" cleat rm -f mine
expect_equal 7 "$(cleat exec web sh -c 'echo $((3 + 4))')" "what runs goes on"
printf 'services: {}\n' >"$TMP/m.yaml"
cleat apply "$TMP/m.yaml" >/dev/null 2>&1
engine_stop
tap_end
