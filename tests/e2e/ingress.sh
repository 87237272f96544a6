#!/usr/bin/env bash
# tests/e2e/ingress.sh — HTTP from outside through the ingress: hosts, paths, rewriting, TLS, bad Ingresses beside good ones,
# nginx killed, no request lost while what stands behind is rolled over.
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
chapter_images
apps=$here/../apps
kubectl=$(all_kubectls | tail -n 1)
k() { on_node "$kubectl" "$@" 2>&1; }

expect 'addons list' '^ingress +disabled' "$(on_node nodectl addons list)"
expect 'an unknown addon is said' 'there is no addon nothing' "$(on_node nodectl addons enable nothing 2>&1)"
mkdir "$work/alone"
cp "$NODAL_BIN/nodectl" "$work/alone/"
expect 'a program that is not there is said' "^nodectl: $work/alone/nodal-ingress is not there" "$(on_node "$work/alone/nodectl" addons enable ingress 2>&1)"
expect 'enable' 'The addon ingress is enabled' "$(on_node nodectl addons enable ingress 2>&1)"
expect 'enable again' 'enabled already' "$(on_node nodectl addons enable ingress 2>&1)"
check 'it is a part of the system' until_true 10 sh -c "nsenter --net=/run/netns/$node_ns $kubectl get pods -n kube-system | grep -Eq '^nodal-ingress-node1 +1/1 +Running'"
k apply -f "$apps/recipe-api/deployment.yml" -f "$apps/recipe-api/network.yml" -f "$apps/web-api/deployment.yml" -f "$apps/web-api/network.yml" >/dev/null
check 'recipe-api runs' k rollout status deployment recipe-api --timeout=60s
check 'web-api runs' k rollout status deployment web-api --timeout=60s

fetch() { on_client curl -sS --max-time 4 "$@" 2>&1; }
by_host() { fetch -H "Host: $1" "http://$node_ip$2" "${@:3}"; }
code() { by_host "$1" "$2" -o /dev/null -w '%{http_code}'; }

for version in $(all_kubectls); do
  expect 'the v1beta1 form' 'ingress.networking.k8s.io/web-api-ingress (created|configured|unchanged)' "$(on_node "$version" apply -f "$apps/web-api/ingress.yml" 2>&1)"
done
listed() { k get ingress web-api-ingress | grep -Eq "example.org +$node_ip +80 "; }
check 'it tells its address' until_true 10 listed
check 'the host answers' until_true 5 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: example.org' http://$node_ip/ >/dev/null"
expect 'through to the last pod' 'Chicken' "$(by_host example.org /)"
seen=$(for _ in $(seq 40); do by_host example.org /; done | jq -r .hostname | sort -u | wc -l)
expect 'every replica has its turn' '^3$' "$seen"
expect 'the same as v1' 'number: 1337' "$(k get ingress web-api-ingress -o yaml)"
expect 'another host is nobody' '404' "$(code example.com /)"

on_node "$kubectl" apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: paths}
spec:
  ingressClassName: nginx
  rules:
    - host: paths.example.org
      http:
        paths:
          - {path: /recipes, pathType: Prefix, backend: {service: {name: recipe-api-service, port: {number: 80}}}}
          - {path: /exactly, pathType: Exact, backend: {service: {name: web-api-service, port: {number: 1337}}}}
    - host: "*.wild.example.org"
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: recipe-api-service, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rewrites
  annotations: {nginx.ingress.kubernetes.io/rewrite-target: /recipes/$2}
spec:
  rules:
    - host: rewrite.example.org
      http:
        paths:
          - {path: "/food(/|$)(.*)", pathType: ImplementationSpecific, backend: {service: {name: recipe-api-service, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: fallback}
spec:
  defaultBackend: {service: {name: recipe-api-service, port: {number: 80}}}
YAML
check 'the default backend' until_true 5 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: nobody.example.org' http://$node_ip/recipes/42 >/dev/null"
check 'a prefix' until_true 5 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: paths.example.org' http://$node_ip/recipes/42 >/dev/null"
expect 'is one of whole elements' '404' "$(code paths.example.org /recipesX)"
expect 'an exact path' '404' "$(code paths.example.org /exactly/not)"
expect 'a wildcard host' '200' "$(code one.wild.example.org /recipes/42)"
expect 'is one label' '200' "$(code two.one.wild.example.org /recipes/42)" # of the default backend
expect 'a rewrite with a capture' '200' "$(code rewrite.example.org /food/42)"
expect 'and no other' '404' "$(code rewrite.example.org /food/7)"

# Bad ones beside good ones; the later ones are younger by a second, as their time is told in seconds
sleep 1.1
on_node "$kubectl" apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: bad-pattern}
spec:
  rules:
    - host: bad.example.org
      http: {paths: [{path: "/(", pathType: ImplementationSpecific, backend: {service: {name: recipe-api-service, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: late}
spec:
  rules:
    - host: paths.example.org
      http: {paths: [{path: /recipes, pathType: Prefix, backend: {service: {name: web-api-service, port: {number: 1337}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: lost}
spec:
  rules:
    - host: lost.example.org
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: nowhere, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: sly
  annotations: {nginx.ingress.kubernetes.io/rewrite-target: "/x; } } env SECRET; http { server { location / {"}
spec:
  rules:
    - host: sly.example.org
      http: {paths: [{path: "/a\"; return 200 owned; #", pathType: ImplementationSpecific, backend: {service: {name: recipe-api-service, port: {number: 80}}}}]}
YAML
check 'a missing Service is 503' until_true 5 sh -c "[ \$(nsenter --net=/run/netns/$client_ns curl -s -o /dev/null -w '%{http_code}' -H 'Host: lost.example.org' http://$node_ip/) = 503 ]"
said() { k get events --field-selector "involvedObject.name=$1" -o 'jsonpath={.items[*].message}' | grep -q "$2"; }
check 'and is said' until_true 5 said lost 'Service default/nowhere does not exist'
check 'a bad pattern is refused alone' until_true 10 said bad-pattern 'refuses'
check 'of two the older has the path' until_true 5 said late 'an older Ingress has it'
expect 'and who writes one that is taken is warned' 'Warning: spec.rules\[0\].http.paths\[0\]: host "paths.example.org" and path .* taken by Ingress default/paths' "$(
  k get ingress paths -o json | jq '.metadata |= {name: "taken"} | del(.status)' | on_node nodectl apply -f - 2>&1
)"
on_node "$kubectl" delete ingress taken >/dev/null
expect 'the good ones serve on' '200' "$(code paths.example.org /recipes/42)"
expect 'nothing is smuggled in' '40[04]|50[0-9]|000' "$(code sly.example.org '/a')"
k delete ingress bad-pattern late lost sly >/dev/null
on_node "$kubectl" apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: twins}
spec:
  rules:
    - host: twins.example.org
      http:
        paths:
          - {path: /recipes/42, pathType: Exact, backend: {service: {name: recipe-api-service, port: {number: 80}}}}
          - {path: /recipes/42, pathType: Prefix, backend: {service: {name: nowhere, port: {number: 80}}}}
YAML
twin() { [ "$(code twins.example.org /recipes/42)$(code twins.example.org /recipes/42/x)" = 200503 ]; }
check 'of an exact path and a prefix alike each has its own' until_true 5 twin

# TLS; the Secret comes after the Ingress that names it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=tls.example.org \
  -addext subjectAltName=DNS:tls.example.org -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
on_node "$kubectl" apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: secure}
spec:
  tls: [{hosts: [tls.example.org], secretName: site}]
  rules:
    - host: tls.example.org
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: recipe-api-service, port: {number: 80}}}}]}
YAML
check 'a Secret that is missing is said' until_true 5 said secure 'Secret default/site has no certificate'
k create secret tls site --cert="$work/tls.crt" --key="$work/tls.key" >/dev/null
secure() { fetch --cacert "$work/tls.crt" --resolve "tls.example.org:443:$node_ip" -o /dev/null -w '%{http_code}' https://tls.example.org/recipes/42; }
tls_up() { [ "$(secure)" = 200 ]; }
check 'TLS with the certificate of the Secret' until_true 5 tls_up
expect 'over HTTP/2' '^2$' "$(fetch --cacert "$work/tls.crt" --resolve "tls.example.org:443:$node_ip" -o /dev/null -w '%{http_version}' https://tls.example.org/recipes/42)"
expect 'HTTP is sent there' '^308$' "$(code tls.example.org /recipes/42)"
expect 'a name without a certificate gets none' 'alert|unrecognized|handshake|closed|SSL' "$(fetch -k --resolve "other.example.org:443:$node_ip" https://other.example.org/)"

# Under load. Without a readiness probe a pod counts as ready before its program listens.
k patch deployment recipe-api -p '{"spec":{"template":{"spec":{"containers":[{"name":"recipe-api","readinessProbe":{"httpGet":{"path":"/recipes/42","port":1337},"periodSeconds":1}}]}}}}' >/dev/null
k rollout status deployment recipe-api --timeout=60s >/dev/null
on_client wrk -t2 -c24 -d15s --timeout 5s -H 'Host: paths.example.org' "http://$node_ip/recipes/42" >"$work/wrk" 2>&1 &
load=$!
sleep 2
k rollout restart deployment recipe-api >/dev/null
check 'a rolling update behind the ingress' k rollout status deployment recipe-api --timeout=60s
wait $load
if grep -Eq 'Socket errors|Non-2xx' "$work/wrk"; then
  fail 'it loses no request'
  cat "$work/wrk"
else
  printf 'ok: it loses no request: %s\n' "$(grep 'requests in' "$work/wrk" | sed 's/^ *//')"
fi
reload_file=$work/reloads
(for _ in $(seq 150); do on_client curl -sS -o /dev/null -w '%{http_code}\n' --max-time 3 -H 'Host: paths.example.org' "http://$node_ip/recipes/42" 2>&1; done | sort | uniq -c >"$reload_file") &
load=$!
for i in 1 2 3; do
  k create ingress "more$i" --rule="more$i.example.org/=recipe-api-service:80" >/dev/null
  sleep 0.3
done
wait $load
expect 'new Ingresses disturb nobody' '^ *150 200$' "$(cat "$reload_file")"

# Deaths
master=$(cat /run/nodal/ingress/nginx.pid)
kill -9 "$(pgrep -f "^$NODAL_BIN/nodal-ingress " | head -n 1)"
expect 'without nodal-ingress nginx serves' '200' "$(code paths.example.org /recipes/42)"
check 'which comes back' until_true 10 pgrep -f "^$NODAL_BIN/nodal-ingress "
sleep 1
expect 'and takes over the same nginx' "^$master$" "$(cat /run/nodal/ingress/nginx.pid)"
kill -9 "$master"
check 'a killed master is replaced, its workers make room' until_true 10 sh -c "[ \"\$(cat /run/nodal/ingress/nginx.pid 2>/dev/null)\" != $master ] && nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: paths.example.org' http://$node_ip/recipes/42 >/dev/null"
pkill -9 nginx
check 'a killed nginx is started again' until_true 10 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: paths.example.org' http://$node_ip/recipes/42 >/dev/null"

expect 'disable' 'The addon ingress is disabled' "$(on_node nodectl addons disable ingress 2>&1)"
expect 'then nothing listens' 'refused|connect to server' "$(by_host paths.example.org /)"
expect 'enable once more' 'is enabled' "$(on_node nodectl addons enable ingress 2>&1)"
check 'and all is there' until_true 10 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS -H 'Host: paths.example.org' http://$node_ip/recipes/42 >/dev/null"
on_node nodectl delete >/dev/null 2>&1
expect 'delete leaves no nginx' '^$' "$(pgrep -f /run/nodal/ingress)"
