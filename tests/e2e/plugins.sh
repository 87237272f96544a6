#!/usr/bin/env bash
# tests/e2e/plugins.sh — pods on somebody else's CNI plugins: Debian's bridge with host-local addresses.
. "$(dirname "$0")/../support/cluster.sh"
[ -x /usr/lib/cni/bridge ] || { echo 'containernetworking-plugins are not installed'; exit 77; }
machine_start
config=/etc/cni/net.d/00-e2e-bridge.conflist
trap 'rm -f $config; rm -rf "$work/leases"; machine_stop' EXIT
mkdir -p /etc/cni/net.d
cat >$config <<JSON
{"cniVersion": "0.4.0", "name": "e2e-bridge", "plugins": [
  {"type": "bridge", "bridge": "e2e0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$work/leases", "ranges": [[{"subnet": "10.244.77.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
cluster_up
root=$(busybox_root)
image web:1 "$root" -c 'CMD ["/bin/sh","-c","hostname > /www/index.html; exec httpd -f -p 8080 -h /www"]'
k() { on_node kubectl "$@" 2>&1; }
k create deployment web --image=web:1 --replicas=2 >/dev/null
check 'pods run' k wait --for=condition=available deployment/web --timeout=60s
expect 'with addresses of that plugin' '10\.244\.77\.[0-9]+ 10\.244\.77\.[0-9]+' "$(k get pods -l app=web -o 'jsonpath={.items[*].status.podIP}')"
k expose deployment web --type=NodePort --port=80 --target-port=8080 >/dev/null
port=$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')
answers() { on_client curl -fsS --max-time 2 "http://$node_ip:$port/"; }
check 'a NodePort reaches them' until_true 10 answers
pod=$(docker ps -q --filter label=io.kubernetes.container.name=web | head -n 1)
expect 'one reaches the Service by its name' '^web-' "$(docker exec "$pod" timeout 5 wget -qO- http://web.default.svc.cluster.local/)"
k delete deployment web >/dev/null
gone() { [ -z "$(docker ps -q --filter label=io.kubernetes.container.name=web)" ] && [ -z "$(find "$work/leases" -name '10.244.*')" ]; }
check 'their addresses are given back' until_true 50 gone

echo '{' >$config
unready() { k get node node1 | grep -q NotReady; }
check 'with a configuration that cannot be read the node is not Ready' until_true 20 unready
expect 'and says which' "network plugin not ready: .*00-e2e-bridge" "$(k get node node1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}')"
