#!/usr/bin/env bash
# tests/bench/streams.sh — the way of exec and of a line of `logs -f`, each beside Docker's own client.
#   NODAL_BIN   the folder of the built programs
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
image web:1 "$(busybox_root)"
kubectl=$(all_kubectls | tail -n 1)
mkdir -p "$work/lines"
mkfifo "$work/lines/in"
exec 9<>"$work/lines/in"
on_node "$kubectl" apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: lines}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: 'web:1', command: [/bin/sh, -c, 'while read -r line; do echo "\$line"; done </lines/in'], volumeMounts: [{name: lines, mountPath: /lines}]}]
  volumes: [{name: lines, hostPath: {path: $work/lines}}]
YAML
on_node "$kubectl" wait --for=condition=Ready pod/lines --timeout=30s >/dev/null
id=$(docker ps -q --filter label=io.kubernetes.container.name=main | head -n 1)

# Milliseconds for each of ten.
round_trips() {
  local begun
  begun=$(date +%s%N)
  for _ in $(seq 10); do "$@" >/dev/null; done
  echo $((($(date +%s%N) - begun) / 10000000))
}
ours=$(round_trips on_node nodectl exec lines -- true) theirs=$(round_trips on_node "$kubectl" exec lines -- true)
floor=$(round_trips docker exec "$id" true)
awk -v a="$ours" -v b="$theirs" -v c="$floor" 'BEGIN {printf "exec of true: nodectl %d ms, kubectl %d ms, docker exec %d ms, ratio %.2f\n", a, b, c, a / c}'

# Each line is the time at which the container got it.
ages() { while read -r sent; do echo "$sent $EPOCHREALTIME"; done; }
median() { awk '{print ($2 - $1) * 1000}' "$1" | sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ages < <(on_node nodectl logs -f lines) >"$work/lines-nodectl" &
ages < <(on_node "$kubectl" logs -f lines) >"$work/lines-kubectl" &
ages < <(docker logs -f "$id") >"$work/lines-docker" &
sleep 1
for _ in $(seq 50); do
  echo "$EPOCHREALTIME" >&9
  sleep 0.05
done
sleep 1
on_node "$kubectl" delete pod lines --now >/dev/null 2>&1
wait
ours=$(median "$work/lines-nodectl") theirs=$(median "$work/lines-kubectl") floor=$(median "$work/lines-docker")
awk -v a="$ours" -v b="$theirs" -v c="$floor" 'BEGIN {printf "a line of logs -f: nodectl %.2f ms, kubectl %.2f ms, docker logs -f %.2f ms (median of 50), ratio %.2f\n", a, b, c, a / c}'
