#!/usr/bin/env bash
# tests/e2e/apply.sh — manifests that change, with each kubectl that is here: server-side apply, conflicts and owners of
# fields, the way there from client-side apply, diff, prune, replace, edit, set and server-side dry runs.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
image web:1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
image web:2 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'

# manifest REPLICAS ENV… on stdout: a Deployment, its Service and a ConfigMap.
manifest() {
  local replicas=$1
  shift
  cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: web:1
        ports: [{containerPort: 8080}]
        env: [$(printf '{name: %s, value: "1"},' "$@")]
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, labels: {app: web}}
data: {a: "1", b: "1"}
---
apiVersion: v1
kind: Secret
metadata: {name: word, labels: {app: web}}
stringData: {password: s3cret}
YAML
}

versions() {
  k get deployment/web service/web configmap/conf secret/word -o 'jsonpath={.items[*].metadata.resourceVersion}'
}
env_names() { k get deployment web -o 'jsonpath={.spec.template.spec.containers[0].env[*].name}'; }
# owner NAME OPERATION: the paths that this manager of the Deployment has, as JSON.
owner() { k get deployment web -o json $managed | python3 -c "
import json, sys
for entry in json.load(sys.stdin)['metadata'].get('managedFields', []):
    if entry['manager'] == '$1' and entry['operation'] == '$2': print(json.dumps(entry['fieldsV1']), entry.get('subresource', ''))"; }

server_side() {
  local objects='deployment.apps/web|service/web|configmap/conf|secret/word' before
  expect 'server-side apply creates' '^4$' "$(manifest 1 A B | k apply --server-side -f - | grep -Ec "^($objects) serverside-applied$")"
  check 'the Deployment comes up' k rollout status deployment/web --timeout=60s
  before=$(versions)
  expect 'again' '^4$' "$(manifest 1 A B | k apply --server-side -f - | grep -Ec "^($objects) serverside-applied$")"
  expect 'changes nothing' "^$before$" "$(versions)"
  expect 'owns what it names' 'k:{\\"name\\": ?\\"web\\"}.*"f:image"' "$(owner kubectl Apply)"
  expect 'and no defaults' '^0$' "$(owner kubectl Apply | grep -c imagePullPolicy)"
  expect 'the controller owns the status it writes' '"f:status".* status$' "$(owner kube-controller-manager Update)"
  if [ -n "$managed" ]; then
    expect 'owners are hidden unless asked for' '^0$' "$(k get deployment web -o yaml | grep -c managedFields)"
  fi

  # Others' fields.
  expect 'scale' 'scaled' "$(k scale deployment web --replicas=2)"
  expect 'a conflict is refused' 'Apply failed with 1 conflict: conflict with "kubectl[^"]*" with subresource "scale" using apps/v1: \.spec\.replicas' \
    "$(manifest 1 A B | k apply --server-side -f -)"
  expect 'and nothing is changed' '^2$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'a dry run of the forced one' 'deployment.apps/web serverside-applied \(server dry run\)' \
    "$(manifest 1 A B | k apply --server-side --force-conflicts --dry-run=server -f -)"
  expect 'changes nothing either' '^2$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'the same value is no conflict' 'deployment.apps/web serverside-applied' "$(manifest 2 A B | k apply --server-side -f -)"
  expect 'force takes it' 'deployment.apps/web serverside-applied' "$(manifest 1 A B | k apply --server-side --force-conflicts -f -)"
  expect 'as wanted' '^1$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'another manager adds an item of a list' 'serverside-applied' "$(k apply --server-side --validate=false --field-manager=mesh -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {mesh: "on"}}
spec: {template: {spec: {containers: [{name: web, env: [{name: MESH, value: "1"}]}]}}}
YAML
)"
  expect 'beside those that are there' '^A B MESH$' "$(env_names)"
  expect 'another manager conflicts with appliers' 'conflict with "kubectl": \.data\.a' "$(k apply --server-side --field-manager=mesh -f - <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: "2"}
YAML
)"

  # What is no longer named goes.
  expect 'diff shows what would go' '^-.*name: B' "$(manifest 1 A | k diff --server-side -f -)"
  manifest 1 A | k diff --server-side -f - >/dev/null
  expect 'diff tells by its status' '^1$' "$?"
  # kubectl compares two moments, between which the status may move.
  same() { manifest 1 A B | k diff --server-side -f -; }
  check 'and that nothing differs' until_true 5 same
  expect 'an item less' 'deployment.apps/web serverside-applied' "$(manifest 1 A C | k apply --server-side -f -)"
  expect 'goes, the others stay' '^A C MESH$' "$(env_names | tr ' ' '\n' | sort | paste -sd ' ')"
  expect 'mesh lets go' 'serverside-applied' "$(printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n' | k apply --server-side --validate=false --field-manager=mesh -f -)"
  expect 'its item goes' '^A C$' "$(env_names)"

  # Subresources.
  if k apply --help | grep -q -- --subresource; then
    expect 'apply of a status' 'deployment.apps/web serverside-applied' "$(k apply --server-side --subresource=status --field-manager=tester -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
status: {conditions: [{type: example.com/Tested, status: "True"}]}
YAML
)"
    expect 'is kept beside the others' 'Available.*Tested|Tested.*Available' "$(k get deployment web -o 'jsonpath={.status.conditions[*].type}')"
  fi

  # Fields the manifest does not know.
  expect 'unknown fields are refused' 'field not declared in schema|unknown field "(spec.)?replicaz"' "$(manifest 1 A | sed 's/replicas:/replicaz:/' | k apply --server-side -f -)"
  expect 'owners are taken away' 'patched' "$(k patch deployment web --type=merge -p '{"metadata":{"managedFields":[{}]}}')"
  expect 'all of them' '^0$' "$(k get deployment web -o json $managed | grep -c '"manager"')"
  expect 'what was there before belongs to nobody by name' 'before-first-apply' "$(manifest 3 A | k apply --server-side -f -)"
  expect 'delete' '^4$' "$(k delete deployment/web service/web configmap/conf secret/word --wait=true | grep -c deleted)"
}

migration() {
  local port said
  manifest 1 A B | k apply -f - >/dev/null
  port=$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')
  expect 'client-side apply owns' '"f:image"' "$(owner kubectl-client-side-apply Update)"
  said=$(manifest 2 A C | k apply --server-side -f -)
  expect 'then server-side: no conflict' 'deployment.apps/web serverside-applied' "$said"
  # kubectl gives up after five conflicts in a row with the status that moves, and leaves it to the next apply.
  case $said in *'retried next time you apply'*)
    say "$said"
    manifest 2 A C | k apply --server-side -f - >/dev/null ;;
  esac
  expect 'the value' '^2$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'the Service keeps its port' "^$port$" "$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')"
  if [ -n "$managed" ]; then
    expect 'what client-side apply had goes' '^A C$' "$(env_names)"
    expect 'its owner is gone' '^$' "$(owner kubectl-client-side-apply Update)"
  fi
  expect 'the annotation follows' 'replicas[\\]?":2' "$(k get deployment web -o 'jsonpath={.metadata.annotations}')"
  expect 'back to client-side' 'deployment.apps/web configured' "$(manifest 3 A C | k apply -f -)"
  expect 'and again' 'configmap/conf unchanged' "$(manifest 3 A C | k apply -f -)"
  manifest 3 A C | k diff -f - >"$work/diff" 2>&1
  expect 'diff agrees' '^0$' "$?"
  expect 'server-side once more' 'deployment.apps/web serverside-applied' "$(manifest 1 A C | k apply --server-side -f -)"
}

# On what migration left.
changes() {
  # prune: a set of objects that a label names. Without a list of kinds kubectl asks for some that are not served.
  local kinds=--prune-allowlist
  [ -n "$managed" ] || kinds=--prune-whitelist
  kinds="$kinds=core/v1/ConfigMap $kinds=core/v1/Secret $kinds=core/v1/Service $kinds=apps/v1/Deployment"
  manifest 1 A C | k apply -f - >/dev/null
  expect 'prune takes what is not in the set' '^configmap/conf pruned$' \
    "$(manifest 1 A C | python3 -c 'import sys; print("---".join(d for d in sys.stdin.read().split("---") if "ConfigMap" not in d))' | k apply --prune -l app=web $kinds -f -)"
  expect 'and nothing else' '^deployment.apps/web service/web secret/word $' "$(k get deployment,service,secret -l app=web -o name | tr '\n' ' ')"
  expect 'a dry run of prune' 'secret/word pruned \(server dry run\)' \
    "$(manifest 1 A C | head -n 15 | k apply --prune -l app=web $kinds --dry-run=server -f -)"

  # replace: the whole object as it is in the file.
  k get deployment web -o yaml >"$work/web.yaml"
  expect 'replace' 'deployment.apps/web replaced' "$(sed 's/  replicas: 1/  replicas: 2/' "$work/web.yaml" | k replace -f -)"
  expect 'replaced' '^2$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'replace with what is old now' 'the object has been modified' "$(k replace -f "$work/web.yaml")"
  local uid
  uid=$(k get deployment web -o 'jsonpath={.metadata.uid}')
  expect 'replace --force' 'deployment.apps/web replaced' "$(manifest 1 A | head -n 15 | k replace --force -f -)"
  expect 'makes another object' 'ok' "$([ "$uid" != "$(k get deployment web -o 'jsonpath={.metadata.uid}')" ] && echo ok)"
  expect 'replace of what is not there' 'not found' "$(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\n' | k replace -f -)"

  # edit
  expect 'edit' 'deployment.apps/web edited' "$(KUBE_EDITOR='sed -i s/replicas:.1/replicas:\ 2/' k edit deployment web)"
  expect 'edited' '^2$' "$(k get deployment web -o 'jsonpath={.spec.replicas}')"
  expect 'edit without a change' 'no changes made' "$(KUBE_EDITOR=true k edit deployment web)"
  expect 'the editor owns it' '"f:replicas"' "$(owner kubectl-edit Update)"

  # set
  expect 'set image' 'image updated' "$(k set image deployment/web web=web:2)"
  expect 'set env' 'env updated' "$(k set env deployment/web NEW=1 A-)"
  expect 'set resources' 'resource requirements updated' "$(k set resources deployment web --requests=cpu=10m --limits=memory=64Mi)"
  k create serviceaccount robot >/dev/null
  expect 'set serviceaccount' 'serviceaccount updated' "$(k set serviceaccount deployment web robot)"
  expect 'set selector' 'selector updated' "$(k set selector service web app=web,tier=front)"
  expect 'all of it' '^web:2 NEW 10m 64Mi robot$' "$(k get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[*].name} {.spec.template.spec.containers[0].resources.requests.cpu} {.spec.template.spec.containers[0].resources.limits.memory} {.spec.template.spec.serviceAccountName}')"
  expect 'of the Service too' 'front' "$(k get service web -o 'jsonpath={.spec.selector}')"
  check 'it rolls out' k rollout status deployment/web --timeout=90s

  # Dry runs on the server: admitted and defaulted, but not kept.
  expect 'dry run of create' 'configmap/dry created \(server dry run\)' "$(k create configmap dry --from-literal=a=1 --dry-run=server)"
  expect 'of apply' 'configmap/dry created \(server dry run\)' "$(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dry}\n' | k apply --dry-run=server -f -)"
  expect 'of server-side apply' 'configmap/dry serverside-applied \(server dry run\)' "$(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dry}\n' | k apply --server-side --dry-run=server -f -)"
  expect 'none of them is there' 'not found' "$(k get configmap dry)"
  expect 'of a change' 'labeled' "$(k label deployment web dry=run --dry-run=server)"
  expect 'of scale' 'scaled' "$(k scale deployment web --replicas=9 --dry-run=server)"
  expect 'of set' 'image updated' "$(k set image deployment/web web=web:9 --dry-run=server)"
  expect 'of delete' 'deleted \(server dry run\)' "$(k delete deployment web --dry-run=server)"
  expect 'all is as it was' '^2 web:2 $' "$(k get deployment web -o 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.labels.dry}')"
  expect 'what validation refuses, a dry run refuses' 'is invalid' "$(manifest -1 A | k apply --dry-run=server -f -)"
  expect 'the end' 'deleted' "$(k delete deployment/web service/web secret/word serviceaccount/robot --wait=true)"
}

for kubectl in $(all_kubectls); do
  k() { on_node "$kubectl" "$@" 2>&1; }
  managed=--show-managed-fields
  k get --help | grep -q show-managed-fields || managed=
  echo "== $("$kubectl" version --client 2>/dev/null | grep -o 'v1\.[0-9.]*' | head -n 1)"
  server_side
  migration
  changes
done
