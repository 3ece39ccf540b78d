#!/bin/sh
# wrap.sh - PARLEY_WRAP of the rows that change what a process runs under: NAME COMMAND...
#
# faults/NAME in the state directory, where it is there, is read before the command takes over: limits, preloaded libraries.
set -eu
name=$1
shift
conditions=$PARLEY_STATE_DIR/faults/$name
# shellcheck disable=SC1090
[ ! -r "$conditions" ] || . "$conditions"
exec "$@"
