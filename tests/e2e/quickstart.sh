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
DESTDIR=$work/root cmake --install "$(dirname "$NODAL_BIN")" --prefix /usr >"$work/install.log" 2>&1 || fail "cmake --install: $(cat "$work/install.log")"
expect 'installed, it has its programs, man page and completions' "$(printf '%s' ./bin/{nodal-agent,nodal-cni,nodal-ingress,nodal-master,nodal-proxy,nodectl}' ' ./share/{bash-completion/completions/nodectl,man/man1/nodectl.1,zsh/site-functions/_nodectl}' ')" \
  "$(cd "$work/root/usr" && find . -type f | sort | tr '\n' ' ')"
expect 'and finds what it needs' 'The cluster is up' "$(on_node "$work/root/usr/bin/nodectl" up "${flags[@]}" 2>&1)"

# The tests, on a machine where a cluster runs.
cat >"$work/beside.sh" <<SH
. "$here/cluster.sh"
cluster_start
check 'it has nothing of the other one' has '' '{.items[*].metadata.name}' deployments
on_node nodectl create deployment mine --image=none:1 >/dev/null
SH
check 'a test beside it' env -u NODAL_OWN_MACHINE bash "$work/beside.sh"
expect 'leaves it alone: its Deployments' '^hello$' "$(on_node nodectl get deployments -o 'jsonpath={.items[*].metadata.name}')"
expect 'its parts' 'master.*Running' "$(on_node nodectl status)"
expect 'its application' '^Hello from a pod' "$(on_client curl -sS --max-time 5 "$(on_node nodectl service hello --url)")"
expect 'it has help' 'from a fresh clone' "$(deploy/quickstart --help)"
