#!/usr/bin/env bash
# tests/bench/ingress.sh — requests per second through the ingress beside a plain nginx that proxies to the same pods; how
# long a new Service takes to answer. One machine, one run: the ratios count.
#   NODAL_BIN   the folder of the built programs
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
chapter_images
apps=$here/../apps
kubectl=$(all_kubectls | tail -n 1)
k() { on_node "$kubectl" "$@" 2>&1; }
on_node nodectl addons enable ingress >/dev/null
k apply -f "$apps/recipe-api/deployment.yml" -f "$apps/recipe-api/network.yml" >/dev/null
k create ingress bench --rule='bench.example.org/*=recipe-api-service:80' >/dev/null
k rollout status deployment recipe-api --timeout=60s >/dev/null
until_true 10 on_client curl -fsS -H 'Host: bench.example.org' "http://$node_ip/recipes/42"

# Plain nginx: the pods' addresses in its configuration, connections kept.
mkdir -p "$work/plain"
{
  echo "worker_processes auto; worker_rlimit_nofile 65536; pid $work/plain/pid; error_log /dev/null; events { worker_connections 16384; }"
  echo 'http { access_log off; upstream pods { keepalive 256; keepalive_requests 10000;'
  for ip in $(k get pods -l app=recipe-api -o 'jsonpath={.items[*].status.podIP}'); do echo "server $ip:1337;"; done
  echo '} server { listen 8088; location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_pass http://pods; } } }'
} >"$work/plain.conf"
on_node nginx -p "$work/plain" -c "$work/plain.conf"
rate() { on_client wrk -t2 -c32 -d6s -H 'Host: bench.example.org' "$1" | awk '/Requests\/sec/ {print $2}'; }
rate "http://$node_ip/recipes/42" >/dev/null
best_ingress=0 best_plain=0
for _ in 1 2 3; do
  a=$(rate "http://$node_ip/recipes/42") b=$(rate "http://$node_ip:8088/recipes/42")
  best_ingress=$(printf '%s\n' "$best_ingress" "$a" | sort -g | tail -n 1)
  best_plain=$(printf '%s\n' "$best_plain" "$b" | sort -g | tail -n 1)
done
kill "$(cat "$work/plain/pid")"
awk -v a="$best_ingress" -v b="$best_plain" 'BEGIN {printf "ingress: %.0f requests/s, plain nginx to the same pods %.0f, ratio %.2f (target 0.9)\n", a, b, a / b}'

# apply of a Service → the first connection through it.
cat >"$work/service.py" <<'PY'
import json, socket, ssl, subprocess, sys, time
kubectl, times = sys.argv[1], []
proxy = subprocess.Popen([kubectl, "proxy", "--port=18099"], stdout=subprocess.PIPE)
proxy.stdout.readline()
import http.client
for i in range(20):
    c = http.client.HTTPConnection("127.0.0.1", 18099)
    body = json.dumps({"metadata": {"name": f"b{i}"}, "spec": {"selector": {"app": "recipe-api"}, "ports": [{"port": 80, "targetPort": 1337}]}})
    c.request("POST", "/api/v1/namespaces/default/services", body, {"Content-Type": "application/json"})
    ip = json.loads(c.getresponse().read())["spec"]["clusterIP"]
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection((ip, 80), timeout=1).close()
            break
        except OSError:
            time.sleep(0.0005)
    times.append((time.monotonic() - begun) * 1000)
proxy.kill()
times.sort()
print(f"Service written -> first connection: p50 {times[10]:.1f} ms, worst of 20 {times[-1]:.1f} ms (target p50 30)")
PY
on_node python3 "$work/service.py" "$kubectl"
