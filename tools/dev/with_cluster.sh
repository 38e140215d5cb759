#!/bin/sh
# Runs a test with the addresses of its lane's cluster: with_cluster.sh ENV_FILE COMMAND...
set -eu
env_file=$1
shift
if [ ! -f "$env_file" ]; then
    echo "no cluster: $env_file is missing (./dev test starts one)" >&2
    exit 1
fi
. "$env_file"
# What such a test covers does not count, and its counts are thrown away with the cluster's data.
GCOV_PREFIX=$(dirname "$env_file")/data/gcov
export GCOV_PREFIX
exec "$@"
