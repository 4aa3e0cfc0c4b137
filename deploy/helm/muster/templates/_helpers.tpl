{{- define "muster.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* The name of a CronJob may have 52 characters and not 63: Kubernetes adds eleven for each run. */}}
{{- define "muster.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What belongs to no namespace carries the one of the release in its name, since two releases must not share it; with a
     colon, which no namespace can have, so that a-b with c is not a with b-c. */}}
{{- define "muster.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "muster.fullname" .) }}
{{- end }}

{{- define "muster.selectorLabels" -}}
app.kubernetes.io/name: {{ include "muster.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* The pods of the scan. Those of the site carry the same two labels, and another component. */}}
{{- define "muster.scanSelector" -}}
{{ include "muster.selectorLabels" . }}
app.kubernetes.io/component: scan
{{- end }}

{{- define "muster.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "muster.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "muster.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "muster.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* A digest says exactly what runs, so a tag beside it would only be a comment that can be wrong. */}}
{{- define "muster.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "muster.claimName" -}}
{{- default (include "muster.fullname" .) .Values.persistence.existingClaim }}
{{- end }}

{{/* The rules as `muster doctor k8s --policy` prints them. */}}
{{- define "muster.rules" -}}
{{- $rules := (.Files.Get "files/clusterrole.yaml" | fromYaml).rules }}
{{- required "files/clusterrole.yaml holds no rules" $rules | toYaml }}
{{- end }}

{{- define "muster.subjects" -}}
- kind: ServiceAccount
  name: {{ include "muster.serviceAccountName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* Where what is found is kept: `server`, `file`, or nothing where it is only printed. What is wrong with the URL is told here
     and not by the schema, which would print the URL, and with it a password that somebody wrote into it. */}}
{{- define "muster.kept" -}}
{{- $url := .Values.store.postgres.url }}
{{- if $url }}
{{- $host := `(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)` }}
{{- if not (regexMatch (printf `^postgres(ql)?://[^\s:@/?#]+@%s(:[0-9]{1,5})?/[^\s@/?#]+(\?[^\s#]+)?$` $host) $url) }}
{{- fail "store.postgres.url is not postgres://USER@HOST:PORT/DATABASE, with no password in it: that comes from store.postgres.passwordSecret" }}
{{- end }}
{{- if regexMatch `[?&](password|user|host|hostaddr|port|dbname)=` $url }}
{{- fail "store.postgres.url says after its ? what belongs before it, or into store.postgres.passwordSecret" }}
{{- end -}}
server
{{- else if .Values.persistence.enabled -}}
file
{{- else }}
{{- if or .Values.config.extra .Values.retention.keep .Values.store.postgres.passwordSecret.name }}
{{- fail "config.extra, retention.keep and store.postgres.passwordSecret are of use only with a store: set persistence.enabled or store.postgres.url" }}
{{- end }}
{{- end }}
{{- end }}

{{/* The port of the database, which the URL may leave out. */}}
{{- define "muster.postgresPort" -}}
{{- $host := regexFind `@[^/]+` .Values.store.postgres.url }}
{{- regexFind `:[0-9]+$` $host | trimPrefix ":" | default "5432" }}
{{- end }}

{{/* The variable with the password of the database, as a list that is empty where there is none. */}}
{{- define "muster.password" -}}
{{- $env := list }}
{{- with .Values.store.postgres.passwordSecret }}
{{- if .name }}
{{- $from := dict "secretKeyRef" (dict "name" .name "key" .key) }}
{{- $env = append $env (dict "name" "PGPASSWORD" "valueFrom" $from) }}
{{- end }}
{{- end }}
{{- toYaml $env }}
{{- end }}

{{/* Questions to DNS, wherever it runs: some clusters keep it in another namespace, others at an address of the node. */}}
{{- define "muster.egressToDns" -}}
- ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end }}

{{/* The database that keeps what is found. */}}
{{- define "muster.egressToStore" -}}
- ports:
    - protocol: TCP
      port: {{ include "muster.postgresPort" . }}
  {{- with .Values.networkPolicy.postgresCidrs }}
  to:
    {{- include "muster.blocks" . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Peers of a NetworkPolicy by a list of networks. */}}
{{- define "muster.blocks" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The options of the scan as JSON, by their names without the dashes. */}}
{{- define "muster.options" -}}
{{- $own := dict }}
{{- with .Values.clusterName }}
{{- $_ := set $own "k8s-cluster-name" . }}
{{- end }}
{{- if not .Values.rbac.clusterWide }}
{{- $_ := set $own "k8s-namespaces" (.Values.rbac.namespaces | uniq) }}
{{- end }}
{{- merge $own .Values.scan.options | toJson }}
{{- end }}

{{/* The configuration of `muster run`. A text of JSON is one of TOML as well, and so are its numbers, its lists and its true. */}}
{{- define "muster.configuration" -}}
store = {{ if eq (include "muster.kept" .) "server" }}{{ .Values.store.postgres.url | toJson }}{{ else }}"/var/lib/muster/muster.db"{{ end }}

[[source]]
name = {{ .Values.config.source | toJson }}
targets = ["k8s:"]
{{- with include "muster.options" . | fromJson }}

[source.options]
{{- range $name, $value := . }}
{{ $name }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- if .Values.persistence.enabled }}
{{- range .Values.exports }}

[[export]]
format = {{ .format | toJson }}
path = {{ printf "/var/lib/muster/%s" .file | toJson }}
{{- end }}
{{- end }}
{{- with .Values.retention.keep }}

[retention]
keep = {{ toJson . }}
keep_runs = {{ $.Values.retention.keepRuns | int64 }}
{{- end }}
{{- with .Values.config.extra }}

{{ trim . }}
{{- end }}
{{- end }}

{{/* What `kubectl run` is told about a pod on the volume, on one line; given the values, the container, and whether it only
     reads files. A store cannot be read like that: it is locked meanwhile, by files beside it. */}}
{{- define "muster.onVolume" -}}
{{- $mounts := list (dict "name" "kept" "mountPath" "/var/lib/muster" "readOnly" .reads) (dict "name" "tmp" "mountPath" "/tmp") }}
{{- $container := merge .container (dict "name" "reader" "securityContext" .root.Values.securityContext "volumeMounts" $mounts) }}
{{- $claim := dict "name" "kept" "persistentVolumeClaim" (dict "claimName" (include "muster.claimName" .root)) }}
{{- $spec := dict "automountServiceAccountToken" false "securityContext" .root.Values.podSecurityContext
  "imagePullSecrets" .root.Values.imagePullSecrets "containers" (list $container)
  "volumes" (list $claim (dict "name" "tmp" "emptyDir" dict)) }}
{{- if include "muster.isBound" .root }}
{{- $_ := set $spec "affinity" (include "muster.affinity" .root | fromJson) }}
{{- end }}
{{- dict "spec" $spec | toJson }}
{{- end }}
