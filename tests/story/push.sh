#!/bin/sh
# timeout: 240
# Images to a registry: cleat push to the distribution's registry with passwords and with tokens; what is
# there then is what skopeo and podman read, byte for byte where the layers are known there.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip unshare podman

login() {
	echo secret | cleat login --password-stdin -u user "$registry"
}
remote() { # REF: digest of the manifest there
	skopeo inspect --tls-verify=false --creds user:secret --format '{{.Digest}}' "docker://$1"
}
remote_id() {
	skopeo inspect --tls-verify=false --creds user:secret --config --raw "docker://$1" | sha256sum | cut -d' ' -f1
}
id_of() {
	cleat images -q --no-trunc "$1" | cut -d: -f2
}

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca &&
	registry_cert localhost ecdsa DNS:localhost && registry_images || { fail "make a world"; tap_end; }
at_exit engine_cleanup
expect "a registry with passwords starts" registry_start localhost htpasswd || tap_end
engine_trust
registry_push layers "$registry/base/layers:1" user:secret
base=$registry/base/layers:1

# what is refused by name
expect_err 1 "no image is called $base here: .*cleat tag" "push what is not there" cleat push "$base"
expect_err 2 "usage" "push nothing" cleat push
login >/dev/null
expect "pull" cleat pull -q "$base"
base_digest=$(remote "$base")
expect_err 1 "not to a digest" "push to a digest" cleat push "$registry/base/layers@$base_digest"
cleat logout "$registry" >/dev/null
expect_err 1 "refuses anonymous access.*cleat login|log in: cleat login" "push as nobody" cleat push "$base"
login >/dev/null

# known there: nothing is sent, the digest stays
expect_out "already there" "push it where it came from" cleat push "$base"
cleat tag "$base" "$registry/base/layers:2"
cleat push "$registry/base/layers:2" >out 2>err
expect_equal "2: digest: $base_digest size: $(skopeo inspect --raw --tls-verify=false --creds user:secret "docker://$base" | wc -c)" \
	"$(cat out)" "another tag says digest and size"
expect_equal "$base_digest" "$(remote "$registry/base/layers:2")" "and is the same manifest"
expect_equal 4 "$(grep -c ': already there' err)" "plain lines, one a blob"

# mounted from the repository that it came from
cleat tag "$base" "$registry/other/name:1"
expect_out "mounted from base/layers" "push to another repository" cleat push "$registry/other/name:1"
expect_equal "$base_digest" "$(remote "$registry/other/name:1")" "the manifest is the same"
expect_out "$base_digest" "the digest alone" cleat push -q "$registry/other/name:1"

# all sent: to a registry that knows nothing of it
old=$registry old_data=$TMP/registry-data
registry_stop
mv "$TMP/registry-data" "$TMP/old-data"
expect "an empty registry starts" registry_start localhost token || tap_end
engine_trust
registry_token_log=$TMP/tokenserver.log
cleat tag "$base" "$registry/new/app:1"
new=$registry/new/app:1
expect_err 1 "log in: cleat login" "push without a login" cleat push "$new"
login >/dev/null
cleat push "$new" >out 2>err || dump err
expect_out 'went there uncompressed' "push all of it" cat err
expect_equal "$(id_of "$base")" "$(remote_id "$new")" "the image is the same there"
expect_equal "$(remote "$new")" "$(sed -n 's/^1: digest: \([^ ]*\) size.*/\1/p' out)" "the digest is the one told"
expect_out "repository:new/app:pull,push" "the token is for pull and push" cat "$registry_token_log"
expect "skopeo takes it whole" registry_quiet skopeo copy --insecure-policy --src-tls-verify=false --src-creds user:secret "docker://$new" "oci:$TMP/copied:1"
expect "podman pulls it" podman --root "$TMP/p" --runroot "$TMP/pr" --storage-driver vfs pull -q --creds user:secret --tls-verify=false "$new"
cleat rmi "$base" "$old/base/layers:2" "$old/other/name:1" "$new" >/dev/null
expect "we pull it" cleat pull -q "$new"
expect_out "already there" "and push it back" cleat push "$new"

# by tags
cleat tag "$new" "$registry/new/app:2"
cleat tag "$new" "$registry/second/app:3"
expect_out "^3: digest" "mounted with a token for both" cleat image push "$registry/second/app:3"
expect_out "repository:second/app:pull,push repository:new/app:pull" "which was asked for" cat "$registry_token_log"
expect_equal "$(remote "$new") no" "$(cleat --json push "$new" | jq -r '.[0] | "\(.digest) \(.new_manifest)"')" "as JSON"

# a layer of 40 MB, in chunks, over a wire that breaks once in the second one
cleat rmi "$new" "$registry/new/app:2" "$registry/second/app:3" >/dev/null
registry_stop
large_layer() { head -c 40000000 /dev/urandom >large; }
registry_quiet registry_layer tiny large large_layer
expect "a registry without TLS" registry_start none || tap_end
relay=$(registry_free_port)
start relay python3 "$TOP/tests/lib/cutrelay.py" --port "$relay" --to "$registry_port" --after 25000000
wait_for 5 grep -q ready relay.log
mkdir -p "$E/etc/certs.d/localhost:$relay" && : >"$E/etc/certs.d/localhost:$relay/plain-http"
expect "load a large image" cleat load -t "localhost:$relay/big/app:1" -i "$TMP/oci" --only large
cleat push "localhost:$relay/big/app:1" >out 2>err
expect_out "next attempt" "push it over a wire that breaks" cat out err
expect_out "^1: digest" "to its end" cat out
echo "# note: push of a layer of 40 MB: $(grep '^sent' err)"
expect_out cut "which it did" cat relay.log
sent=$(cleat --json push "localhost:$relay/big/app:1" | jq -r '.[0].sent_bytes')
expect_equal 0 "$sent" "the second time nothing is sent"
expect "skopeo takes it whole" registry_quiet skopeo copy --insecure-policy --src-tls-verify=false "docker://$registry/big/app:1" "oci:$TMP/copied:big"

tap_end
