#!/usr/bin/env bash
# tests/e2e/kubectl.sh — everyday kubectl on the kinds of this server, with each kubectl that is here.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
image web:1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'

app=$work/app.yaml
cat >"$app" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, labels: {app: web}}
data: {greeting: hello, file.txt: "a line\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: word}
data: {password: czNjcmV0}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: robot
      terminationGracePeriodSeconds: 1
      initContainers:
      - {name: first, image: "web:1", command: [sh, -c, "cat /etc/conf/file.txt > /shared/init"], volumeMounts: [{name: shared, mountPath: /shared}, {name: conf, mountPath: /etc/conf}]}
      containers:
      - name: web
        image: web:1
        command: [sh, -c, "echo started $GREETING $PASSWORD on $NODE as $POD_NAME limit $CPU; cat /shared/init /etc/word/password; echo; test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token; exec httpd -f -vv -p 8080 -h /www"]
        ports: [{name: http, containerPort: 8080}]
        env:
        - {name: GREETING, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: word, key: password}}}
        - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}
        livenessProbe: {tcpSocket: {port: http}, periodSeconds: 2}
        readinessProbe: {exec: {command: [test, -f, /shared/init]}, periodSeconds: 1}
        volumeMounts: [{name: shared, mountPath: /shared}, {name: word, mountPath: /etc/word}]
      volumes:
      - {name: shared, emptyDir: {}}
      - {name: conf, configMap: {name: conf}}
      - {name: word, secret: {secretName: word}}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
YAML

# A container added to a running pod.
debugs() {
  local kubectl=$1 pod=$2
  k() { on_node "$kubectl" "$@" 2>&1; }
  state() { k get pod "$pod" -o "jsonpath={.status.ephemeralContainerStatuses[?(@.name==\"$1\")].state}" | grep -q "$2"; }
  local before
  before=$(k get pod "$pod" -o 'jsonpath={.status.containerStatuses[*].containerID}{.status.phase}')
  mkfifo "$work/keys"
  (until_true 20 state looks running; sleep 1; echo 'echo sum $((40+2)); exit 5'; sleep 2) >"$work/keys" &
  timeout 30 script -qefc "nsenter --net=/run/netns/$node_ns $kubectl debug $pod -it --image=web:1 -c looks -- sh" /dev/null <"$work/keys" >"$work/debug" 2>&1
  rm "$work/keys"
  expect 'debug: a shell in the pod' '^sum 42' "$(cat "$work/debug")"
  check 'debug: its end is told' until_true 10 state looks '"exitCode":5'
  k debug "$pod" --image=web:1 -c beside --target=web -- sh -c 'cat /proc/1/cmdline; echo; exec sleep 300' >/dev/null
  check 'debug --target runs' until_true 20 state beside running
  expect 'it sees the processes of its target' 'httpd' "$(k logs "$pod" -c beside | tr '\0' ' ')"
  expect 'exec into it' '^PID|sleep' "$(k exec "$pod" -c beside -- ps)"
  expect 'the pod is what it was' "^$before$" "$(k get pod "$pod" -o 'jsonpath={.status.containerStatuses[*].containerID}{.status.phase}')"
  expect 'describe tells of it' 'Ephemeral Containers:' "$(k describe pod "$pod")"
  expect 'nodectl as well' 'Ephemeral Containers:' "$(on_node nodectl describe pod "$pod")"
  expect 'debug: the output goes on after the input' '^more$' "$(k debug "$pod" -i --image=web:1 -c once -- sh -c 'sleep 2; echo more' </dev/null)"
  expect 'nodectl debug' '^seen$' "$(on_node nodectl debug "$pod" --attach -q --image=web:1 -c mine -- sh -c 'sleep 2; echo seen' 2>&1)"
  expect 'a target that there is not' 'Not found|targetContainerName' "$(k debug "$pod" --image=web:1 -c wrong --target=nobody)"
}

everyday() {
  local kubectl=$1
  k() { on_node "$kubectl" "$@" 2>&1; }
  local objects='configmap/conf|secret/word|serviceaccount/robot|deployment.apps/web|service/web'
  expect 'apply creates' '^5$' "$(k apply -f "$app" | grep -Ec "^($objects) created$")"
  expect 'apply again changes nothing' '^5$' "$(k apply -f "$app" | grep -Ec "^($objects) unchanged$")"
  check 'wait' k wait --for=condition=available deployment/web --timeout=60s
  local pod
  pod=$(k get pods -l app=web -o 'jsonpath={.items[0].metadata.name}')
  expect 'logs' "^started hello s3cret on node1 as $pod limit 500$" "$(k logs "$pod")"
  expect 'an init container wrote, a ConfigMap was mounted' '^a line$' "$(k logs "$pod")"
  expect 'a Secret was mounted' '^s3cret$' "$(k logs "$pod")"
  expect 'a token was mounted' '^token$' "$(k logs "$pod")"
  expect 'logs --tail' '^1$' "$(k logs "$pod" -c web --tail=1 | wc -l)"
  local ip
  ip=$(k get pod "$pod" -o 'jsonpath={.status.podIP}')
  timeout 10 nsenter --net=/run/netns/"$node_ns" "$kubectl" logs -f "$pod" -c web >"$work/follow" 2>&1 &
  local follow=$!
  sleep 0.5
  for _ in 1 2 3 4; do on_node curl -sS -o /dev/null --max-time 2 "http://$ip:8080/nowhere"; done
  check 'logs -f shows what comes' until_true 3 grep -q 'nowhere' "$work/follow"
  kill $follow 2>/dev/null
  wait $follow 2>/dev/null

  expect 'get -o wide' "$pod +1/1 +Running +0 .* 10\.244\.[0-9]+\.[0-9]+ +node1" "$(k get pods -o wide)"
  expect 'get -o yaml' '^  kind: Deployment|^kind: Deployment' "$(k get deployment web -o yaml)"
  expect 'get -o json' '"kind": "Service"' "$(k get service web -o json)"
  expect 'get -o name' '^pod/web-' "$(k get pods -o name)"
  expect 'get all' '^replicaset.apps/web-[a-z0-9]+ +2 +2 +2' "$(k get all)"
  expect 'get of several kinds' '^configmap/conf' "$(k get configmap,secret,serviceaccount)"
  expect 'sort and columns' '^web +2' "$(k get deployment -o 'custom-columns=N:.metadata.name,R:.spec.replicas' --no-headers)"
  expect 'field selector' "^$pod" "$(k get pods --field-selector "metadata.name=$pod" --no-headers)"
  expect 'endpoints' 'web +10\.244\.[0-9.]+:8080,10\.244\.' "$(k get endpoints web)"
  expect 'endpoint slices' 'IPv4 +8080' "$(k get endpointslices)"
  expect 'a watch shows the change' 'watched' "$(
    timeout 5 nsenter --net=/run/netns/"$node_ns" "$kubectl" get configmap conf -w -o 'jsonpath={.data.seen}{"\n"}' &
    sleep 1
    k patch configmap conf --type=merge -p '{"data":{"seen":"watched"}}' >/dev/null
    wait
  )"

  expect 'describe pod' "Successfully assigned $ns/web-.* to node1" "$(k describe pod "$pod")"
  expect 'describe pod: probes' 'Liveness: +tcp-socket :http delay=0s timeout=1s period=2s #success=1 #failure=3' "$(k describe pod "$pod")"
  expect 'describe pod: volumes' 'Type: +EmptyDir' "$(k describe pod "$pod")"
  expect 'describe deployment' 'Replicas: +2 desired \| 2 updated \| 2 total \| 2 available' "$(k describe deployment web)"
  expect 'describe service' 'Endpoints: +10\.244\.' "$(k describe service web)"
  expect 'describe node' 'Allocated resources' "$(k describe node node1)"
  expect 'describe configmap' 'greeting' "$(k describe configmap conf)"

  debugs "$kubectl" "$pod"
  expect 'label' 'labeled' "$(k label pod "$pod" tier=front)"
  expect 'select by label' "^pod/$pod$" "$(k get pods -l 'tier in (front)' -o name)"
  expect 'annotate' 'annotate' "$(k annotate service web note=hello)"
  expect 'strategic patch' 'patched' "$(k patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"MORE","value":"1"}]}]}}}}')"
  expect 'keeps what it does not name' 'GREETING' "$(k get deployment web -o 'jsonpath={.spec.template.spec.containers[0].env[*].name}')"
  check 'and rolls out' k rollout status deployment/web --timeout=60s
  expect 'merge patch' 'patched' "$(k patch service web --type=merge -p '{"metadata":{"annotations":{"note":null}}}')"
  expect 'JSON patch' 'patched' "$(k patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":1}]')"
  expect 'edit' 'edited' "$(KUBE_EDITOR='sed -i s/greeting:.*/greeting:\ bye/' on_node "$kubectl" edit configmap conf 2>&1)"
  expect 'edited value' '^bye$' "$(k get configmap conf -o 'jsonpath={.data.greeting}')"
  expect 'scale' 'scaled' "$(k scale deployment web --replicas=2)"
  expect 'explain' 'tolerations' "$(k explain pod.spec)"
  expect 'explain --recursive' 'httpGet' "$(k explain deployment --recursive)"
  expect 'api-resources' '^deployments +deploy +apps/v1 +true +Deployment' "$(k api-resources)"
  expect 'api-versions' '^discovery.k8s.io/v1$' "$(k api-versions)"
  expect 'cluster-info' 'is running at' "$(k cluster-info)"
  expect 'version' 'v1\.[0-9]+' "$(k version)"
  expect 'auth can-i' '^yes$' "$(k auth can-i create pods)"
  expect 'auth can-i --list' '^\*\.\* +\[\] +\[\] +\[\*\]' "$(k auth can-i --list)"
  expect 'auth can-i of somebody else' '^no( |$)' "$(k auth can-i create pods --as=nobody)"
  expect 'top says what is missing' '[Mm]etrics' "$(k top nodes)"
  expect 'create namespace' 'created' "$(k create namespace "place-$ns")"
  expect 'create in it' 'created' "$(k -n "place-$ns" create configmap here --from-literal=a=b)"
  expect 'every namespace' "^place-$ns +here" "$(k get configmaps -A)"
  expect 'create secret' 'created' "$(k create secret generic made --from-literal=x=y)"
  expect 'run a pod' 'created' "$(k run once --image=web:1 --restart=Never -- sh -c 'echo ran; exit 3')"
  ended() { [ "$(k get pod once -o 'jsonpath={.status.phase}')" = Failed ]; }
  check 'it ends' until_true 20 ended
  expect 'and says how' '^once +0/1 +Error +0' "$(k get pod once)"
  expect 'run one that crashes' 'created' "$(k run crash --image=web:1 -- sh -c 'echo attempt; exit 3')"
  crashed() { k get pod crash | grep -Eq 'CrashLoopBackOff +[1-9]'; }
  check 'it crashes and waits' until_true 30 crashed
  expect 'logs -p' '^attempt$' "$(k logs -p crash)"
  expect 'an event says so' 'Back-off restarting failed container' "$(k describe pod crash)"
  expect 'an image that is nowhere' 'created' "$(k run nowhere --image=no.invalid/nothing:1)"
  unpulled() { k get pod nowhere | grep -Eq 'ErrImagePull|ImagePullBackOff'; }
  check 'is an ErrImagePull' until_true 30 unpulled
  expect 'a command that is nowhere' 'created' "$(k run missing --image=web:1 --command -- /no/such/program)"
  unrun() { k get pod missing | grep -Eq 'RunContainerError|CrashLoopBackOff|StartError'; }
  check 'is a RunContainerError' until_true 30 unrun
  expect 'too large a pod' 'created' "$(k run large --image=web:1 --dry-run=client -o json | sed 's/"resources": {}/"resources": {"requests": {"cpu": "1k"}}/' | k create -f -)"
  unfit() { k describe pod large | grep -q '0/1 nodes are available: 1 Insufficient cpu'; }
  check 'says why it is Pending' until_true 10 unfit

  k create deployment twice --image=web:1 >/dev/null
  check 'a Deployment runs' k wait --for=condition=available deployment/twice --timeout=30s
  k delete deployment twice >/dev/null
  k create deployment twice --image=web:1 >/dev/null
  check 'deleted and at once made again, it runs again' k wait --for=condition=available deployment/twice --timeout=30s
  k delete deployment twice >/dev/null

  # Wrong things
  expect 'an unknown name' '^Error from server \(NotFound\): pods "none" not found$' "$(k get pod none)"
  expect 'a taken name' 'AlreadyExists|already exists' "$(k create configmap conf)"
  expect 'a bad name' 'Invalid value|is invalid' "$(k create configmap Bad_Name)"
  expect 'an immutable field' 'field is immutable' "$(k patch deployment web --type=merge -p '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}')"
  expect 'a bad selector' 'unable to parse|invalid' "$(k get pods -l 'a in (')"
  expect 'a port out of range' 'must be between 1 and 65535' "$(k patch service web -p '{"spec":{"ports":[{"port":99999}]}}')"
  expect 'a conflict' 'Conflict|the object has been modified' "$(k get configmap conf -o json | sed 's/"resourceVersion": "[0-9]*"/"resourceVersion": "1"/' | k replace -f -)"
  expect 'an unknown field' 'unknown field' "$(printf 'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n' | k apply -f -)"

  local mixed
  mixed=$(printf 'apiVersion: v1\nkind: Deployment\nmetadata: {name: x}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside}\n' | k apply -f -)
  expect 'a wrong apiVersion' 'no matches for kind "Deployment" in version "v1"' "$mixed"
  expect 'a kind that is not served' 'no matches for kind "PersistentVolumeClaim" in version "v1"' "$mixed"
  expect 'the rest of the file goes on' '^configmap/beside created$' "$mixed"
  k delete configmap beside >/dev/null
  expect 'a variable that is there twice' 'env\[1\]: hides previous definition of "A"' "$(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: i, env: [{name: A, value: a}, {name: A, value: b}]}]}\n' | k create --dry-run=server -f -)"
  expect 'cluster-info dump' '"kind": "DaemonSetList"' "$(k cluster-info dump)"

  expect 'labels that are none' 'spec.template.labels: Invalid value: "a b"' "$(k patch deployment web -p '{"spec":{"template":{"metadata":{"labels":{"x":"a b"}}}}}')"
  expect 'a share that is none' 'maxSurge: Invalid value: "abc"' "$(k patch deployment web -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"abc"}}}}')"
  expect 'a Secret without its keys' 'data\[tls.key\]: Required value' "$(printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ntype: kubernetes.io/tls\nstringData: {tls.crt: a}\n' | k create -f -)"
  expect 'a class that there is not' 'no PriorityClass with name high was found' "$(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priorityClassName: high, containers: [{name: c, image: "web:1"}]}\n' | k create -f -)"
  expect 'a pod that waits at a gate' 'created' "$(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: gated}\nspec: {schedulingGates: [{name: wait}], terminationGracePeriodSeconds: 0, containers: [{name: c, image: "web:1"}]}\n' | k create -f -)"
  expect 'changes little' 'pod updates may not change fields' "$(k patch pod gated --type=merge -p '{"spec":{"hostname":"x"}}')"
  expect 'and runs without it' 'patched' "$(k patch pod gated --type=merge -p '{"spec":{"schedulingGates":null}}')"
  check 'it runs' k wait --for=condition=Ready pod/gated --timeout=30s
  k delete pod gated >/dev/null
  if k get --help | grep -q -- --subresource; then
    expect 'a Scale' '^web +[0-9]+ +[0-9]+ ' "$(k get deployment web --subresource=scale)"
  fi
  if k create --help | grep -q 'token '; then
    expect 'a token of two days' '^172800$' "$(k create token robot --duration=48h -o 'jsonpath={.spec.expirationSeconds}')"
    expect 'a TokenReview says whose it is' "^system:serviceaccount:$ns:robot$" "$(printf 'apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nspec: {token: %s}\n' "$(k create token robot)" | k create -f - -o 'jsonpath={.status.user.username}')"
    expect 'bound to a Secret' '^Secret$' "$(k create token robot --bound-object-kind=Secret --bound-object-name=word -o 'jsonpath={.spec.boundObjectRef.kind}')"
  fi

  expect 'delete by file' '^5$' "$(k delete -f "$app" | grep -c deleted)"
  expect 'delete by name' 'deleted' "$(k delete pod once crash nowhere missing large --grace-period=1)"
  expect 'delete a namespace' 'deleted' "$(k delete namespace "place-$ns")"
  expect 'with all that was in it' '^0$' "$(k get configmaps -A | grep -c "^place-$ns ")"
  k delete secret made >/dev/null
  empty() { [ "$(k get pods,rs,deployments)" = "No resources found in $ns namespace." ]; }
  check 'then nothing is left' until_true 60 empty
}

each_kubectl everyday
