#!/usr/bin/env bash
# tests/e2e/faults.sh — what breaks around a node: no Docker, a Docker that goes away, a full disk, ranges used up, power that fails. A clear
# error each time, nothing lost, and all is well again when the cause is gone.
. "$(dirname "$0")/../support/cluster.sh"
k() { on_node kubectl "$@" 2>&1; }

machine_start
up=(nodectl up --node-name node1 --node-ip $node_ip --no-start-docker)
out=$(on_node "${up[@]}" --docker-socket /nowhere/docker.sock 2>&1)
expect 'without Docker, up says so' 'Docker does not answer|/nowhere/docker.sock' "$out"
expect 'and starts nothing' '^0$' "$(pgrep -fc "$NODAL_BIN/nodal-")"
expect 'a wrong flag is said' 'not expected|--nonsense' "$(on_node nodectl up --nonsense 2>&1)"
expect "a wrong range too" "^nodectl: --service-cidr 10.96.0.0/99: an IPv4 range" "$(on_node "${up[@]}" --docker-socket "$work/docker/docker.sock" --service-cidr 10.96.0.0/99 2>&1)"

# The state is on a file system of its own, small enough to be filled; 14 cluster IPs in all.
mkdir -p /var/lib/nodal
mount -t tmpfs -o size=48m tmpfs /var/lib/nodal
mount --make-shared /var/lib/nodal
trap 'umount -l /var/lib/nodal; machine_stop' EXIT
cluster_up --service-cidr 10.96.0.0/28
image web:1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
k create deployment web --image=web:1 --replicas=2 >/dev/null
check 'pods run' k wait --for=condition=available deployment/web --timeout=60s

for i in $(seq 20); do k create service clusterip "s$i" --tcp=80:80; done >"$work/services"
expect 'no cluster IP left' 'no free address is left in 10\.96\.0\.0/28|range is full|failed to allocate' "$(tail -n 1 "$work/services")"
made=$(grep -c created "$work/services")
say "$made Services had an address"
k delete service s1 >/dev/null
expect 'one that is given back can be had' 'created' "$(k create service clusterip again --tcp=80:80)"

# A full disk
for i in 1 2 3 4 5; do k create configmap "full-before-$i" --from-literal=x=y; done >"$work/before-full"
dd if=/dev/zero of=/var/lib/nodal/fill bs=64k >/dev/null 2>&1
for i in $(seq 60); do k create configmap "full-$i" --from-literal="x=$(head -c 30000 /dev/zero | tr '\0' x)"; done >"$work/full"
expect 'a full disk is said' 'disk is full|database or disk is full|InternalError|unavailable' "$(grep -v created "$work/full" | head -n 1)"
expect 'what is there is still read' '2/2' "$(k get deployment web)"
pkill -9 -f "$NODAL_BIN/nodal-master "
still() { k get deployment web | grep -q '2/2'; }
check 'also by a master that starts on the full disk' until_true 20 still
rm /var/lib/nodal/fill
again() { k create configmap after --from-literal=x=y | grep -q created; }
check 'with room again, writes are taken' until_true 20 again
there=$(cat "$work/before-full" "$work/full" | grep -c created)
say "$there ConfigMaps were acknowledged"
expect 'and nothing that was acknowledged is lost' "^$there$" "$(k get configmaps -o name | grep -c full-)"
pkill -9 -f "$NODAL_BIN/nodal-master "
reads() { [ "$(on_node kubectl get configmaps -o name 2>/dev/null | grep -c full-)" = "$there" ]; }
check 'also not by a kill -9' until_true 20 reads

# Docker goes away for a while
before=$(k get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}')
sh "$here/start-docker.sh" kill "$work/docker"
unready() { k get node node1 | grep -q NotReady; }
check 'a node without its engine is not Ready' until_true 60 unready
expect 'and says why' '[Dd]ocker|runtime' "$(k get node node1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}')"
k scale deployment web --replicas=3 >/dev/null
on_node sh "$here/start-docker.sh" dockerd "$work/docker"
ready() { k get node node1 | grep -q ' Ready'; }
check 'with the engine back it is Ready' until_true 60 ready
check 'and does what was asked meanwhile' until_true 60 has 3 '{.status.readyReplicas}' deployment/web
after=$(k get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}')
same=$(printf "%s\n" "$after" | grep -cxF "$before")
expect "the pods are the same, never restarted" "^2\$" "$same"
[ "$same" = 2 ] || { say "before: $before"; say "after: $after"; k get events | tail -n 20; }

# Keys that run out are replaced while everything runs.
master_pid=$(pgrep -f "$NODAL_BIN/nodal-master ")
agent_pid=$(pgrep -f "$NODAL_BIN/nodal-agent ")
rm /var/lib/nodal/master/pki/agent*.crt /var/lib/nodal/master/pki/proxy*.crt
on_node "$NODAL_BIN/nodectl" up >/dev/null
took() { [ "$(grep -c "took the new$2 keys" "/var/log/nodal/$1.log")" = 1 ]; }
check 'the agent takes new keys for the master' until_true 10 took agent ''
check 'and to serve with' until_true 10 took agent ' serving'
check 'the proxy too' until_true 10 took proxy ''
expect 'the master gets through to the agent' '.' "$(k exec deployment/web -- date)"
k scale deployment web --replicas=4 >/dev/null
check 'and the agent to the master' until_true 60 has 4 '{.status.readyReplicas}' deployment/web
expect 'nobody was started anew for it' "^$master_pid $agent_pid\$" "$(pgrep -f "$NODAL_BIN/nodal-master ") $(pgrep -f "$NODAL_BIN/nodal-agent ")"

# The power fails: every process, namespace, link and rule is gone; the disk stays.
k delete service s2 >/dev/null
k expose deployment web --port=80 --target-port=8080 >/dev/null
address=$(k get service web -o 'jsonpath={.spec.clusterIP}')
answered() { [ "$(on_node curl -s --max-time 1 -o /dev/null -w '%{http_code}' "http://$address/")" = 404 ]; }
check 'an application answers' until_true 10 answered
uids() { k get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
before=$(uids)
# shellcheck disable=SC2046 # ids
containers=$(docker inspect -f '{{.State.Pid}}' $(docker ps -q))
pkill -9 -f "$NODAL_BIN/nodectl supervise"
pkill -9 -f "$NODAL_BIN/nodal-"
pkill -9 -f "$work/docker"
# shellcheck disable=SC2086 # process ids
kill -9 $containers
on_node nft flush ruleset
grep -Eo " (/[^ ]*)?(/docker/netns|/var/lib/nodal)/[^ ]*" /proc/mounts | sort -r | xargs -r -n 1 umount -l 2>/dev/null
rm -rf /run/nodal
on_node sh "$here/start-docker.sh" start "$work/docker" >/dev/null
cluster_up
check 'after it the application answers again' until_true 30 answered
restarted() { [ "$(k get pods -l app=web -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}')" = '1 1 1 1' ]; }
check 'every pod was restarted once' until_true 30 restarted
expect 'they are the same' "^$(printf '%s' "$before" | md5sum)$" "$(uids | head -c -1 | md5sum)"
check 'all of them are Ready' until_true 30 has 4 '{.status.readyReplicas}' deployment/web
