{{- define "muster.siteName" -}}
{{- printf "%s-site" (include "muster.fullname" .) }}
{{- end }}

{{- define "muster.siteSelector" -}}
{{ include "muster.selectorLabels" . }}
app.kubernetes.io/component: site
{{- end }}

{{- define "muster.siteLabels" -}}
{{ include "muster.labels" . }}
app.kubernetes.io/component: site
{{- end }}

{{/* Whether every pod with the volume has to be on the node of the site: the volume is attached to one node, and processes that
     share a file of SQLite share memory. */}}
{{- define "muster.isBound" -}}
{{- if and .Values.site.enabled (eq (include "muster.kept" .) "file") }}true{{ end }}
{{- end }}

{{/* The affinity of pods beside the site, as JSON: what the values say, and the node of the site where that is needed. */}}
{{- define "muster.affinity" -}}
{{- $affinity := deepCopy .Values.affinity }}
{{- if include "muster.isBound" . }}
{{- $selector := dict "matchLabels" (include "muster.siteSelector" . | fromYaml) }}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" $selector }}
{{- $pods := default dict $affinity.podAffinity }}
{{- $terms := append (default list $pods.requiredDuringSchedulingIgnoredDuringExecution) $term }}
{{- $_ := set $pods "requiredDuringSchedulingIgnoredDuringExecution" $terms }}
{{- $_ := set $affinity "podAffinity" $pods }}
{{- end }}
{{- toJson $affinity }}
{{- end }}

{{/* What people type to get to the site. */}}
{{- define "muster.publicUrl" -}}
{{- $site := .Values.site }}
{{- $url := $site.publicUrl | trimSuffix "/" | lower }}
{{- if and (not $url) $site.ingress.enabled }}
{{- $url = printf "https://%s" $site.ingress.host }}
{{- end }}
{{- default "http://localhost:8080" $url }}
{{- end }}

{{/* Whether the address is one of the machine of whoever forwards a port. */}}
{{- define "muster.isForwarded" -}}
{{- if regexMatch `^https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$` (include "muster.publicUrl" .) }}true{{ end }}
{{- end }}

{{/* The proxies that are believed. Whoever forwards a port comes from the pod itself. */}}
{{- define "muster.behind" -}}
{{- $behind := .Values.site.behind }}
{{- if and (not $behind) (not .Values.site.tlsSecret) (include "muster.isForwarded" .) }}
{{- $behind = list "127.0.0.1" }}
{{- end }}
{{- toYaml $behind }}
{{- end }}

{{/* The port of the provider, which its address may leave out. */}}
{{- define "muster.providerPort" -}}
{{- $host := regexFind `//[^/]+` .Values.site.oidc.issuer }}
{{- regexFind `:[0-9]+$` $host | trimPrefix ":" | default "443" }}
{{- end }}

{{/* What `muster serve` is told, as YAML. */}}
{{- define "muster.siteArguments" -}}
{{- $site := .Values.site }}
{{- $address := contains ":" $site.address | ternary (printf "[%s]" $site.address) $site.address }}
{{- /* No link: it would stand in the log, which others read and collect, and let them in as an administrator. */}}
{{- $all := list "serve" (printf "--listen=%s:8080" $address) "--no-link" }}
{{- if eq (include "muster.kept" .) "file" }}
{{- /* The site is there before the first run. In a database, tables are made anyway. */}}
{{- $all = append $all "--make-store" }}
{{- end }}
{{- range include "muster.behind" . | fromYamlArray }}
{{- $all = append $all (printf "--behind=%s" .) }}
{{- end }}
{{- if $site.tlsSecret }}
{{- $all = concat $all (list "--tls-certificate=/etc/muster/tls/tls.crt" "--tls-key=/etc/muster/tls/tls.key") }}
{{- end }}
{{- with $site.oidc }}
{{- if .issuer }}
{{- $all = concat $all (list (printf "--oidc-issuer=%s" .issuer) (printf "--oidc-client-id=%s" .clientId)) }}
{{- $all = append $all "--oidc-client-secret-file=/etc/muster/oidc/client-secret" }}
{{- range .scopes }}
{{- $all = append $all (printf "--oidc-scope=%s" .) }}
{{- end }}
{{- with .nameClaim }}
{{- $all = append $all (printf "--oidc-name-claim=%s" .) }}
{{- end }}
{{- $all = append $all (printf "--oidc-groups-claim=%s" .groupsClaim) }}
{{- range $role, $groups := .roles }}
{{- range $groups }}
{{- $all = append $all (printf "--oidc-role=%s=%s" $role .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- concat $all $site.extraArgs | toYaml }}
{{- end }}

{{/* Refuses what cannot work, by the name of the value. Prints nothing. */}}
{{- define "muster.checkSite" -}}
{{- $site := .Values.site }}
{{- $kept := include "muster.kept" . }}
{{- if not $kept }}
{{- fail "site.enabled needs a store to show: set persistence.enabled or store.postgres.url" }}
{{- end }}
{{- if eq $kept "file" }}
{{- if gt ($site.replicas | int64) 1 }}
{{- fail "site.replicas is more than 1, and the store is a file on a volume: set store.postgres.url, which many pods can use" }}
{{- end }}
{{- if and (not .Values.persistence.existingClaim) (has "ReadWriteOncePod" .Values.persistence.accessModes) }}
{{- fail "persistence.accessModes has ReadWriteOncePod, and both the site and the scan mount the volume: set ReadWriteOnce, or store.postgres.url" }}
{{- end }}
{{- else if and (regexMatch `[?&]sslrootcert=` .Values.store.postgres.url) (not $site.extraVolumeMounts) }}
{{- fail "store.postgres.url names a certificate by sslrootcert, and site.extraVolumeMounts mounts none: the site has volumes of its own" }}
{{- end }}
{{- include "muster.checkProvider" . }}
{{- include "muster.checkWay" . }}
{{- end }}

{{/* The same for the provider that people sign in with. */}}
{{- define "muster.checkProvider" -}}
{{- $oidc := .Values.site.oidc }}
{{- if $oidc.issuer }}
{{- range $name, $is := dict "site.oidc.clientId" $oidc.clientId "site.oidc.clientSecret.name" $oidc.clientSecret.name }}
{{- if not $is }}
{{- fail (printf "site.oidc.issuer needs %s as well" $name) }}
{{- end }}
{{- end }}
{{- $groups := list }}
{{- range $oidc.roles }}
{{- $groups = concat $groups . }}
{{- end }}
{{- if not $groups }}
{{- fail "site.oidc.roles gives no group a role, so that nobody could get in: set it, as {reviewer: [sec-review]}" }}
{{- end }}
{{- else if or $oidc.clientId $oidc.clientSecret.name $oidc.roles $oidc.scopes $oidc.nameClaim }}
{{- fail "site.oidc names no provider: set site.oidc.issuer, letter by letter as the provider says it itself" }}
{{- end }}
{{- end }}

{{/* The same for the way on which people come. */}}
{{- define "muster.checkWay" -}}
{{- $site := .Values.site }}
{{- $url := include "muster.publicUrl" . }}
{{- $is_https := hasPrefix "https://" $url }}
{{- $is_forwarded := include "muster.isForwarded" . }}
{{- with $site.ingress }}
{{- if .enabled }}
{{- if not .host }}
{{- fail "site.ingress.enabled needs site.ingress.host: the site answers to no other name" }}
{{- end }}
{{- if ne (regexReplaceAll `:[0-9]+$` $url "") (printf "https://%s" .host) }}
{{- fail "site.publicUrl is not https:// and site.ingress.host: leave it empty, or let it differ by a port alone" }}
{{- end }}
{{- if not $site.oidc.issuer }}
{{- fail "site.ingress.enabled needs site.oidc.issuer: people who come from outside could not sign in" }}
{{- end }}
{{- if not $site.behind }}
{{- fail "site.ingress.enabled needs site.behind, the networks that the ingress controller asks from, as 10.42.0.0/16: the site believes no other what it says of who asks" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $site.tlsSecret (not $is_https) }}
{{- fail "site.tlsSecret needs a site.publicUrl that begins with https://" }}
{{- end }}
{{- if not $is_forwarded }}
{{- if not $is_https }}
{{- fail "site.publicUrl begins with http://, and people would sign in without TLS: only localhost may, for kubectl port-forward" }}
{{- end }}
{{- if not (or $site.tlsSecret $site.behind) }}
{{- fail "site.publicUrl needs TLS: set site.tlsSecret, or site.behind with the networks of the proxy that does it" }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not $site.networkPolicy.from) }}
{{- fail "site.networkPolicy.from is empty, so that nobody would be let in to the site: name those who are, such as the ingress controller" }}
{{- end }}
{{- end }}
{{- end }}
