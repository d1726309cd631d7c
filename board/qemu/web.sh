#!/bin/sh
# the first container of the demo. As process 1 of a container a program without a handler is deaf to
# SIGTERM, so this shell listens for it; when the server ends, so does the container.
httpd -f -v -p 8080 -h /www &
trap 'kill $!; exit 0' TERM
wait $!
