#!/usr/bin/python3
"""tokenserver - a Docker token server for tests: JWTs that docker-registry accepts

The key that signs is the TLS server's own, its certificate is in each token ("x5c"). Anonymous requests
get a token without rights; --user/--secret one to pull and push, as does the identity token "identity-SECRET"
by OAuth2's refresh_token grant. --lives SECONDS: registries stop accepting a token after that, whatever it says.
Standard output has a line for each token: METHOD SCOPE...
"""

import argparse
import base64
import http.server
import json
import ssl
import subprocess
import time
import urllib.parse


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def raw_signature(der):
    """r || s of an ECDSA signature for P-256"""
    out, pos = b"", 2
    for _ in range(2):
        n = der[pos + 1]
        out += der[pos + 2:pos + 2 + n].lstrip(b"\0").rjust(32, b"\0")
        pos += 2 + n
    return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def token(self, access):
        args = self.server.args
        der = ssl.PEM_cert_to_DER_cert(open(args.cert).read())
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        now = int(time.time())
        # docker-registry takes a token for a minute longer than it says
        claims = {"iss": "tests", "sub": "", "aud": "tests", "exp": now + args.lives - 60, "nbf": now - 100, "iat": now,
                  "jti": "1", "access": access}
        signed = b64(json.dumps(header).encode()) + b"." + b64(json.dumps(claims).encode())
        der_sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", args.key], input=signed,
                                 stdout=subprocess.PIPE, check=True).stdout
        return (signed + b"." + b64(raw_signature(der_sig))).decode()

    def log_message(self, *args):
        pass

    def do_GET(self):
        args = self.server.args
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        want = "Basic " + base64.b64encode(f"{args.user}:{args.secret}".encode()).decode()
        auth = self.headers.get("Authorization")
        if auth and auth != want:
            return self.reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        return self.grant("token", query.get("scope", []) if auth else [])

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("grant_type") != ["refresh_token"] or form.get("service") != ["tests"] or \
                form.get("refresh_token") != ["identity-" + self.server.args.secret]:
            return self.reply(400, {"error": "invalid_grant"})
        return self.grant("access_token", form.get("scope", []))

    def grant(self, name, scopes):
        access = []
        for scope in " ".join(scopes).split():
            kind, repository, actions = scope.split(":")
            access.append({"type": kind, "name": repository, "actions": actions.split(",")})
        print(self.command, *scopes, flush=True)
        return self.reply(200, {name: self.token(access), "expires_in": 300})

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "cert", "key", "user", "secret"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--lives", type=int, default=360)
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(args.port)), Handler)
    server.args = args
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
