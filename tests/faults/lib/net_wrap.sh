#!/bin/sh
# net_wrap - starts one child of scripts/run so that the network can come between it and the others: the bus and PostgreSQL go
# over loopback TCP instead of socket files, and each process has a group of its own, by which lib/net.mjs knows its packets.
# usage: net_wrap.sh NAME COMMAND...     NET_GROUPS names the groups: `gateway0=60001 gateway1=60002 ..`
set -eu

name=$1
shift

if [ "$name" = postgres ]; then
    exec "$@" -c listen_addresses=127.0.0.1
fi

# Broker N has the ports from 10N00 on, see sv_endpoint.h.
rewrite() { printf '%s' "$1" | sed -E 's#ipc://[^,]*/b([0-9])(,|$)#tcp://127.0.0.1:10\100\2#g'; }

# The store's database file with the host's name in place of the socket's folder.
database_over_tcp() {
    (umask 077 && sed -E 's#^host=[^ ]*#host=127.0.0.1#' "$1" >"$1.$name.new" && mv "$1.$name.new" "$1.$name")
    printf '%s' "$1.$name"
}

count=$#
previous=
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    case $previous in
    --bus | --listen) argument=$(rewrite "$argument") ;;
    --database-file) argument=$(database_over_tcp "$argument") ;;
    esac
    previous=$argument
    set -- "$@" "$argument"
    count=$((count - 1))
done

# Streams of bytes have a port for each replica of drive.
case $name in
drive*) set -- "$@" --bulk-endpoint "tcp://127.0.0.1:$((9900 + ${name#drive} + 0))" ;;
esac

for entry in ${NET_GROUPS:-}; do
    [ "${entry%%=*}" = "$name" ] && exec setpriv --regid "${entry#*=}" --clear-groups -- "$@"
done
exec "$@"
