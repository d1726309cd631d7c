#!/bin/sh
# timeout: 150
# Signatures: which images are let in, by which key, and that a failed check leaves everything as it was. They are made
# by openssl in cosign's formats: Debian has no cosign, and its skopeo and podman have sigstore switched off.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare

engine_world || { fail "make a registry"; tap_end; }
keys=$TMP/keys
mkdir -p "$keys"
for k in good other; do
	registry_quiet openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$k.key"
	registry_quiet openssl ec -in "$keys/$k.key" -pubout -out "$keys/$k.pub"
done

policy() { # [RULE]...
	{
		echo verify:
		printf '  - %s\n' "$@"
	} >"$E/etc/policy.yaml"
}
images() {
	cleat images --json 2>/dev/null | jq -S -c . | sha256sum
}

# one repository for each lie
port=$(registry_free_port)
lies=localhost:$port
start lies python3 "$TOP/tests/lib/signregistry.py" "$port" "$keys" "$TMP/cases"
wait_for 30 grep -q ready "$TMP/lies.log" || { fail "start the lying registry"; dump "$TMP/lies.log"; tap_end; }
mkdir -p "$E/etc/certs.d/$lies"
touch "$E/etc/certs.d/$lies/plain-http"

policy "{prefix: $lies, cosign: $keys/good.pub}"
before=$(images)
while IFS="	" read -r repo want; do
	: >"$keys/requests"
	if [ "$want" = ok ]; then
		expect_out "sha256:" "$repo: let in" cleat pull "$lies/$repo:1" </dev/null
		cleat rmi "$lies/$repo:1" >/dev/null </dev/null
	else
		expect_err 1 "$want" "$repo: refused" cleat pull "$lies/$repo:1" </dev/null
		grep -q "GET.*/blobs/.*layer" "$keys/requests" && fail "$repo: a layer was fetched"
	fi
done <"$TMP/cases"
expect_equal "$before" "$(images)" "what was refused has left nothing"
expect "fsck finds nothing" cleat fsck
expect_equal "" "$(find "$E/root/staging" "$E/root/layers" -mindepth 1 2>/dev/null)" "and no layer"

# what cosign does, at a real registry
push_blob() { # REPOSITORY FILE
	blob_digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
	blob_at=$(registry_curl "$1/blobs/uploads/" -X POST -D - -o /dev/null | sed -n 's/^[Ll]ocation: *//p' | tr -d '\r')
	curl -sS -k -f -X PUT -H 'Content-Type: application/octet-stream' --data-binary @"$2" "$blob_at&digest=$blob_digest"
}
sign_image() { # REPOSITORY KEY
	sign_digest=$(registry_curl "$1/manifests/1" -H 'Accept: application/vnd.oci.image.manifest.v1+json' | sha256sum | cut -d' ' -f1)
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"sha256:%s"},"type":"cosign container image signature"},"optional":null}' \
		"$registry/$1" "$sign_digest" >"$TMP/payload"
	printf '{}' >"$TMP/config"
	push_blob "$1" "$TMP/config" && config_digest=$blob_digest && push_blob "$1" "$TMP/payload" || return 1
	jq -n --arg config "$config_digest" --arg payload "$blob_digest" --argjson size "$(wc -c <"$TMP/payload")" \
		--arg signature "$(openssl dgst -sha256 -sign "$2" "$TMP/payload" | base64 -w0)" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", size: 2, digest: $config},
		layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", size: $size, digest: $payload,
			annotations: {"dev.cosignproject.cosign/signature": $signature}}]}' >"$TMP/signature.json"
	registry_curl "$1/manifests/sha256-$sign_digest.sig" -f -X PUT --data-binary @"$TMP/signature.json" \
		-H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
}
expect "push an image" registry_push tiny "$registry/signed:1"
expect "sign it" sign_image signed "$keys/good.key"
policy "{prefix: $registry, cosign: $keys/good.pub}" '{action: reject}'
expect_out "sha256:" "it is let in" cleat pull "$registry/signed:1"
expect_err 1 "rejects images that no other rule is for" "the rest of the world is rejected" cleat pull "$lies/good:1"
expect_err 1 "there is no signature at $registry" "one that is not signed" cleat pull "$registry/layers:1"
policy "{prefix: $registry/sign, cosign: $keys/good.pub}"
expect "a prefix ends where a name's part ends" cleat pull "$registry/tiny:1"
expect "which is why this needs no signature" cleat pull "$registry/signed:1"
policy "{prefix: $registry, cosign: $keys/good.pub}" "{prefix: $registry/tiny, action: accept}" "{prefix: $registry/layers, action: reject}"
expect "the longest prefix counts: accept" cleat pull "$registry/tiny:1"
expect_err 1 "policy.yaml: verify: rejects $registry/layers" "reject" cleat pull "$registry/layers:1"

# a tag that moves to an image without signature
old=$(cleat inspect "$registry/signed:1" | jq -r '.[0].Id')
expect "the tag moves" registry_push layers "$registry/signed:1"
before=$(images)
expect_err 1 "there is no signature" "an update without signature" cleat pull "$registry/signed:1"
expect_equal "$before" "$(images)" "everything is as it was"
expect_equal "$old" "$(cleat inspect "$registry/signed:1" | jq -r '.[0].Id')" "the name too"
expect "the tag moves back" registry_push tiny "$registry/signed:1"

# an archive has no signature
expect "save an image" cleat save -o "$TMP/saved.tar" "$registry/signed:1"
expect_err 1 "signatures are read from registries alone" "load under a name that needs one" cleat load -i "$TMP/saved.tar" -t "$registry/loaded:1"
expect_out "" "load under another" cleat load -i "$TMP/saved.tar" -t local/loaded:1

# with an engine: run, and what was pulled before there was a policy
rm "$E/etc/policy.yaml"
expect "without a policy" cleat pull "$registry/layers:1"
policy "{prefix: $registry, cosign: $keys/good.pub}"
expect "the engine starts" engine_start || tap_end
expect_err 125 "there is no signature" "run of an image that came before the policy" cleat run --rm "$registry/layers:1" true
expect_err 125 "has not been checked: pull it" "likewise without asking the registry" cleat run --pull never --rm "$registry/layers:1" true
expect_out "hello" "run of one that is signed" cleat run --rm "$registry/signed:1" echo hello
registry_stop
expect_out "hello" "and again, without the registry" cleat run --rm "$registry/signed:1" echo hello
expect "run in the background" cleat run -d --name stays --restart always "$registry/signed:1" sleep 1000
cp "$keys/other.pub" "$keys/new.pub"
policy "{prefix: $registry, cosign: $keys/new.pub}"
expect_err 125 "cannot connect|refused" "another key: the registry has to be asked" cleat run --rm "$registry/signed:1" true
engine_crash
expect "the engine starts again" engine_start
expect "what runs goes on, whatever the policy says now" wait_for 5 is_state stays running
expect "and starts again" cleat restart -t 0 stays
expect "it runs" wait_for 5 is_state stays running
cleat rm -f stays >/dev/null
start again docker-registry serve "$TMP/registry-$registry_port.yml"
wait_for 10 registry_answers
expect_err 1 "it is not signed by .*new.pub: tried" "the other key" cleat pull "$registry/signed:1"
policy "{action: reject}"
id=$(cleat inspect "$registry/signed:1" | jq -r '.[0].Id' | cut -d: -f2 | cut -c1-12)
expect_err 125 "rejects images" "by its ID an image is under the rule for all" cleat run --rm "$id" true

# files that decide
policy "{prefix: $registry, cosign: $keys/gone.pub}"
expect_err 1 "public key $keys/gone.pub is missing" "a key that is missing" cleat pull "$registry/signed:1"
bad_key() { # TEXT...
	printf '%s\n' "$@" >"$keys/bad.pub"
}
policy "{prefix: $registry, cosign: $keys/bad.pub}"
bad_key rubbish
expect_err 1 "bad.pub: expected one .-----BEGIN PUBLIC KEY-----" "a key that is rubbish" cleat pull "$registry/signed:1"
cp "$keys/good.key" "$keys/bad.pub"
expect_err 1 "is no public key" "a private key" cleat pull "$registry/signed:1"
chmod 644 "$keys/bad.pub"
cat "$keys/good.pub" "$keys/other.pub" >"$keys/bad.pub"
expect_err 1 "expected one" "two keys" cleat pull "$registry/signed:1"
openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out "$keys/bad.pub"
expect_err 1 "ECDSA key of P-256, P-384 or P-521" "Ed25519" cleat pull "$registry/signed:1"
head -c 2000 /dev/zero >"$keys/bad.pub"
expect_err 1 "no public key in PEM form" "zeros" cleat pull "$registry/signed:1"
cp "$keys/good.pub" "$keys/bad.pub"
chmod 666 "$keys/bad.pub"
expect_err 1 "bad.pub decides what is trusted, and other users may change it" "a key that others may change" cleat pull "$registry/signed:1"
policy "{prefix: $registry, cosign: $keys/good.pub, acton: reject}"
expect_err 1 "policy.yaml:2:.*unknown key .acton." "a misspelt rule" cleat pull "$lies/none:1"
expect_err 125 "policy.yaml:2" "no image may be used then" cleat run --rm "$registry/signed:1" true
policy "{prefix: nginx, cosign: $keys/good.pub}"
expect_err 1 "begins no image's name" "a prefix without a registry" cleat pull "$lies/none:1"
echo "verify: []" >"$E/etc/policy.yaml"
expect "an empty list asks for nothing" cleat pull "$lies/none:1"
policy "{prefix: $registry, cosign: $keys/good.pub}"
chmod 666 "$E/etc/policy.yaml"
expect_err 1 "policy.yaml decides what is trusted" "a policy that others may change" cleat pull "$registry/signed:1"
rm "$E/etc/policy.yaml"

# a manifest's own rules
manifest() { # IMAGE RULE...
	image=$1
	shift
	{
		printf 'name: m\nx-cleat:\n  verify:\n'
		printf '    - %s\n' "$@"
		printf 'services:\n  s:\n    image: %s\n    command: ["sleep", "1000"]\n' "$image"
	} >"$TMP/m.yaml"
}
manifest "$registry/signed:1" "{prefix: $registry, cosign: $keys/good.pub}" "{action: reject}"
expect_out "s: running" "a manifest whose image is signed" cleat apply "$TMP/m.yaml"
first=$(pid_of s)
expect_out "cosign: \"$keys/good.pub\"" "its rules as they are understood" cleat config "$TMP/m.yaml"
for rule in "{prefix: $registry, cosign: $keys/other.pub}|not signed by .*other.pub" "{action: reject}|service s: verify: rejects"; do
	manifest "$registry/signed:1" "${rule%%|*}"
	expect_err 1 "${rule#*|}" "not by ${rule%%|*}" cleat apply "$TMP/m.yaml"
done
manifest "$registry/layers:1" "{prefix: $registry, cosign: $keys/good.pub}"
expect_err 1 "there is no signature" "an image that is here, and not signed" cleat apply "$TMP/m.yaml"
expect_equal "$first" "$(pid_of s)" "what ran still runs"
policy "{prefix: $registry, action: reject}"
manifest "$registry/signed:1" "{prefix: $registry, action: accept}"
expect_err 1 "policy.yaml: verify: rejects" "a manifest cannot allow what the machine forbids" cleat apply "$TMP/m.yaml"
rm "$E/etc/policy.yaml"
engine_stop
registry_pid=$started
tap_end
