#!/bin/sh
# timeout: 120
# Which servers the fetch role believes, and what people see when it does not.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
need openssl python3 ip unshare

client() {
	"$O/tests/tool/fetch_client" stall=3000 "$@"
}

ca=registry-ca=$TMP/pki/ca.crt
san=DNS:localhost,IP:127.0.0.1

# server LABEL CERT [OPTION...]
server() {
	badregistry "$@"
}

believes() { # NAME CERT [HOST [OPTION...]]
	tls_name=$1 tls_cert=$2 tls_host=${3:-localhost}
	[ $# -lt 3 ] && shift 2 || shift 3
	server "$tls_cert" "$tls_cert"
	expect_out "^done " "$tls_name" client "${@:-$ca}" "$tls_host:$bad_port" ok x
	stop "$bad_pid"
}

refuses() { # NAME CERT CLASS REGEX [HOST [OPTION...]]
	tls_name=$1 tls_cert=$2 tls_want="^error $3 -?[0-9]+ $4" tls_host=${5:-localhost}
	[ $# -lt 5 ] && shift 4 || shift 5
	server "$tls_cert" "$tls_cert"
	expect_err 1 "$tls_want" "$tls_name" client "${@:-$ca}" "$tls_host:$bad_port" ok x
	stop "$bad_pid"
}

registry_ca
registry_cert good ecdsa "$san"
registry_cert rsa rsa "$san"
registry_cert sha384 ecdsa "$san" -sha384
registry_cert wild ecdsa "DNS:*.example.test"
registry_cert other ecdsa "DNS:other.example.test"
registry_cert localhost ecdsa "" # its common name would fit
registry_cert sha1 ecdsa "$san" -sha1
registry_cert_dates expired "$san" 20240101000000Z 20250101000000Z
registry_cert_dates future "$san" 20800101000000Z 20900101000000Z

believes "ECDSA certificate" good
believes "RSA certificate" rsa
believes "SHA-384 signature" sha384
believes "by address, from the certificate's IP names" good 127.0.0.1
believes "the CA may be in the machine's bundle" good localhost ca="$TMP/pki/ca.crt"
printf '%s\n' "127.0.0.1 a.example.test" "127.0.0.1 a.b.example.test" >"$TMP/hosts"
believes "wildcard" wild a.example.test "$ca" hosts="$TMP/hosts"

refuses "limbo: a wildcard is one label" wild tls \
	"a.b.example.test: certificate \"wild\" is for another host: .*subjectAltName DNS:a.b.example.test" \
	a.b.example.test "$ca" hosts="$TMP/hosts"
refuses "wrong host" other tls \
	"localhost: certificate \"other\" is for another host: use the name it was made for, or make one"
refuses "wrong address" other tls \
	"127.0.0.1: certificate \"other\" is not for this address: .*subjectAltName IP:127.0.0.1" 127.0.0.1
refuses "common name alone" localhost tls \
	"localhost: certificate \"localhost\" has no subjectAltName .*make one with subjectAltName DNS:localhost"
refuses "SHA-1 signature" sha1 tls "localhost: certificate \"sha1\" is signed with a method .*SHA-256"
refuses "expired certificate" expired tls \
	"localhost: certificate \"expired\" expired on 2025-01-01 \(this device's clock says 20..-..-..T.*\): renew it"
refuses "clock at 1970: a certificate from the future" future clock \
	"localhost: certificate \"future\" is valid from 2080-01-01 to 2090-01-01, but this device's clock says 20..-..-..T.*: set the clock"
believes "the clock's floor counts if the clock stands before it" future localhost "$ca" floor=3471292800
refuses "clock before the floor: the clock is to blame" good clock \
	"localhost: certificate \"good\" is valid from .* but this device's clock says .*: set the clock \(NTP, RTC\)" \
	localhost "$ca" floor=3471292800
refuses "wrong CA: none" good tls \
	"localhost: certificate \"good\" was issued by \"cleat test CA\", which this device does not trust: put that CA's certificate into certs.d/localhost:[0-9]+/ca.crt" \
	localhost ca=/dev/null
refuses "wrong CA: only the machine's bundle" good tls "localhost: certificate \"good\" was issued by" \
	localhost ca=/etc/ssl/certs/ca-certificates.crt

mv "$TMP/pki" "$TMP/pki.1"
registry_ca
cat "$TMP/pki.1/ca.crt" >>"$TMP/pki/ca.crt"
cp "$TMP"/pki.1/good.* "$TMP/pki"
believes "two CAs of one name, the second one fits" good
sed '/-----END/q' "$TMP/pki/ca.crt" >"$TMP/wrong.crt"
refuses "wrong CA: another one of the same name" good tls \
	"localhost: the signature on certificate \"good\" is not by the \"cleat test CA\" that this device trusts" \
	localhost registry-ca="$TMP/wrong.crt"
for i in 1 2 3; do
	cat "$TMP/wrong.crt" >>"$TMP/pki/ca.crt"
done
refuses "too many CAs of one name" good limit ".*more certificates of \"cleat test CA\" are trusted than CONFIG_TLS_MAX_ANCHORS"
{
	echo "-----BEGIN CERTIFICATE-----"
	echo "AAAA not base64 !!!"
	echo "-----END CERTIFICATE-----"
	echo "-----BEGIN CERTIFICATE-----"
	cat "$TMP/pki.1/ca.crt"
} | sed 's/$/\r/' >"$TMP/dirty.crt"
believes "a bundle with CR LF and a damaged entry" good localhost registry-ca="$TMP/dirty.crt"
rm -r "$TMP/pki"
mv "$TMP/pki.1" "$TMP/pki"

# chains
pki=$TMP/pki
extension() {
	printf '%s\n' "$@" >"$pki/x.ext"
}
issue() { # NAME ISSUER [OPTION...]
	issue_name=$1 issue_by=$2
	shift 2
	registry_quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$issue_name" \
		-keyout "$pki/$issue_name.key" -out "$pki/$issue_name.csr" &&
		registry_quiet openssl x509 -req -in "$pki/$issue_name.csr" -CA "$pki/$issue_by.crt" -CAkey "$pki/$issue_by.key" \
			-CAcreateserial -days 30 -extfile "$pki/x.ext" -out "$pki/$issue_name.crt" "$@"
}
extension basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign
issue middle ca
extension subjectAltName=$san
issue below middle
cp "$pki/below.crt" "$pki/alone.crt"
cp "$pki/below.key" "$pki/alone.key"
cat "$pki/middle.crt" >>"$pki/below.crt"
believes "an intermediate certificate" below
refuses "the intermediate certificate is not sent" alone tls "localhost: certificate \"below\" was issued by \"middle\""
issue leaf ca
issue forged leaf
cat "$pki/leaf.crt" >>"$pki/forged.crt"
refuses "CVE-2002-0862, limbo: a server's certificate issues another" forged tls \
	"localhost: \"leaf\" may not issue certificates, but did"
extension subjectAltName=$san extendedKeyUsage=clientAuth
issue purpose ca
refuses "a client's certificate" purpose tls "localhost: certificate \"purpose\" is not for servers"
registry_quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=self \
	-addext subjectAltName=$san -keyout "$pki/self.key" -out "$pki/self.crt"
believes "self-signed, itself in ca.crt" self localhost registry-ca="$pki/self.crt"
refuses "self-signed, not in ca.crt" self tls "localhost: certificate \"self\" was issued by \"self\", which this device does not trust"
registry_quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=pinned \
	-addext subjectAltName=$san -addext basicConstraints=CA:FALSE -keyout "$pki/pinned.key" -out "$pki/pinned.crt"
believes "pinned: no CA, itself in ca.crt" pinned localhost registry-ca="$pki/pinned.crt"
registry_quiet openssl req -x509 -newkey rsa:1024 -nodes -days 30 -subj /CN=weak -addext subjectAltName=$san \
	-keyout "$pki/weak.key" -out "$pki/weak.crt"
refuses "RSA key of 1024 bits" weak tls "localhost: certificate \"weak\" uses an RSA key below 2048 bits" \
	localhost registry-ca="$pki/weak.crt"
extension "subjectAltName=$(seq -s, -f 'DNS:host-%04g.with-a-long-name.example.test' 1 400)"
issue many ca
refuses "a certificate above the limit" many limit ".*larger than CONFIG_TLS_CERT_BYTES \(8192\)"

# protocol
server tls13 good --tls13
if grep -q '^CONFIG_TLS_MBEDTLS=y' "$O/.config"; then
	expect_out "^done " "TLS 1.3 only" client "$ca" "$bad" ok x
else
	expect_err 1 "^error tls -?[0-9]+ localhost offers only TLS 1.3 .*: allow TLS 1.2 on the server" \
		"TLS 1.3 only" client "$ca" "$bad" ok x
fi
server plain none
expect_err 1 "^error network .*TLS handshake: localhost sent nothing for 3 s" "a server that waits for something else than TLS" \
	client "$ca" "$bad" ok x

# A public registry, as seen from a network of its own: it must not send us to ourselves.
cat >"$TMP/public.sh" <<'END'
ip link set lo up
ip addr add 198.51.100.7/32 dev lo
ip addr add 10.1.2.3/32 dev lo
echo "198.51.100.7 localhost" >"$TMP/public.hosts"
badregistry public good --address 0.0.0.0
try() {
	client "$ca" hosts="$TMP/public.hosts" "localhost:$bad_port" "$@" 2>&1
}
try ok x
try manifest/redirect/loopback x
try manifest/redirect/decimal x
try manifest/redirect/private x
try manifest/redirect/linklocal x
try manifest/realm/loopback x
try manifest/realm/private x
stop "$bad_pid"
END
TOP=$TOP O=$O TMP=$TMP ca=$ca unshare -n sh -c '. "$TOP/tests/lib/tap.sh"; . "$TOP/tests/lib/registry.sh"
	client() { "$O/tests/tool/fetch_client" stall=3000 "$@"; }
	. "$TMP/public.sh"; tap_end' >"$TMP/public.out" 2>&1
line() {
	sed -n "$1p" "$TMP/public.out"
}
expect_out "^done " "a public registry by itself" line 1
expect_out "loopback address 127.0.0.1:1: refused, as a registry at a public address" \
	"registry SSRF: public to loopback" line 2
expect_out "loopback address 127.0.0.1:1: refused" "registry SSRF: an address written as a number" line 3
expect_out "private address 10.1.2.3:1: refused" "registry SSRF: public to private" line 4
expect_out "link-local address 169.254.169.254:443: refused" "registry SSRF: public to link-local" line 5
expect_out "loopback address 127.0.0.1:1: refused" "registry realm SSRF: public to loopback" line 6
expect_out "private address 10.1.2.3:443: refused" "registry realm SSRF: public to private" line 7
tap_end
