#!/bin/sh
# timeout: 120
# The fetch role against a real registry: TLS with names and addresses, manifests, blobs, log-in.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
registry_need

client() {
	"$O/tests/tool/fetch_client" "$@"
}

registry_ca
registry_cert localhost ecdsa "DNS:localhost,IP:127.0.0.1,IP:::1"
registry_cert rsa rsa "DNS:localhost,IP:127.0.0.1"
expect "images are made" registry_images
expect "the registry starts" registry_start localhost || exit
registry_push tiny "$registry/team/tiny:1"
registry_push layers "$registry/team/layers:1"
registry_push tiny-arm64 "$registry/team/tiny:arm64"
registry_index "$registry/team/tiny:multi" 1 arm64
ca=registry-ca=$TMP/pki/ca.crt

expect_out "^done [0-9]+ application/vnd.oci.image.manifest.v1\+json sha256:[0-9a-f]{64}$" \
	"a manifest comes by tag" client "$ca" "$registry" team/tiny "1>m"
expect_equal "$(skopeo inspect --raw --tls-verify=false "docker://$registry/team/tiny:1" | sha256sum)" \
	"$(sha256sum <m)" "it is the registry's manifest, byte by byte"
digest=sha256:$(sha256sum <m | cut -d' ' -f1)
expect_out "^done [0-9]+ application/vnd.oci.image.index.v1\+json" \
	"an index comes by tag" client "$ca" "$registry" team/tiny multi
blob=$(jq -r '.layers[0].digest' m)
size=$(jq -r '.layers[0].size' m)
expect_out "^done $size " "manifest by digest and layer come one after another" \
	client "$ca" "expect=0" "$registry" team/tiny "manifest@$digest" "blob@$blob>layer"
expect_equal "$blob" "sha256:$(sha256sum <layer | cut -d' ' -f1)" "the layer is whole"
expect_out "^done $size " "the same by address: the certificate's IP is matched" \
	client "$ca" "expect=$size" "127.0.0.1:$registry_port" team/tiny "blob@$blob"
expect_err 1 "^error limit .*team/tiny from localhost has $size bytes, at most 1000 are accepted" \
	"a layer above the limit is refused before it is read" \
	client "$ca" max=1000 "$registry" team/tiny "blob@$blob"
expect_err 1 "^error http .* has $size bytes, its manifest says 5: the image on the registry is damaged" \
	"a layer of another size than the manifest says is refused" \
	client "$ca" expect=5 "$registry" team/tiny "blob@$blob"
expect_err 1 "^error sink .*hand over what was fetched" "a reader that goes away ends the transfer" \
	client "$ca" close-after=1000 "$registry" team/tiny "blob@$blob"
expect_err 1 "^error not-found -2 localhost has no image team/tiny:nope: check its name and tag" \
	"404: an image that is not there" client "$ca" "$registry" team/tiny nope
expect_err 1 "^error not-found -2 localhost has lost blob sha256:0000[0-9]* of team/tiny: push the image again" \
	"404: a layer that is not there" \
	client "$ca" "$registry" team/tiny "blob@sha256:$(printf '%064d' 0)"
registry_stop

registry_start rsa
expect_out "^done $size " "a server with an RSA certificate" client "$ca" "$registry" team/tiny "blob@$blob"
registry_stop

registry_start none
expect_out "^done $size " "plain HTTP where it is configured" \
	client plain=1 "$registry" team/tiny "blob@$blob"
expect_err 1 "^error tls .*localhost does not speak TLS on this port" \
	"moby CVE-2014-5277: no fall back to plain HTTP" client "$ca" "$registry" team/tiny 1
registry_stop

registry_start localhost htpasswd
expect_out "^done $size " "Basic log-in" \
	client "$ca" user=user secret=secret "$registry" team/tiny "blob@$blob"
expect_err 1 "^error auth -13 .*localhost denies access.*HTTP 401.*rights of this user" \
	"Basic with a wrong password" client "$ca" user=user secret=wrong "$registry" team/tiny 1
expect_err 1 "^error auth -13 localhost refuses anonymous access .*or log in: cleat login" \
	"Basic without a user" client "$ca" "$registry" team/tiny 1
registry_stop

registry_start localhost token
expect_out "^done $size " "Bearer log-in with a token server" \
	client "$ca" user=user secret=secret "$registry" team/tiny 1 "blob@$blob"
expect_err 1 "^error auth -13 localhost does not accept the user name or password of \"user\"" \
	"Bearer with a wrong password" client "$ca" user=user secret=wrong "$registry" team/tiny 1
expect_err 1 "^error auth -13 localhost denies access to team/tiny:1 \(HTTP 401\)" \
	"Bearer without rights" client "$ca" "$registry" team/tiny 1
expect_equal 0 "$(grep -c secret "$TMP"/registry-*.log | cut -d: -f2 | sort -u)" "no password in the registry's log"
registry_stop

expect_err 1 "^error network -111 cannot connect to localhost \(.*:$registry_port\): Connection refused: is the registry running" \
	"registry down" client "$ca" "$registry" team/tiny 1
expect_err 1 "^error network -2 no such host: registry.invalid \(check its spelling" \
	"no such host" client "$ca" hosts=/dev/null registry.invalid team/tiny 1
tap_end
