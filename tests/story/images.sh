#!/bin/sh
# timeout: 120
# The verbs about what is stored, as a docker user types them: images, tag, rmi, prune, df, with and without an engine.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
layers=$registry/layers:1

# without an engine
expect "pull" cleat pull -q "$tiny" "$layers"
id=$(cleat images -q --no-trunc "$tiny")
expect "tag" cleat tag "$tiny" local/tiny:2
expect_equal "$id" "$(cleat images -q --no-trunc local/tiny:2)" "both names are one image"
expect "tag by ID" cleat tag "$(echo "$id" | cut -c8-19)" other
expect_out '^other +latest ' "a name without a tag gets latest" cleat images other
expect_err 1 'no image' "tag what is not there" cleat tag nothing:1 x
expect_err 1 'reference|character|name' "tag as what is no name" cleat tag "$tiny" 'A B'
expect_err 1 'digest' "tag with a digest" cleat tag "$tiny" "x@$id"
expect_err 1 '3 names' "rmi by ID where there are several names" cleat rmi "$id"
expect_equal "" "$(cleat images -q --filter dangling=true)" "no image is without a name"
expect_err 2 'filter' "a filter that is not known" cleat images --filter label=x
expect_out 'Untagged: other:latest' "rmi of one name" cleat rmi other
expect_equal "$id" "$(cleat image ls -q --no-trunc "$tiny")" "image ls; the other names stay"
expect_out '^Images +2 +0 +[1-9][0-9.]*[kM]B +.*\(100%\)' "df" cleat df
expect_out '^Local Volumes +0 +0 +0B ' "system df" cleat system df
expect_equal "" "$(cleat history -q "$layers" | sed '1s/^[0-9a-f]\{12\}$//; /^<missing>$/d')" "history: only the newest step has an ID"
expect_out '^IMAGE +CREATED +CREATED BY +SIZE +COMMENT' "docker's columns" cleat history "$layers"
expect_equal "$(skopeo inspect --config "oci:$TMP/oci:layers" | jq -c '[.history[] | .created_by // ""] | reverse')" \
	"$(cleat history --json "$layers" | jq -c '[.[].created_by]')" "the steps, the newest first"
expect_equal "$(cleat images --json "$layers" | jq '.[0].size')" "$(cleat history --json "$layers" | jq 'map(.size) | add')" "their sizes are the image's"
expect_equal "$id" "$(cleat image history --json "$tiny" | jq -r '.[0].id')" "image history"
expect_err 1 'no image' "history of nothing" cleat history nothing:1
df_images() {
	cleat df --json | jq -r '.[] | select(.type == "Images") | "\(.total) \(.active) \(.size > 0) \(.size == .reclaimable)"'
}
expect_equal "2 0 true true" "$(df_images)" "df --json"
expect_out '^Deleted: sha256:' "rmi -f by ID" cleat rmi -f "$id"
expect_equal "" "$(cleat images -q "$tiny")" "all its names are gone"
expect "fsck" cleat fsck
expect_err 1 'nothing was removed' "prune asks first" cleat prune -a
expect_out '^Untagged: ' "prune -a removes what nothing uses" cleat prune -a -f
expect_equal "" "$(ls "$E/root/layers" "$E/root/images" "$E/root/trash" | grep -v :)" "nothing is left of it"
expect_err 2 'unknown command' "an unknown group" cleat image frobnicate

# with an engine
expect "the engine starts" engine_start || tap_end
expect "pull" cleat pull -q "$tiny" "$layers"
expect "run" cleat run -d --name web "$layers" httpd -f -p 80 || tap_end
expect "run what ends" cleat run --name once -v /data "$tiny" sh -c 'head -c 1000000 /dev/zero >/big; echo said; echo x >/data/x'
expect_equal "2 2 true false" "$(df_images)" "df: two images in use"
df_of() {
	cleat df --json | jq -r --arg t "$1" '.[] | select(.type == $t) | "\(.total) \(.active) \(.size >= '"$2"') \(.reclaimable >= '"$2"')"'
}
expect_equal "2 1 true true" "$(df_of Containers 1000000)" "df: one container runs, the other's megabyte can be had back"
expect_equal "1 1 true false" "$(df_of 'Local Volumes' 1)" "df: the volume belongs to a container"
expect_equal "2 1 true true" "$(df_of Logs 5)" "df: logs"
expect_err 1 'container once' "rmi of an image in use" cleat rmi "$tiny"
expect_out '^Untagged' "rmi -f takes its name away" cleat rmi -f "$tiny"
expect_out '^<none> +<none> ' "it stays as long as it is used" cleat images
expect_equal 1 "$(cleat images -q -f dangling=true | wc -l)" "and is what dangles"
expect_out 'Total reclaimed space: 0B' "prune -a of images spares it" cleat image prune -a -f
expect_equal 7 "$(cleat exec web sh -c 'echo $((3 + 4))')" "and what runs goes on"
expect_out '^Deleted: once' "prune removes what has ended" cleat prune -f
expect_equal "" "$(cleat images -q -f dangling=true)" "and the image that only that needed"
expect_out '^Deleted: anon-' "volume prune" cleat volume prune -f
trash_empty() {
	[ -z "$(ls "$E/root/trash")" ]
}
expect "a child empties the trash" wait_for 5 trash_empty
expect_equal "running" "$(state_of web)" "what runs goes on"
expect "fsck" cleat fsck
engine_crash
mkdir -p "$E/root/staging/half/fs" "$E/root/trash/old/deep/er"
expect "an engine starts where rubbish lies about" engine_start || tap_end
expect "and throws it away" wait_for 5 trash_empty
expect_equal "" "$(ls "$E/root/staging")" "what was being built too"
expect "rm" cleat rm -f web
expect "the engine stops" engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left"
tap_end
