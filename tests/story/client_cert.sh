#!/bin/sh
# timeout: 120
# Client certificates: a real registry that lets in only who has one from its authority; keys in every form that tools
# write; and what people see when the pair is not right.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip unshare stunnel4

pki=$TMP/pki
# own NAME CA KEY-OPTION... [-- X509-OPTION...]: a client's certificate
own() {
	own_name=$1 own_ca=$2
	shift 2
	registry_quiet openssl genpkey "$@" -out "$pki/$own_name.key" &&
		registry_quiet openssl req -new -key "$pki/$own_name.key" -subj "/CN=$own_name" -out "$pki/$own_name.csr" &&
		printf 'extendedKeyUsage=clientAuth\n' >"$pki/own.ext" &&
		registry_quiet openssl x509 -req -in "$pki/$own_name.csr" -CA "$pki/$own_ca.crt" -CAkey "$pki/$own_ca.key" \
			-CAcreateserial -extfile "$pki/own.ext" -out "$pki/$own_name.cert" -days 30
}
ec="-algorithm EC -pkeyopt ec_paramgen_curve"
ping() { # CERT KEY
	"$O/tests/tool/fetch_client" stall=3000 registry-ca="$pki/ca.crt" ${1:+cert="$pki/$1"} ${2:+key="$pki/$2"} "$registry" x ping
}

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca && registry_cert localhost ecdsa DNS:localhost,IP:127.0.0.1 &&
	registry_images || { fail "make a world"; tap_end; }
at_exit engine_cleanup
registry_quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=clients" \
	-keyout "$pki/clients.key" -out "$pki/clients.crt" -addext basicConstraints=critical,CA:TRUE
own p256 clients $ec:P-256
own p384 clients $ec:P-384
own rsa clients -algorithm RSA -pkeyopt rsa_keygen_bits:2048
own rsa4096 clients -algorithm RSA -pkeyopt rsa_keygen_bits:4096
own edwards clients -algorithm ED25519
own stranger ca $ec:P-256
openssl ec -in "$pki/p256.key" -out "$pki/p256.sec1" 2>/dev/null
openssl ec -in "$pki/p384.key" -no_public -out "$pki/p384.nopub" 2>/dev/null
openssl rsa -in "$pki/rsa.key" -traditional -out "$pki/rsa.pkcs1" 2>/dev/null
openssl pkey -in "$pki/p256.key" -aes256 -passout pass:x -out "$pki/p256.locked"
openssl rsa -in "$pki/rsa.key" -traditional -aes128 -passout pass:x -out "$pki/rsa.locked" 2>/dev/null
{
	openssl ecparam -name prime256v1
	cat "$pki/p256.sec1"
} >"$pki/p256.params"
cat "$pki/p256.cert" "$pki/clients.crt" >"$pki/chain.cert"

registry_client_ca=$pki/clients.crt
expect "a registry that asks for client certificates starts" registry_start localhost || tap_end
for pair in p256.cert:p256.key p256.cert:p256.sec1 p256.cert:p256.params p384.cert:p384.key p384.cert:p384.nopub rsa.cert:rsa.key rsa.cert:rsa.pkcs1 \
	rsa4096.cert:rsa4096.key chain.cert:p256.key; do
	expect_out "^done " "$pair" ping "${pair%:*}" "${pair#*:}"
done
# with TLS 1.3 a server looks at our certificate when the handshake is over for us
expect_err 1 "^error (tls|http) .*localhost refused the TLS handshake \(alert [0-9]+\): it wants a client certificate: put client.cert and client.key" \
	"none" ping
expect_err 1 "^error (tls|http) .*alert [0-9]+\): it does not accept client.cert .*have one issued by an authority that it trusts" \
	"of an authority that the registry does not know" ping stranger.cert stranger.key
here="certs.d/$registry"
expect_err 1 "^error tls .*$here/client.key is not the key of client.cert" "another EC key" ping p256.cert stranger.key
expect_err 1 "^error tls .*$here/client.key is not the key of client.cert" "another RSA key" ping rsa.cert rsa4096.key
expect_err 1 "^error tls .*$here/client.key is not the key of client.cert" "a key of another kind" ping rsa.cert p256.key
expect_err 1 "^error tls .*$here/client.key is encrypted, .*openssl pkey -in" "an encrypted key, PKCS#8" ping p256.cert p256.locked
expect_err 1 "^error tls .*$here/client.key is encrypted, .*openssl pkey -in" "an encrypted key, PKCS#1" ping rsa.cert rsa.locked
expect_err 1 "^error tls .*$here/client.key is neither RSA .* nor ECDSA" "a kind of key that is not supported" ping edwards.cert edwards.key
expect_err 1 "^error tls .*$here/client.key holds no private key" "a certificate as key" ping p256.cert p256.cert
expect_err 1 "^error tls .*$here/client.cert holds no certificate" "a key as certificate" ping p256.key p256.key
registry_cert_dates old "" 20240101000000Z 20250101000000Z
registry_cert_dates future "" 20800101000000Z 20900101000000Z
expect_err 1 "^error tls .*$here/client.cert expired on 2025-01-01 \(this device's clock says 20.*\): have it renewed" "expired" ping old.crt old.key
expect_err 1 "^error clock .*$here/client.cert is not valid before 2080-01-01 .*: set the clock" "not valid yet" ping future.crt future.key

# by the command line, from certs.d
engine_trust
certs=$E/etc/certs.d/$registry
push_tls=$TMP/skopeo
mkdir -p "$push_tls" && cp "$pki/p256.cert" "$push_tls/client.cert" && cp "$pki/p256.key" "$push_tls/client.key" && cp "$pki/ca.crt" "$push_tls"
expect "skopeo pushes with the same files" registry_quiet skopeo copy --insecure-policy --dest-cert-dir "$push_tls" "oci:$TMP/oci:tiny" "docker://$registry/tiny:1"
image=$registry/tiny:1
expect_err 1 "it wants a client certificate: put client.cert and client.key into its folder in certs.d" "pull without" cleat pull "$image"
cp "$pki/rsa.cert" "$certs/client.cert"
expect_err 1 "$certs/client.key and client.cert belong together, but there is no client.key" "half a pair: no key" cleat pull "$image"
cp "$pki/rsa.key" "$certs/client.key"
chmod 644 "$certs/client.key"
expect_err 1 "$certs/client.key holds a secret, and other users may read or change it: .*chmod 600" "a key that others may read" cleat pull "$image"
chmod 600 "$certs/client.key"
expect "pull with it" cleat pull "$image"
rm "$certs/client.cert"
expect_err 1 "belong together, but there is no client.cert" "half a pair: no certificate" cleat pull "$image"
registry_stop

# servers by OpenSSL
stunnel_port=$(registry_free_port)
badregistry behind none
cat >"$TMP/stunnel.conf" <<END
foreground = yes
pid =
syslog = no
[registry]
accept = 127.0.0.1:$stunnel_port
connect = 127.0.0.1:$bad_port
cert = $pki/localhost.crt
key = $pki/localhost.key
CAfile = $pki/clients.crt
verifyChain = yes
END
start stunnel stunnel4 "$TMP/stunnel.conf"
registry=localhost:$stunnel_port
stunnel_answers() {
	curl -s -o /dev/null --cacert "$pki/ca.crt" --cert "$pki/p256.cert" --key "$pki/p256.key" "https://$registry/v2/"
}
expect "stunnel starts" wait_for 10 stunnel_answers
expect_out "^done " "stunnel: good" ping p384.cert p384.key
expect_out "^done " "stunnel: good, RSA" ping rsa.cert rsa.key
expect_err 1 "^error (tls|http) .*it wants a client certificate" "stunnel: none" ping
expect_err 1 "^error (tls|http) .*it does not accept client.cert" "stunnel: of another authority" ping stranger.cert stranger.key
badregistry nginx localhost --client-ca "$pki/clients.crt"
registry=$bad
expect_out "^done " "a server that says it by HTTP: good" ping rsa.cert rsa.key
expect_err 1 "^error auth .*HTTP 400: it wants a client certificate" "a server that says it by HTTP: none" ping
# the certificate is for the registry alone
: >"$TMP/nginx.requests"
badregistry redirect localhost --other "https://127.0.0.1:${registry#*:}"
expect_err 1 "HTTP 400" "another host is not shown it" "$O/tests/tool/fetch_client" stall=3000 registry-ca="$pki/ca.crt" cert="$pki/rsa.cert" key="$pki/rsa.key" \
	"$bad" redirect/other blob@x
expect_out "GET" "though we were sent there" cat "$TMP/nginx.requests"
tap_end
