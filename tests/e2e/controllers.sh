#!/usr/bin/env bash
# tests/e2e/controllers.sh — what the master mends, mirrors, expires and tells by itself.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
image web:1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
k() { on_node kubectl "$@" 2>&1; }

# When nothing happens nobody works: a loop that wakes itself shows here as a core of its own (500 ticks).
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
spins() { # PROGRAM
  local pid before
  pid=$(pgrep -f "$NODAL_BIN/$1 " | head -n 1)
  before=$(ticks "$pid")
  sleep 5
  used=$(($(ticks "$pid") - before))
  [ $used -ge 100 ] || [ "$(awk '/VmRSS/ {print $2}' "/proc/$pid/status")" -ge 100000 ]
}
sleep 2
for program in nodal-master nodal-agent nodal-proxy; do
  if spins $program; then fail "$program rests: $used ticks in 5 s, $(grep VmRSS "/proc/$(pgrep -f "$NODAL_BIN/$program ")/status")"; else printf 'ok: %s rests\n' $program; fi
done

# A Pod right behind its Namespace
cat >"$work/fresh.yaml" <<'YAML'
apiVersion: v1
kind: Namespace
metadata: {name: fresh}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: fresh, labels: {app: web}}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "web:1", ports: [{name: http, containerPort: 8080}]}]}
YAML
expect 'a Namespace and a Pod in it, from one file' 'pod/web created' "$(k apply -f "$work/fresh.yaml")"
check 'the Pod runs' k wait -n fresh --for=condition=Ready pod/web --timeout=30s

# The API's own Service
k delete service kubernetes >/dev/null
back() { k get service kubernetes -o 'jsonpath={.spec.clusterIP}' | grep -q '^10\.96\.0\.1$' && k get endpoints kubernetes | grep -q ':6443'; }
check 'the Service of the API comes back with its address' until_true 10 back

# Endpoints by hand
pod_ip=$(k get pod web -n fresh -o 'jsonpath={.status.podIP}')
k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: outside}
subsets: [{addresses: [{ip: $pod_ip}], ports: [{name: http, port: 8080}]}]
YAML
ip=$(k get service outside -o 'jsonpath={.spec.clusterIP}')
answers() { on_node curl -sS --max-time 1 -o /dev/null "http://$ip/"; }
check 'a Service without a selector leads to the Endpoints that were written' until_true 10 answers
expect 'through a slice that says who made it' 'endpointslicemirroring-controller' "$(k get endpointslices -l kubernetes.io/service-name=outside -o yaml)"
k patch endpoints outside --type=merge -p '{"subsets":[]}' >/dev/null
none() { ! answers; }
check 'and follows them' until_true 10 none
k delete endpoints outside >/dev/null
gone() { k get endpointslices -l kubernetes.io/service-name=outside | grep -q 'No resources'; }
check 'the slices go with them' until_true 10 gone

# A port by a name that no pod has
k expose pod web -n fresh --name=typo --port=80 --target-port=htpt >/dev/null
told() { k get events -n fresh --field-selector reason=NoSuchPort | grep -q 'htpt'; }
check 'a target port that no pod has is told in an event' until_true 10 told

# Ingresses take part in deletion
k create ingress front --rule='a.example/*=web:80' >/dev/null
expect 'an Ingress is deleted in the foreground' 'deleted' "$(k delete ingress front --cascade=foreground --timeout=15s)"
k create configmap owned --from-literal=a=b >/dev/null
k create ingress owner --rule='b.example/*=web:80' >/dev/null
uid=$(k get ingress owner -o 'jsonpath={.metadata.uid}')
k patch configmap owned --type=merge -p "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"name\":\"owner\",\"uid\":\"$uid\"}]}}" >/dev/null
k delete ingress owner >/dev/null
collected() { k get configmap owned | grep -q NotFound; }
check 'what an Ingress owned goes with it' until_true 10 collected
own() { # CONFIGMAP OWNER…
  local map=$1 references='' owner
  shift
  for owner; do
    references+="${references:+,}{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"$owner\",\"uid\":\"$(k get configmap "$owner" -o 'jsonpath={.metadata.uid}')\",\"blockOwnerDeletion\":true}"
  done
  k patch configmap "$map" --type=merge -p "{\"metadata\":{\"ownerReferences\":[$references]}}" >/dev/null
}
for map in leaves stays shared ring1 ring2 ring3; do k create configmap $map --from-literal=a=b >/dev/null; done
own shared leaves stays
expect 'an owner is deleted in the foreground' 'deleted' "$(k delete configmap leaves --cascade=foreground --timeout=15s)"
expect 'what has another owner stays with that one' '^stays$' "$(k get configmap shared -o 'jsonpath={.metadata.ownerReferences[*].name}')"
own ring1 ring3
own ring2 ring1
own ring3 ring2
expect 'owners in a circle are deleted in the foreground' 'deleted' "$(k delete configmap ring1 --cascade=foreground --timeout=15s)"
unringed() { ! k get configmaps | grep -q ring; }
check 'all of them' until_true 10 unringed
event=$(k get events -n fresh -o name | head -n 1)
expect 'an Event too can be deleted in the foreground' 'deleted' "$(k delete -n fresh "$event" --cascade=foreground --timeout=15s)"

# A Namespace that cannot go says why
k create configmap held -n fresh --from-literal=a=b >/dev/null
k patch configmap held -n fresh --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}' >/dev/null
k delete namespace fresh --wait=false >/dev/null
says() { k get namespace fresh -o 'jsonpath={.status.conditions[*].message}' | grep -q 'configmaps\. has 1 resource instances.*example.com/hold in 1 resource'; }
check 'a Namespace in deletion tells what is left and what holds it' until_true 20 says
k patch configmap held -n fresh --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
over() { k get namespace fresh | grep -q NotFound; }
check 'and goes when it is let go' until_true 20 over

# Who am I, as old kubectls ask it
for version in $(all_kubectls); do
  on_node "$version" auth --help 2>&1 | grep -q whoami || continue
  expect "$(basename "$version") auth whoami" 'kubernetes-admin' "$(on_node "$version" auth whoami 2>&1)"
done

# Who did what
audited() { grep -F "$1" /var/log/nodal/audit.log | grep -q "$2"; }
check 'the audit log has who made the Service' audited '"resource":"services"' '"username":"kubernetes-admin".*"name":"outside"'
k get secrets --as=nobody >/dev/null
check 'and who was refused' audited '"resource":"secrets"' '"impersonatedUser":{"username":"nobody"'
expect 'it is for root alone' '^600$' "$(stat -c %a /var/log/nodal/audit.log)"
