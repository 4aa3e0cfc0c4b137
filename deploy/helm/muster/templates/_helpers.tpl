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

{{/* What `kubectl run` is told about the pod that holds the volume while its file is read, on one line. */}}
{{- define "muster.reader" -}}
{{- $mount := dict "name" "inventory" "mountPath" "/inventory" "readOnly" true }}
{{- $container := dict "name" "reader" "image" "busybox:stable" "args" (list "sleep" "600")
  "securityContext" .Values.securityContext "volumeMounts" (list $mount) }}
{{- $claim := dict "claimName" (include "muster.claimName" .) "readOnly" true }}
{{- $spec := dict "automountServiceAccountToken" false "securityContext" .Values.podSecurityContext
  "containers" (list $container) "volumes" (list (dict "name" "inventory" "persistentVolumeClaim" $claim)) }}
{{- dict "spec" $spec | toJson }}
{{- end }}
