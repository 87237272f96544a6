#!/usr/bin/env bash
# tests/e2e/kill.sh — kill -9 of every daemon in turn while a client sends requests through a NodePort: no request fails,
# no container restarts, and the cluster does its work afterwards.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
root=$(busybox_root)
echo 'served' >"$root/www/index.html"
image web:1 "$root" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
k() { on_node kubectl "$@"; }

cat >"$work/web.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, failureThreshold: 2}
        livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
YAML
k apply -f "$work/web.yaml" >/dev/null
check 'the application is there' k wait --for=condition=available deployment/web --timeout=60s
port=$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')
check 'its NodePort answers' until_true 10 on_client curl -fsS --max-time 2 "http://$node_ip:$port/"

# The load: as many requests as one client gets done, each on a connection of its own, until told to stop.
cat >"$work/load.sh" <<'SH'
good=0 bad=0
while [ ! -e "$1/stop" ]; do
  if out=$(curl -sS --max-time 5 "$2" 2>&1) && [ "$out" = served ]; then good=$((good + 1)); else bad=$((bad + 1)); echo "$(date +%T.%N) $out" >>"$1/bad"; fi
done
echo "$good $bad" >"$1/$3.count"
SH
for client in 1 2; do
  on_client bash "$work/load.sh" "$work" "http://$node_ip:$port/" $client &
done
loads=$(jobs -p)

before=$(docker ps --no-trunc -q --filter label=io.nodal.type=container | sort)
identity() { k get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\n"}{end}' | sort; }
expect 'three containers run' '^3$' "$(printf '%s\n' "$before" | grep -c .)"
pods=$(identity)

for daemon in nodal-proxy nodal-agent nodal-master nodal-proxy nodal-agent nodal-master; do
  pid=$(pgrep -f "$NODAL_BIN/$daemon " | head -n 1)
  kill -9 "$pid"
  back() { now=$(pgrep -f "$NODAL_BIN/$daemon " | head -n 1) && [ -n "$now" ] && [ "$now" != "$pid" ]; }
  check "$daemon comes back after kill -9" until_true 20 back
  sleep 1.5
done
supervisor=$(pgrep -f 'nodectl supervise' | head -n 1)
kill -9 "$supervisor"
sleep 1
check 'nodectl up mends a killed supervisor' on_node nodectl up --docker-socket "$work/docker/docker.sock" --no-start-docker --node-name node1 --node-ip $node_ip

# The engine dies and comes back: containers go on (live-restore), and so does the agent.
sh "$here/start-docker.sh" kill "$work/docker"
sleep 2
on_node sh "$here/start-docker.sh" dockerd "$work/docker"
sleep 2

expect 'pods, restarts and readiness are what they were' "^same$" "$([ "$(identity)" = "$pods" ] && echo same || { echo "$pods"; identity; })"
expect 'the containers are the same' '^same$' "$([ "$(docker ps --no-trunc -q --filter label=io.nodal.type=container | sort)" = "$before" ] && echo same)"

check 'the cluster still scales' k scale deployment web --replicas=5
check 'to five' until_true 60 has 5 '{.status.readyReplicas}' deployment/web
k delete pod "$(k get pods -o name -l app=web | head -n 1 | cut -d/ -f2)" --wait=false >/dev/null
check 'a deleted pod is replaced' until_true 60 has 5 '{.status.readyReplicas}' deployment/web

touch "$work/stop"
wait $loads
good=0 bad=0
for count in "$work"/*.count; do
  read -r g b <"$count"
  good=$((good + g)) bad=$((bad + b))
done
say "$good requests answered, $bad failed"
expect 'many requests' '^[0-9]{3,}$' "$good"
expect 'none failed' '^0$' "$bad"
[ ! -e "$work/bad" ] || head -5 "$work/bad"
