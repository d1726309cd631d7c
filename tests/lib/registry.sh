# registry.sh - a real registry (Debian's docker-registry) with images that no code of ours made. Source
# it after tap.sh. Everything lives in $TMP and ends with the test.
#
#	registry_ca				make a private CA: $TMP/pki/ca.crt, ca.key
#	registry_cert NAME KIND SAN [OPTION...]	make $TMP/pki/NAME.crt, .key, signed by the CA. KIND: ecdsa, rsa.
#						SAN: "DNS:localhost,IP:127.0.0.1", "" = none. Options: those of
#						'openssl x509 -req', such as '-days 1' or '-sha1'
#	registry_cert_dates NAME SAN START END	the same with a validity of its own
#	registry_start [CERT [AUTH]]		serve by TLS with $TMP/pki/CERT, or plain if CERT is "none"; AUTH:
#						none, htpasswd (user "user", password "secret"), token (same, by a token
#						server of its own, tokens live $registry_token_lives seconds). Sets registry
#						(localhost:PORT), registry_port, registry_pid
#						With $registry_client_ca (a file) clients must have a certificate of it
#	registry_stop				end the last one (its storage stays)
#	registry_push IMAGE REF			copy $TMP/oci:IMAGE there
#	registry_images				make $TMP/oci with: tiny (one layer: static busybox), layers (three layers, with
#						whiteouts), and one tiny for arm64 as tiny-arm64
#	registry_index REF TAG...		push an index of images that are already pushed to REF's repository
#	registry_curl PATH [OPTION...]		GET https://$registry/v2/PATH
#
# Needs docker-registry skopeo umoci openssl curl jq busybox (static), htpasswd.

registry_need() {
	need docker-registry skopeo umoci openssl curl jq busybox python3 htpasswd
}

registry_quiet() {
	"$@" >"$TMP/.registry.out" 2>&1 && return 0
	echo "# failed: $*"
	sed 's/^/# /' "$TMP/.registry.out"
	return 1
}

registry_ca() {
	mkdir -p "$TMP/pki"
	registry_quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/O=cleat tests/CN=cleat test CA" -keyout "$TMP/pki/ca.key" -out "$TMP/pki/ca.crt" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

registry_cert() {
	reg_name=$1 reg_kind=$2 reg_san=$3
	shift 3
	case $reg_kind in
	rsa) reg_key="-newkey rsa:2048" ;;
	*) reg_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256" ;;
	esac
	registry_quiet openssl req -new $reg_key -nodes -subj "/CN=$reg_name" \
		-keyout "$TMP/pki/$reg_name.key" -out "$TMP/pki/$reg_name.csr" || return 1
	echo "extendedKeyUsage=serverAuth" >"$TMP/pki/$reg_name.ext"
	[ -z "$reg_san" ] || echo "subjectAltName=$reg_san" >>"$TMP/pki/$reg_name.ext"
	[ $# -gt 0 ] || set -- -days 30
	registry_quiet openssl x509 -req -in "$TMP/pki/$reg_name.csr" -CA "$TMP/pki/ca.crt" \
		-CAkey "$TMP/pki/ca.key" -CAcreateserial -extfile "$TMP/pki/$reg_name.ext" \
		-out "$TMP/pki/$reg_name.crt" "$@"
}

# registry_cert_dates NAME SAN START END: as registry_cert, valid from START to END (YYYYMMDDhhmmssZ)
registry_cert_dates() {
	registry_cert "$1" ecdsa "$2" || return 1
	: >"$TMP/pki/index.txt"
	cat >"$TMP/pki/ca.cnf" <<END
[ca]
default_ca = here
[here]
database = $TMP/pki/index.txt
new_certs_dir = $TMP/pki
rand_serial = yes
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
END
	registry_quiet openssl ca -batch -notext -config "$TMP/pki/ca.cnf" -cert "$TMP/pki/ca.crt" -keyfile "$TMP/pki/ca.key" \
		-in "$TMP/pki/$1.csr" -out "$TMP/pki/$1.crt" -extfile "$TMP/pki/$1.ext" -startdate "$3" -enddate "$4"
}

registry_free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

registry_config() {
	cat <<END
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $TMP/registry-data}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:$registry_port
  secret: tests
END
	[ "$1" = none ] || printf '  tls: {certificate: %s.crt, key: %s.key%s}\n' "$TMP/pki/$1" "$TMP/pki/$1" \
		"${registry_client_ca:+, clientcas: [$registry_client_ca]}"
	case $2 in
	htpasswd)
		htpasswd -Bbn -C 4 user secret >"$TMP/htpasswd" || return 1
		printf 'auth:\n  htpasswd: {realm: tests, path: %s}\n' "$TMP/htpasswd"
		;;
	token)
		printf 'auth:\n  token: {realm: "https://localhost:%s/token", service: tests, issuer: tests, rootcertbundle: %s}\n' \
			"$registry_token_port" "$TMP/pki/ca.crt"
		;;
	esac
}

registry_answers() {
	# who wants a client certificate hangs up
	if [ -n "${registry_client_ca:-}" ]; then
		curl -s -k -o /dev/null "https://$registry/"
		[ $? != 7 ] # 7 = nobody listens
		return
	fi
	reg_status=$(curl -s -k -o /dev/null -w '%{http_code}' "$registry_scheme://$registry/v2/")
	[ "$reg_status" = 200 ] || [ "$reg_status" = 401 ]
}

registry_start() {
	reg_cert=${1:-localhost} reg_auth=${2:-none}
	registry_scheme=https
	[ "$reg_cert" != none ] || registry_scheme=http
	registry_port=$(registry_free_port)
	registry=localhost:$registry_port
	if [ "$reg_auth" = token ]; then
		registry_token_port=$(registry_free_port)
		start tokenserver python3 "$TOP/tests/lib/tokenserver.py" --port "$registry_token_port" \
			--cert "$TMP/pki/$reg_cert.crt" --key "$TMP/pki/$reg_cert.key" --user user --secret secret ${registry_token_lives:+--lives "$registry_token_lives"}
		wait_for 10 curl -s -k -o /dev/null "https://localhost:$registry_token_port/token"
	fi
	registry_config "$reg_cert" "$reg_auth" >"$TMP/registry-$registry_port.yml" || return 1
	start "registry-$registry_port" docker-registry serve "$TMP/registry-$registry_port.yml"
	registry_pid=$started
	wait_for 10 registry_answers && return 0
	dump "$TMP/registry-$registry_port.log"
	return 1
}

registry_stop() {
	stop "$registry_pid"
}

registry_push() {
	registry_quiet skopeo copy --insecure-policy --dest-tls-verify=false ${3:+--dest-creds "$3"} \
		"oci:$TMP/oci:$1" "docker://$2"
}

registry_curl() {
	reg_path=$1
	shift
	curl -sS -k "$@" "$registry_scheme://$registry/v2/$reg_path"
}

# unpack IMAGE, run the command in its root, pack it as a new layer of NEW
registry_layer() {
	reg_from=$1 reg_new=$2
	shift 2
	rm -rf "$TMP/bundle"
	registry_quiet umoci unpack --rootless --image "$TMP/oci:$reg_from" "$TMP/bundle" || return 1
	(cd "$TMP/bundle/rootfs" && "$@") || return 1
	registry_quiet umoci repack --image "$TMP/oci:$reg_new" "$TMP/bundle" || return 1
	rm -rf "$TMP/bundle"
}

registry_layer_busybox() {
	mkdir -p bin etc tmp root dev proc sys
	cp "$(command -v busybox)" bin/busybox
	for reg_tool in sh cat echo ls sleep id true false env wget httpd nc; do
		ln -s busybox "bin/$reg_tool"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
	echo 'root:x:0:' >etc/group
}

registry_layer_two() {
	mkdir -p srv/www srv/old
	echo hello >srv/www/index.html
	echo old >srv/old/file
	echo gone >etc/gone
	ln srv/www/index.html srv/www/link.html
}

registry_layer_three() {
	rm -r etc/gone srv/old
	mkdir srv/old
	echo new >srv/old/new
}

registry_images() {
	registry_quiet umoci init --layout "$TMP/oci" &&
		registry_quiet umoci new --image "$TMP/oci:empty" &&
		registry_layer empty tiny registry_layer_busybox &&
		registry_quiet umoci config --image "$TMP/oci:tiny" --config.cmd /bin/sh \
			--config.env PATH=/bin &&
		registry_layer tiny two registry_layer_two &&
		registry_layer two layers registry_layer_three &&
		registry_quiet umoci config --image "$TMP/oci:tiny" --tag tiny-arm64 --architecture arm64
}

registry_index() {
	reg_ref=$1 reg_list=
	reg_repo=${reg_ref%:*}
	shift
	for reg_tag; do
		reg_list="$reg_list $(skopeo inspect --raw --tls-verify=false "docker://$reg_repo:$reg_tag" | tee "$TMP/.manifest" |
			sha256sum | cut -d' ' -f1):$(wc -c <"$TMP/.manifest"):$(skopeo inspect --tls-verify=false \
			"docker://$reg_repo:$reg_tag" | jq -r .Architecture)"
	done
	printf '%s\n' $reg_list | jq -R -s '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [split("\n")[] | select(. != "") | split(":") | {
			mediaType: "application/vnd.oci.image.manifest.v1+json", digest: ("sha256:" + .[0]),
			size: (.[1] | tonumber), platform: {os: "linux", architecture: .[2]}}]}' >"$TMP/index.json"
	curl -sS -k -f -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
		--data-binary @"$TMP/index.json" \
		"$registry_scheme://${reg_repo%%/*}/v2/${reg_repo#*/}/manifests/${reg_ref##*:}"
}

# badregistry LABEL CERT [OPTION...]: a registry that misbehaves (tests/lib/badregistry.py), by TLS with $TMP/pki/CERT,
# or plain if "none". Sets bad (localhost:PORT), bad_port; requests are in $TMP/LABEL.requests
badregistry() {
	bad_label=$1 bad_cert=$2
	shift 2
	bad_port=$(registry_free_port)
	bad=localhost:$bad_port
	[ "$bad_cert" = none ] || set -- --cert "$TMP/pki/$bad_cert.crt" --key "$TMP/pki/$bad_cert.key" "$@"
	start "$bad_label" python3 "$TOP/tests/lib/badregistry.py" --port "$bad_port" \
		--log "$TMP/$bad_label.requests" "$@"
	bad_pid=$started
	wait_for 10 grep -q ready "$TMP/$bad_label.log" && return 0
	dump "$TMP/$bad_label.log"
	return 1
}
