#!/usr/bin/env bash
# tests/e2e/rollout.sh — a Deployment of ten is rolled over while wrk asks through its NodePort without a pause: no request is
# lost, though no container has a preStop hook. Then what else a rollout does.
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
chapter_images
kubectl=$(all_kubectls | tail -n 1)
k() { on_node "$kubectl" "$@" 2>&1; }

k apply -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 10
  revisionHistoryLimit: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: recipe-api:v1
          ports: [{name: http, containerPort: 1337}]
          readinessProbe: {httpGet: {path: /recipes/42, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  type: NodePort
  selector: {app: api}
  ports: [{port: 80, targetPort: http}]
YAML
check 'ten pods run' k rollout status deployment api --timeout=60s
url=$(on_node nodectl service api --url)/recipes/42

# load SECONDS: wrk's account in $work/wrk.
load() { on_client wrk -t2 -c24 -d"$1s" --timeout 5s "$url" >"$work/wrk" 2>&1; }
# nothing_lost WHAT: wrk saw neither a broken connection nor another answer than 2xx.
nothing_lost() {
  if grep -Eq 'Socket errors|Non-2xx' "$work/wrk"; then
    fail "$1"
    sed 's/^/     | /' "$work/wrk"
  else
    printf 'ok: %s: %s\n' "$1" "$(grep 'requests in' "$work/wrk" | sed 's/^ *//')"
  fi
}

load 25 &
under_load=$!
sleep 2
expect 'restart' 'restarted$' "$(k rollout restart deployment api)"
check 'the rollout ends well under load' k rollout status deployment api --timeout=60s
wait $under_load
nothing_lost 'a rolling update under load loses no request'

load 12 &
under_load=$!
sleep 2
k scale deployment api --replicas=3 >/dev/null
wait $under_load
nothing_lost 'scaling down under load loses no request'

load 12 &
under_load=$!
sleep 2
k delete "$(k get pods -l app=api -o name | head -n 1)" --wait=false >/dev/null
wait $under_load
nothing_lost 'deleting a pod under load loses no request'

# A rollout that cannot succeed stops where it is; going back mends it.
k patch deployment api -p '{"spec":{"progressDeadlineSeconds":3}}' >/dev/null
k set image deployment api api=nowhere.invalid/none:v1 >/dev/null
expect 'a rollout that stands still fails after its deadline' 'exceeded its progress deadline' "$(k rollout status deployment api --timeout=30s)"
expect 'and says so' 'Progressing +False +ProgressDeadlineExceeded' "$(k describe deployment api)"
expect 'the old pods serve on' '^200$' "$(on_client curl -sS -o /dev/null -w '%{http_code}' --max-time 3 "$url")"
k scale deployment api --replicas=6 >/dev/null
shared() { [ "$(k get rs -l app=api -o 'jsonpath={range .items[*]}{.spec.replicas}{"\n"}{end}' | awk '$1 > 0' | wc -l)" = 2 ] && [ "$(k get rs -l app=api -o 'jsonpath={range .items[*]}{.spec.replicas}{"\n"}{end}' | awk '{n += $1} END {print n}')" -ge 6 ]; }
check 'scaling meanwhile is shared between both ReplicaSets' until_true 10 shared
k patch deployment api -p '{"spec":{"progressDeadlineSeconds":600}}' >/dev/null
expect 'undo' 'rolled back$' "$(k rollout undo deployment api)"
check 'the rollback ends well' k rollout status deployment api --timeout=60s
check 'old ReplicaSets beyond the limit are gone' until_true 20 sh -c "[ \$(nsenter --net=/run/netns/$node_ns $kubectl get rs -l app=api --no-headers | wc -l) -le 3 ]"

# Recreate: never two templates at once.
k patch deployment api --type=json -p '[{"op":"replace","path":"/spec/strategy","value":{"type":"Recreate"}}]' >/dev/null
k set env deployment api COLOUR=blue >/dev/null
mixed=no
for _ in $(seq 60); do
  hashes=$(k get pods -l app=api -o 'jsonpath={range .items[*]}{.metadata.labels.pod-template-hash}{"\n"}{end}' | sort -u | grep -c .)
  [ "$hashes" -gt 1 ] && mixed=yes
  sleep 0.1
done
expect 'Recreate never mixes two templates' '^no$' "$mixed"
check 'and ends well' k rollout status deployment api --timeout=60s

expect 'pause' 'paused$' "$(k rollout pause deployment api)"
before=$(k get rs -l app=api --no-headers | wc -l)
k set env deployment api COLOUR=red >/dev/null
sleep 1
expect 'paused, a change makes no ReplicaSet' "^$before$" "$(k get rs -l app=api --no-headers | wc -l)"
expect 'resume' 'resumed$' "$(k rollout resume deployment api)"
check 'resumed, it rolls' k rollout status deployment api --timeout=60s
expect 'to the new template' 'red' "$(k get pods -l app=api -o 'jsonpath={.items[0].spec.containers[0].env[0].value}')"
