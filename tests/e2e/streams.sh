#!/usr/bin/env bash
# tests/e2e/streams.sh — exec, attach, run -it, cp, port-forward and logs of several pods, over SPDY and WebSocket, as
# each kubectl speaks them; and clients that vanish.
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
root=$(busybox_root)
for tool in tar stty; do ln -sf busybox "$root/bin/$tool"; done
image box:v1 "$root" -c 'CMD ["sleep","1000"]'
short='{"spec":{"terminationGracePeriodSeconds":1}}'
newest=$(all_kubectls | tail -n 1)
on_node "$newest" run box --image=box:v1 --overrides="$short" >/dev/null
on_node "$newest" run web --image=box:v1 --labels=app=web --overrides="$short" -- httpd -f -v -p 8080 -h /etc >/dev/null
on_node "$newest" apply -f - >/dev/null <<'YAML'
{apiVersion: v1, kind: Pod, metadata: {name: shell}, spec: {terminationGracePeriodSeconds: 1, containers: [
  {name: shell, image: "box:v1", command: [sh], stdin: true}]}}
YAML
check 'pods run' on_node "$newest" wait --for=condition=Ready pod/box pod/web pod/shell --timeout=30s
head -c 3000000 /dev/urandom >"$work/big"

box_id=$(docker ps --format '{{.ID}} {{.Command}}' | grep 'sleep 1000' | awk '{print $1}')

streams() {
  local kubectl=$1
  k() { timeout 20 nsenter --net=/run/netns/"$node_ns" "$kubectl" "$@"; }
  terminal() { timeout 20 script -qefc "nsenter --net=/run/netns/$node_ns $kubectl $1" /dev/null </dev/null | tr -d '\r\000'; }

  expect 'exec' '^hello$' "$(k exec box -- echo hello)"
  k exec box -- sh -c 'echo out; echo err >&2; exit 3' >"$work/out1" 2>"$work/err1"
  expect 'exec: its exit code' '^3$' "$?"
  expect 'exec: stdout apart' '^out$' "$(cat "$work/out1")"
  expect 'exec: from stderr' '^err$' "$(cat "$work/err1")"
  expect 'exec: stdin and its end' '^4$' "$(printf 'a\nb\nc\nd\n' | k exec -i box -- sh -c 'n=0; while read -r _; do n=$((n+1)); done; echo $n')"
  k exec -i box -- sh -c 'cat >/tmp/big' <"$work/big"
  check 'exec: three megabytes there and back' cmp "$work/big" <(k exec box -- cat /tmp/big)
  expect 'exec: a terminal' 'tty$' "$(terminal "exec -it box -- sh -c 'test -t 0 && echo tty'")"
  expect 'exec: a command that is not there' 'executable file not found' "$(k exec box -- nosuch 2>&1)"
  expect 'exec: a pod that is not there' 'NotFound' "$(k exec nopod -- true 2>&1)"
  expect 'exec: a container that is not there' 'container bad is not valid for pod box|container not found' "$(k exec box -c bad -- true 2>&1)"
  check 'cp there' k cp "$work/big" box:/tmp/copy
  check 'cp back' k cp box:/tmp/copy "$work/back"
  check 'the same' cmp "$work/big" "$work/back"
  rm -f "$work/back"
  expect 'attach' '^typed$' "$( (echo 'echo typed'; sleep 1) | timeout 3 nsenter --net=/run/netns/"$node_ns" "$kubectl" attach -i shell 2>/dev/null)"
  expect 'run -i --rm' '^hi there$' "$(k run -i --rm --restart=Never once --image=box:v1 --overrides="$short" -- sh -c 'sleep 1; echo hi there' </dev/null 2>/dev/null)"
  expect 'run -i --rm: ended before anybody was attached' '^quick$' "$(k run -i --rm --restart=Never fast --image=box:v1 --overrides="$short" -- echo quick </dev/null 2>/dev/null)"
  expect 'run -it --rm: nothing is left' 'NotFound' "$(k get pod once 2>&1)"
  expect 'logs of several pods' '^\[pod/web/web\] ' "$(k exec box -- wget -qO- "http://$(k get pod web -o 'jsonpath={.status.podIP}'):8080/passwd" >/dev/null; k logs -l app=web --prefix --tail=1)"

  timeout 15 nsenter --net=/run/netns/"$node_ns" "$kubectl" port-forward pod/web 18080:8080 >"$work/forward" 2>&1 &
  local forward=$!
  check 'port-forward listens' until_true 10 grep -q 'Forwarding from 127.0.0.1:18080' "$work/forward"
  local i good=0
  for i in 1 2 3 4 5 6 7 8; do on_node curl -sS --max-time 5 http://127.0.0.1:18080/passwd >"$work/pf$i" 2>&1 & done
  wait $(jobs -p | grep -v "^$forward$")
  for i in 1 2 3 4 5 6 7 8; do grep -q '^root:' "$work/pf$i" && good=$((good + 1)); done
  expect 'port-forward: eight connections at once' '^8$' "$good"
  kill $forward
  wait $forward 2>/dev/null
  timeout 15 nsenter --net=/run/netns/"$node_ns" "$kubectl" port-forward pod/web 18081:9 >"$work/forward" 2>&1 &
  forward=$!
  check 'port-forward listens again' until_true 10 grep -q 'Forwarding from 127.0.0.1:18081' "$work/forward"
  on_node curl -sS --max-time 5 http://127.0.0.1:18081/ >/dev/null 2>&1
  check 'port-forward: a port where nobody listens is told' until_true 5 grep -qi 'refused' "$work/forward"
  kill $forward 2>/dev/null
  wait $forward 2>/dev/null

  # A client that vanishes takes its command with it.
  nsenter --net=/run/netns/"$node_ns" "$kubectl" exec box -- sleep 765 >/dev/null 2>&1 &
  local client=$!
  check 'a long command runs' until_true 10 sh -c "docker top $box_id | grep -q 'sleep 765'"
  kill -9 $client
  wait $client 2>/dev/null
  check 'and ends with its client' until_true 10 sh -c "! docker top $box_id | grep -q 'sleep 765'"
}

for kubectl in $(all_kubectls); do
  echo "-- $("$kubectl" version --client 2>/dev/null | head -n 1)"
  streams "$kubectl"
done
expect 'nothing but itself runs in the pod' '^2$' "$(docker top "$box_id" | wc -l)"
check 'the agent holds no stream threads' until_true 20 sh -c "! ps -L -o comm= -p \$(pgrep -f '^[^ ]*nodal-agent ' | head -n 1) | grep -q 'stream-in\|port-forward'"
