#!/usr/bin/python3
"""cutrelay - a wire that breaks: TCP from --port to --to, cut once after --after bytes towards the server

Prints "ready", then "cut" when it has happened.
"""

import argparse
import socket
import threading


def pump(src, dst, count):
    try:
        while data := src.recv(65536):
            if count and count(len(data)):
                break
            dst.sendall(data)
    except OSError:
        pass
    for s in (src, dst):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "to", "after"):
        parser.add_argument("--" + name, type=int, required=True)
    args = parser.parse_args()
    state = {"left": args.after}

    def count(n):
        if state["left"] <= 0:
            return False
        state["left"] -= n
        if state["left"] <= 0:
            print("cut", flush=True)
            return True
        return False

    listener = socket.create_server(("127.0.0.1", args.port))
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", args.to))
        threading.Thread(target=pump, args=(client, server, count), daemon=True).start()
        threading.Thread(target=pump, args=(server, client, None), daemon=True).start()


main()
