{{/* Names, labels and addresses. */}}

{{- define "second-opinion.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 50 characters, so that the longest suffix, `-migration` and a hash, fits into 63. */}}
{{- define "second-opinion.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "second-opinion.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "second-opinion.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "second-opinion.serviceAccountName" -}}
{{- default (ternary (include "second-opinion.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* Labels of every object: (list $ "component"). */}}
{{- define "second-opinion.labels" -}}
{{- $root := index . 0 -}}
{{ include "second-opinion.selector" . }}
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: second-opinion
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Selector labels, which never change within a release: (list $ "component"). */}}
{{- define "second-opinion.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "second-opinion.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "second-opinion.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* "true" if authentication is configured, else empty. Without it, the server listens only on loopback. */}}
{{- define "second-opinion.auth" -}}
{{- if or .Values.auth.issuer .Values.auth.clientCa.configMap .Values.auth.clientCa.secret }}true{{ end -}}
{{- end -}}

{{/* "true" if client certificates are configured, else empty. */}}
{{- define "second-opinion.clientCa" -}}
{{- if or .Values.auth.clientCa.configMap .Values.auth.clientCa.secret }}true{{ end -}}
{{- end -}}

{{/* An address and a port, with brackets around an IPv6 address: (list "::" 50051). */}}
{{- define "second-opinion.address" -}}
{{- $host := index . 0 -}}
{{- if contains ":" $host }}[{{ $host }}]{{ else }}{{ $host }}{{ end }}:{{ index . 1 | int }}
{{- end -}}

{{/* An alert's labels: (list $ "severity"). */}}
{{- define "second-opinion.alertLabels" -}}
{{- merge (dict "severity" (index . 1)) (index . 0).Values.monitoring.prometheusRule.alertLabels | toJson }}
{{- end -}}
