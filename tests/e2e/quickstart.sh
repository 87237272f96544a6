#!/usr/bin/env bash
# tests/e2e/quickstart.sh — the README's first command, on a machine of its own.
. "$(dirname "$0")/../support/cluster.sh"
machine_start
flags=(--docker-socket "$work/docker/docker.sock" --no-start-docker --node-name node1 --node-ip $node_ip)
out=$(on_node deploy/quickstart "${flags[@]}" 2>&1)
expect 'the NodePort answers' "^http://$node_ip:3[0-9]{4} \(NodePort" "$out"
expect 'with the application'\''s words, twice' '^2$' "$(printf '%s\n' "$out" | grep -c '^    Hello from a pod, through Nodal\.$')"
out=$(on_node deploy/quickstart "${flags[@]}" 2>&1)
expect 'again it does the same' '^2$' "$(printf '%s\n' "$out" | grep -c '^    Hello from a pod, through Nodal\.$')"
expect 'it has help' 'from a fresh clone' "$(deploy/quickstart --help)"
