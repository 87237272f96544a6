#!/usr/bin/env bash
# tests/e2e/network.sh — Services and DNS as pods, the node and the outside see them.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
root=$(busybox_root)
image web:1 "$root" -c 'CMD ["/bin/sh","-c","hostname > /www/index.html; exec httpd -f -p 8080 -h /www"]'
k() { on_node kubectl "$@"; }
cat >"$work/net.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: web:1
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1, failureThreshold: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec: {selector: {app: web}, sessionAffinity: ClientIP, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {type: NodePort, selector: {app: nobody}, ports: [{port: 80, nodePort: 30999}]}
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec: {ports: [{name: echo, port: 7, protocol: UDP, targetPort: 7007}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: echo-outside, labels: {kubernetes.io/service-name: echo}}
addressType: IPv4
endpoints: [{addresses: [172.31.87.3]}]
ports: [{name: echo, port: 7007, protocol: UDP}]
---
apiVersion: v1
kind: Pod
metadata: {name: named, labels: {app: named}}
spec:
  hostname: one
  subdomain: peers
  terminationGracePeriodSeconds: 1
  containers: [{name: sleep, image: "web:1", command: [sleep, "1000"]}]
YAML
k apply -f "$work/net.yaml" >/dev/null
check 'the application is there' k wait --for=condition=available deployment/web --timeout=60s
check 'the client is there' k wait --for=condition=Ready pod/named --timeout=30s
client=$(docker ps -q --filter label=io.kubernetes.pod.name=named --filter label=io.nodal.type=container)
in_pod() { docker exec "$client" "$@" 2>&1; }
ip_of() { k get service "$1" -o 'jsonpath={.spec.clusterIP}'; }
ask() { on_node dig +time=2 +tries=1 +short @10.96.0.10 "$@"; }
backends() { for _ in $(seq "${2:-40}"); do "${@:3}" "$1"; done | sort -u | wc -l; }

# Names
expect 'a Service has an A record' "^$(ip_of web)$" "$(ask web.default.svc.cluster.local)"
expect 'over TCP as well' "^$(ip_of web)$" "$(ask +tcp web.default.svc.cluster.local)"
expect 'a port has an SRV record' '^0 [0-9]+ 80 web\.default\.svc\.cluster\.local\.$' "$(ask SRV _http._tcp.web.default.svc.cluster.local)"
expect 'an address has a PTR record' '^web\.default\.svc\.cluster\.local\.$' "$(ask -x "$(ip_of web)")"
expect 'a headless Service has its endpoints' '^3$' "$(ask peers.default.svc.cluster.local | grep -c '^10\.244\.')"
expect 'a pod has its name' '^10\.244\.' "$(ask "$(k get pod named -o 'jsonpath={.status.podIP}' | tr . -).default.pod.cluster.local")"
expect 'what is not there is NXDOMAIN' 'NXDOMAIN' "$(on_node dig +time=2 @10.96.0.10 none.default.svc.cluster.local)"
expect 'a name without the type is NOERROR' 'status: NOERROR' "$(on_node dig +time=2 @10.96.0.10 AAAA web.default.svc.cluster.local)"
expect 'the domain has a name server, and it an address' '^10\.96\.0\.10$' "$(ask "$(ask NS cluster.local)")"
expect 'EDNS0' 'EDNS: version: 0' "$(on_node dig +time=2 +edns @10.96.0.10 web.default.svc.cluster.local)"
expect 'a pod finds it by its short name' '^web-' "$(in_pod timeout 5 wget -qO- http://web/)"
expect 'by its long name' '^web-' "$(in_pod timeout 5 wget -qO- http://web.default.svc.cluster.local/)"
search() { nsenter --net="/proc/$(docker inspect -f '{{.State.Pid}}' "$client")/ns/net" dig +time=2 +tries=1 "$@" @10.96.0.10; }
expect 'a pod'"'"'s search path is completed in one question' '^kubernetes\.default\.svc\.cluster\.local\.$' "$(search +short kubernetes.default.default.svc.cluster.local)"
expect 'in its own namespace alone' 'NXDOMAIN' "$(search kubernetes.default.kube-system.svc.cluster.local)"
expect 'of words that nobody has nothing is made' 'NXDOMAIN' "$(search none.default.svc.cluster.local)"
expect 'and only pods have a search path' 'NXDOMAIN' "$(on_node dig +time=2 @10.96.0.10 kubernetes.default.default.svc.cluster.local)"
expect 'and the API server' 'kubernetes.default.svc.cluster.local' "$(in_pod nslookup kubernetes.default.svc.cluster.local)"

# Services
port=$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')
expect 'a ClusterIP reaches every backend, from the node' '^3$' "$(backends "http://$(ip_of web)/" 40 on_node curl -sS --max-time 2)"
expect 'and from a pod' '^3$' "$(backends "http://$(ip_of web)/" 40 in_pod timeout 3 wget -qO-)"
expect 'a NodePort does, from outside' '^3$' "$(backends "http://$node_ip:$port/" 40 on_client curl -sS --max-time 2)"
expect 'and from the node itself' '^web-' "$(on_node curl -sS --max-time 2 "http://$node_ip:$port/")"
expect 'but never on loopback' 'refused|failed|timed out|connect to server' "$(on_node curl -sS --max-time 2 "http://127.0.0.1:$port/" 2>&1)"
expect 'affinity keeps a client where it is' '^1$' "$(backends "http://$(ip_of sticky)/" 20 on_node curl -sS --max-time 2)"
expect 'without endpoints it is refused at once' 'refused|connect to server' "$(on_client curl -sS --max-time 3 "http://$node_ip:30999/" 2>&1)"
expect 'on the ClusterIP too' 'refused|connect to server' "$(on_node curl -sS --max-time 3 "http://$(ip_of nobody)/" 2>&1)"
expect 'and from a pod' 'refused' "$(in_pod timeout 5 wget -qO- "http://$(ip_of nobody)/")"
expect 'another port of a ClusterIP is refused at once' 'refused|connect to server' "$(on_node curl -sS --max-time 3 "http://$(ip_of web):81/" 2>&1)"
expect 'and from a pod' 'refused' "$(in_pod timeout 5 wget -qO- "http://$(ip_of web):81/")"
expect 'so is a ClusterIP that nobody has' 'refused' "$(in_pod timeout 5 wget -qO- http://10.96.255.254/)"
cat >"$work/udp.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
if sys.argv[1] == "serve":
    s.settimeout(None)
    s.bind((sys.argv[2], int(sys.argv[3])))
    while True:
        data, who = s.recvfrom(100)
        s.sendto(b"pong " + data, who)
s.sendto(b"ping", (sys.argv[2], int(sys.argv[3])))
print(s.recv(100).decode())
PY
nsenter --net=/run/netns/"$client_ns" python3 "$work/udp.py" serve $client_ip 7007 >/dev/null 2>&1 &
server=$!
sleep 0.5
expect 'UDP, to an endpoint that is no pod' '^pong ping$' "$(on_node python3 "$work/udp.py" ask "$(ip_of echo)" 7)"
# The same client, from the same port, after the endpoint has moved.
cat >"$work/flow.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
for _ in range(40):
    s.sendto(b"ping", (sys.argv[1], int(sys.argv[2])))
    try:
        print(s.recvfrom(100)[0].decode(), flush=True)
    except OSError:
        print("silence", flush=True)
    time.sleep(0.1)
PY
sed 's/b"pong "/b"new "/' "$work/udp.py" >"$work/udp2.py"
nsenter --net=/run/netns/"$client_ns" python3 "$work/udp2.py" serve $client_ip 7008 >/dev/null 2>&1 &
second=$!
nsenter --net=/run/netns/"$node_ns" python3 "$work/flow.py" "$(ip_of echo)" 7 >"$work/flow" 2>&1 &
flow=$!
until_true 3 grep -q pong "$work/flow"
k get endpointslice -l kubernetes.io/service-name=echo -o json | sed 's/7007/7008/' | k replace -f - >/dev/null 2>&1
check 'a UDP flow follows its Service to another endpoint' until_true 5 grep -q '^new ping' "$work/flow"
kill $flow $second $server
one=$(docker ps -q --filter label=io.kubernetes.container.name=web | head -n 1)
expect 'a backend reaches its own Service, and itself through it' '^3$' "$(backends "http://$(ip_of web)/" 40 docker exec "$one" timeout 3 wget -qO-)"
expect 'a pod of the node is reached from the node' '^web-' "$(on_node curl -sS --max-time 2 "http://$(k get pods -l app=web -o 'jsonpath={.items[0].status.podIP}'):8080/")"

# Readiness
docker exec "$one" rm /www/index.html
two() { [ "$(k get endpoints web -o 'jsonpath={.subsets[0].addresses[*].ip}' | wc -w)" = 2 ]; }
check 'what is not ready leaves the endpoints' until_true 10 two
sleep 0.2
expect 'and gets no connection' '^2$' "$(backends "http://$(ip_of web)/" 40 on_node curl -sS --max-time 2)"
expect 'but its name stays with the headless ones that are ready' '^2$' "$(ask peers.default.svc.cluster.local | grep -c '^10\.244\.')"

# Somebody flushes the table.
on_node nft flush ruleset
answers() { on_client curl -fsS --max-time 1 "http://$node_ip:$port/"; }
check 'a flushed ruleset is mended' until_true 10 answers
on_node sh -c 'nft flush map ip "$(nft list tables | grep -o "nodal-.")" services'
cluster_ip_answers() { on_node curl -fsS --max-time 1 "http://$(ip_of web)/"; }
check 'so is an emptied map' until_true 10 cluster_ip_answers
expect 'each is noticed once, and what the proxy writes itself is not' '^2$' "$(grep -c 'changed by somebody else' /var/log/nodal/proxy.log)"

# A taken port
expect 'a taken nodePort is said' 'provided port is already allocated' "$(k create service nodeport other --tcp=80:80 --node-port=30999 2>&1)"
k delete -f "$work/net.yaml" --wait=false >/dev/null
released() { k create service nodeport other --tcp=80:80 --node-port=30999; }
check 'and free when its Service is gone' until_true 5 released
