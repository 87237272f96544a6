#!/usr/bin/env bash
# tests/e2e/nodectl.sh — the same everyday commands with the newest kubectl and with nodectl: what is printed, on both
# outputs, and the exit codes are the same, but for nodectl's hints.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
image web:1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
kubectl=$(all_kubectls | tail -n 1)
[ -n "$kubectl" ] || { echo 'no kubectl to compare with'; exit 77; }
minor=$("$kubectl" version --client -o json 2>/dev/null | jq -r .clientVersion.minor | tr -dc 0-9)

cat >"$work/web.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, labels: {app: web}}
data: {greeting: hello, file.txt: "a line\n"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {note: "of the test"}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      initContainers: [{name: first, image: "web:1", command: [sh, -c, "echo first"]}]
      containers:
      - name: web
        image: web:1
        command: [sh, -c, "echo one; echo two; echo three; exec httpd -f -p 8080 -h /www"]
        ports: [{name: http, containerPort: 8080}]
        env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}, {name: PLAIN, value: text}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}
        livenessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: 3}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: conf, mountPath: /etc/conf}]
      - {name: side, image: "web:1", command: [sh, -c, "echo beside; exec sleep 1000"]}
      volumes: [{name: conf, configMap: {name: conf}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http, nodePort: 30123}]}
YAML
sed 's/greeting: hello/greeting: bye/; s/PLAIN, value: text/PLAIN, value: other/' "$work/web.yaml" >"$work/changed.yaml"
sed 's/matchLabels: {app: web}/matchLabels: {app: other}/; s/name: web,/name: wrong,/' "$work/web.yaml" >"$work/wrong.yaml"
for object in 'v1 good' 'v2 bad' 'v1 better'; do
  # shellcheck disable=SC2086 # two words
  printf -- '---\napiVersion: %s\nkind: ConfigMap\nmetadata: {name: %s}\n' $object
done >"$work/mixed.yaml"
mkdir -p "$work/folder"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' >"$work/folder/a.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n' >"$work/folder/b.yml"

# Every kind that has a page of its own in kubectl, with every field that such a page shows.
cat >"$work/full.yaml" <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: tls}
type: kubernetes.io/tls
data: {tls.crt: YQ==, tls.key: Yg==}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa}
imagePullSecrets: [{name: none}]
secrets: [{name: tls}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: k8s.io/ingress-nginx, parameters: {apiGroup: k8s.example.com, kind: IngressParameters, name: external-lb}}
---
apiVersion: v1
kind: Service
metadata: {name: full, annotations: {note: one}}
spec:
  selector: {app: web}
  type: LoadBalancer
  sessionAffinity: ClientIP
  ports: [{name: http, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {selector: {app: web}, clusterIP: None, publishNotReadyAddresses: true, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ext}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, labels: {a: b}, annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$1, other: "x\ny"}}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: full, port: {number: 80}}}
  tls: [{hosts: [a.example, b.example], secretName: tls}, {hosts: [c.example]}]
  rules:
  - host: a.example
    http: {paths: [{path: /a, pathType: Prefix, backend: {service: {name: full, port: {name: http}}}}, {path: /b, pathType: Exact, backend: {service: {name: missing, port: {number: 80}}}}]}
  - http: {paths: [{pathType: ImplementationSpecific, backend: {service: {name: full, port: {number: 99}}}}]}
  - host: empty.example
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: simple}
spec: {defaultBackend: {service: {name: headless, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: nodef}
spec: {rules: [{host: x, http: {paths: [{path: /, pathType: Prefix, backend: {resource: {apiGroup: k8s.example.com, kind: Bucket, name: static}}}]}}]}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: mine}
spec: {holderIdentity: me, leaseDurationSeconds: 10}
---
apiVersion: v1
kind: Endpoints
metadata: {name: manual, labels: {a: b}}
subsets: [{addresses: [{ip: 10.9.9.9}], notReadyAddresses: [{ip: 10.9.9.8}], ports: [{name: p, port: 80}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice}
addressType: IPv4
ports: [{port: 80, name: ""}]
endpoints: [{addresses: [10.8.8.8], conditions: {ready: true}, hostname: h, nodeName: node1, zone: z, targetRef: {kind: Pod, name: p}}, {addresses: [10.8.8.7]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: full, labels: {app: full}, annotations: {note: "of the test"}}
spec:
  replicas: 1
  minReadySeconds: 1
  strategy: {type: Recreate}
  selector: {matchLabels: {app: full}, matchExpressions: [{key: app, operator: In, values: [full, other]}]}
  template:
    metadata: {labels: {app: full}, annotations: {t: u}}
    spec:
      serviceAccountName: sa
      nodeSelector: {kubernetes.io/os: linux}
      tolerations: [{key: a, operator: Equal, value: b, effect: NoSchedule}, {operator: Exists}]
      priorityClassName: ""
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: full}}}]
      initContainers: [{name: first, image: "web:1", command: [sh, -c, "echo first"]}]
      containers:
      - name: web
        image: web:1
        command: [sh, -c, "echo one; exec httpd -f -p 8080 -h /www"]
        args: ["a b", "c"]
        ports: [{name: http, containerPort: 8080, hostPort: 12345}, {containerPort: 53, protocol: UDP}]
        envFrom: [{configMapRef: {name: conf}, prefix: P_}, {secretRef: {name: tls, optional: true}}]
        env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}, {name: S, valueFrom: {secretKeyRef: {name: tls, key: tls.crt}}}, {name: "N", valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: R, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}, {name: PLAIN, value: "text\nlines"}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}
        livenessProbe: {httpGet: {path: /, port: http, scheme: HTTP, httpHeaders: [{name: X, value: "y"}]}, initialDelaySeconds: 3, timeoutSeconds: 2}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        startupProbe: {exec: {command: [cat, /etc/passwd]}}
        volumeMounts: [{name: conf, mountPath: /etc/conf, readOnly: true}, {name: empty, mountPath: /e, subPath: x}, {name: host, mountPath: /h}, {name: sec, mountPath: /s}, {name: proj, mountPath: /p}, {name: down, mountPath: /d}]
      - {name: side, image: "web:1", command: [sh, -c, "exit 3"]}
      volumes: [{name: conf, configMap: {name: conf, optional: true}}, {name: empty, emptyDir: {sizeLimit: 10Mi}}, {name: host, hostPath: {path: /tmp, type: Directory}}, {name: sec, secret: {secretName: tls}}, {name: proj, projected: {sources: [{configMap: {name: conf}}, {secret: {name: tls}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}, {name: down, downwardAPI: {items: [{path: nm, fieldRef: {fieldPath: metadata.name}}]}}]
YAML

# One command a line; @ is the program, POD a pod of the Deployment. Lines that begin with "quiet" only bring the cluster
# where the next one can be compared; so do those that begin with "newer" when kubectl is older than 1.27 and says
# something else.
commands() {
  cat <<'COMMANDS'
@ get pods
@ get nodes
@ get namespaces
@ get pods -n kube-system
@ apply -f $work/web.yaml --dry-run=server
@ apply -f $work/web.yaml
@ apply -f $work/web.yaml
quiet @ wait --for=condition=available deployment/web --timeout=60s
@ wait --for=condition=available deployment/web --timeout=60s
@ rollout status deployment/web
@ get pods
@ get pods -o wide
@ get all
@ get deployments,services,configmaps -l app=web
@ get pods -L app --show-labels
@ get service web -o yaml
@ get configmap conf -o json
@ get pods -o name
@ get pods -o jsonpath='{range .items[*]}{.status.phase} {.spec.containers[*].name}{"\n"}{end}'
@ get services --sort-by=.metadata.name -o custom-columns=NAME:.metadata.name,TYPE:.spec.type
@ get pods --field-selector=status.phase=Running --no-headers
@ get pod nowhere
@ get pod nowhere --ignore-not-found
@ get nonsense
@ get pods -l 'a in ('
@ get -f $work/web.yaml
@ describe pod POD
@ describe deployment web
@ describe replicaset -l app=web
@ describe service web
@ describe node node1
@ describe namespace default
@ describe configmap conf
@ describe serviceaccount default
@ describe endpoints web
newer @ describe endpointslices -l app=web
quiet @ apply -f $work/full.yaml
quiet @ wait --for=condition=Initialized pod -l app=full --timeout=30s
quiet until_true 30 has 1 '{.items[0].status.containerStatuses[0].restartCount}' pods -l app=full
@ describe deployments
@ describe replicasets -l app=full
@ describe services
@ describe ingresses
@ describe ingressclasses
@ describe serviceaccounts
@ describe leases mine
@ describe endpoints manual
newer @ describe endpointslices slice
@ describe nodes --show-events=false
quiet @ delete -f $work/full.yaml --wait=false
quiet @ wait --for=delete pod -l app=full --timeout=60s
@ describe pod nowhere
newer @ logs POD
@ logs POD -c side
@ logs POD -c first
@ logs POD -c nowhere
@ logs POD --all-containers --prefix
newer @ logs deployment/web --tail=1
newer @ logs -l app=web --tail=2
@ logs nowhere
@ label deployment web tier=front
@ label deployment web tier=back
@ label deployment web tier=back --overwrite
@ label deployment web tier-
@ annotate service web note=hello
@ annotate service web note-
@ scale deployment/web --replicas=2
@ scale deployment/web --replicas=1 --current-replicas=9
quiet @ rollout status deployment/web --timeout=60s
@ apply -f $work/changed.yaml
quiet @ rollout status deployment/web --timeout=60s
@ diff -f $work/changed.yaml
@ set image deployment/web web=web:1
@ set env deployment/web MORE=1
quiet @ rollout status deployment/web --timeout=60s
@ set env deployment/web --list
@ set resources deployment/web -c web --limits=cpu=400m
quiet @ rollout status deployment/web --timeout=60s
@ rollout history deployment/web
@ rollout history deployment/web --revision=2
@ rollout undo deployment/web --to-revision=1
quiet @ rollout status deployment/web --timeout=60s
@ rollout history deployment/web
@ rollout undo deployment/web --to-revision=77
@ rollout pause deployment/web
@ rollout resume deployment/web
@ rollout restart deployment/web
quiet @ rollout status deployment/web --timeout=60s
@ patch deployment web -p '{"spec":{"minReadySeconds":1}}'
@ patch deployment web --type=merge -p '{"spec":{"minReadySeconds":null}}'
@ patch configmap conf --type=json -p '[{"op":"add","path":"/data/k","value":"v"}]'
KUBE_EDITOR='sed -i s/greeting:.*/greeting:\ edited/' @ edit configmap conf
@ get configmap conf -o jsonpath='{.data.greeting}'
@ create deployment made --image=web:1 --port=80
@ create deployment made --image=web:1
@ expose deployment made --port=80 --type=NodePort --dry-run=client -o yaml
@ expose deployment made --port=80
@ create namespace place
@ create configmap here -n place --from-literal=a=b
@ get configmaps -n place here -o jsonpath='{.data}'
@ create secret generic word --from-literal=x=y
@ describe secret word
@ create service clusterip plain --tcp=80:8080
@ apply -f $work/folder
@ delete -f $work/folder
cat $work/folder/a.yaml | @ apply -f -
@ delete configmap a
@ run once --image=web:1 --restart=Never -- sh -c 'echo ran'
quiet until_true 30 has Succeeded '{.status.phase}' pod/once
@ get pod once
@ logs once
@ run talk -i --rm --restart=Never --image=web:1 -- sh -c 'sleep 2; echo said; exit 3'
quiet @ wait --for=delete pod/talk
newer @ run talk --attach --rm -q --restart=OnFailure --image=web:1 -- sh -c 'sleep 2; echo said'
quiet @ wait --for=delete pod/talk
@ run talk --attach --rm --expose --port=80 --pod-running-timeout=1s --image=none:1 --image-pull-policy=Never
@ run talk --rm --image=web:1
@ run talk -t --image=web:1
@ run talk --image=web:1 --privileged --annotations=a=b --overrides='{"spec":{"nodeName":"x"}}' --dry-run=client -o yaml
@ cordon node1
@ get nodes
@ uncordon node1
@ taint node node1 kind=small:PreferNoSchedule
@ taint node node1 kind=big:PreferNoSchedule
@ taint node node1 kind=big:PreferNoSchedule --overwrite
@ taint node node1 kind-
@ taint node node1 kind-
@ taint node node1 kind
@ drain node1 --pod-selector=app=web --ignore-daemonsets --dry-run=client
@ drain node1 --pod-selector=app=web --ignore-daemonsets --delete-emptydir-data --timeout=60s
@ uncordon node1
quiet @ rollout status deployment/web --timeout=60s
@ drain nowhere
@ explain deployment.spec.strategy
@ api-resources
@ auth can-i create deployments.apps
@ auth can-i list nodes
@ auth can-i get foos.bar
@ auth can-i --list
newer @ auth whoami
@ config get-contexts
@ config view
@ config use-context nowhere
@ api-versions
@ apply -f $work/wrong.yaml
@ create service nodeport taken --tcp=80 --node-port=30123
printf 'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n' | @ apply -f -
printf 'apiVersion: v2\nkind: Service\nmetadata: {name: x}\n' | @ apply -f -
@ create -f $work/mixed.yaml
@ apply -f $work/mixed.yaml
@ delete -f $work/mixed.yaml
@ delete pod once
@ delete deployment made
@ delete service made plain
@ delete secret word --wait=false
@ delete namespace place
@ delete pod nowhere
@ delete -f $work/wrong.yaml --ignore-not-found
@ delete -f $work/web.yaml --ignore-not-found
quiet @ wait --for=delete pod -l app=web --timeout=60s
@ get pods
COMMANDS
}

# What no two runs share: names, addresses, times, ids. Ages are of one word, columns of one blank.
same_words() {
  sed -E -e 's/kubectl(\.1\.[0-9]+)?/nodectl/g' -e '/^hint: /d' -e 's/web-[a-z0-9]{8,10}(-[a-z0-9]{5})?/web-H/g' \
    -e 's/(made|plain)-[a-z0-9]{5,10}(-[a-z0-9]{5})?/\1-H/g' -e 's/pod-template-hash(=|: )[a-z0-9]+/pod-template-hash\1H/g' \
    -e 's/kube-api-access-[a-z0-9]+/kube-api-access-H/g' -e 's/10\.(96|244)\.[0-9]+\.[0-9]+/IP/g' \
    -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/UID/g' -e 's/[0-9a-f]{64}/ID/g' \
    -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' -e 's/[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000/TIME/g' \
    -e 's/(resourceVersion"?: )"[0-9]+"/\1V/; s/(generation"?: )[0-9]+/\1G/' \
    -e 's/\(x[0-9]+ over [0-9hms]+\)//' -e 's/\b([0-9]+h)?([0-9]+m)?[0-9]+s\b/AGE/g; s/\b[0-9]+m\b/AGE/g' \
    -e 's/[0-9]+ old replicas/N old replicas/' -e 's/ +/ /g; s/ $//; s/-{2,}/--/g' "$1"
}

# run NAME PROGRAM: the output of every command in $work/NAME.N.{command,out,err,code}.
run() {
  local name=$1 program=$2 number=0 line pod quiet
  while IFS= read -r line; do
    quiet=
    case $line in
      quiet*) quiet=1 line=${line#quiet } ;;
      newer*)
        [ "$minor" -ge 27 ] || quiet=1
        line=${line#newer }
        ;;
    esac
    pod=$(on_node "$kubectl" get pods -l app=web --sort-by=.metadata.creationTimestamp -o name 2>/dev/null | tail -n 1)
    local shown=$line
    line=${line//POD/${pod#pod/}}
    line=${line//@/"timeout 90 nsenter --net=/run/netns/$node_ns $program"}
    if [ -n "$quiet" ]; then
      eval "$line" >/dev/null 2>&1 </dev/null
      continue
    fi
    number=$((number + 1))
    local file
    file=$work/$name.$(printf %03d $number)
    eval "$line" >"$file.raw.out" 2>"$file.raw.err" </dev/null
    echo $? >"$file.code"
    echo "$shown" >"$file.command"
    # Events come and go with time; of what is described only that they are there is the same.
    same_words "$file.raw.out" | sed '/^Events:/,$d' >"$file.out"
    same_words "$file.raw.err" >"$file.err"
  done < <(commands)
}

run kubectl "$kubectl"
run nodectl "$NODAL_BIN/nodectl"
for command in "$work"/kubectl.*.command; do
  number=${command%.command}
  number=${number##*.}
  what=$(cat "$command")
  if difference=$(for part in out err code; do diff "$work/kubectl.$number.$part" "$work/nodectl.$number.$part"; done); then
    echo "ok: $what"
  else
    fail "$what prints something else (< kubectl, > nodectl)"
    printf '%s\n' "$difference" | sed 's/^/     | /' | head -30
  fi
done

expect 'a hundred commands and more were compared' '^[1-9][0-9]{2}$' "$(ls "$work"/kubectl.*.command | wc -l)"

# What kubectl has not: hints, and names that the shell asks for.
expect 'a hint for a wrong selector' '^hint: .*matchLabels' "$(on_node nodectl apply -f "$work/wrong.yaml" 2>&1)"
expect 'completion of types' '^pods$' "$(on_node nodectl __complete -- get po)"
expect 'completion of names' '^default$' "$(on_node nodectl __complete -- get sa def)"
expect 'completion of namespaces' '^kube-system$' "$(on_node nodectl __complete -- get pods -n kube-s)"
expect 'a watch prints changes' '^seen +1 ' "$(
  timeout 4 nsenter --net=/run/netns/"$node_ns" "$NODAL_BIN/nodectl" get configmaps --watch-only --no-headers &
  sleep 1
  on_node nodectl create configmap seen --from-literal=a=b >/dev/null
  wait
)"
expect 'nothing is coloured in a pipe' '^0$' "$(on_node nodectl status | grep -c $'\x1b')"
