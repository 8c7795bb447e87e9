{{/*
The service's configuration file from the values. Helm's toToml writes integers as floats, which the service rejects. JSON
strings are valid TOML strings.
*/}}

{{- define "second-opinion.toml.key" -}}
{{- if regexMatch "^[A-Za-z0-9_-]+$" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/* A value on one line, with tables in lists as inline tables. */}}
{{- define "second-opinion.toml.value" -}}
{{- if kindIs "map" . -}}
{ {{- range $i, $key := keys . | sortAlpha }}{{ if $i }},{{ end }} {{ include "second-opinion.toml.key" $key }} = {{ include "second-opinion.toml.value" (get $ $key) }}{{ end }} }
{{- else if kindIs "slice" . -}}
[{{ range $i, $item := . }}{{ if $i }}, {{ end }}{{ include "second-opinion.toml.value" $item }}{{ end }}]
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}

{{/* A table with its heading, followed by its nested tables: (list "plan" $map). */}}
{{- define "second-opinion.toml.table" -}}
{{- $path := index . 0 -}}
{{- $table := index . 1 }}
[{{ $path }}]
{{- range $key := keys $table | sortAlpha }}
{{- $value := get $table $key }}
{{- if and (not (kindIs "map" $value)) (not (kindIs "invalid" $value)) }}
{{ include "second-opinion.toml.key" $key }} = {{ include "second-opinion.toml.value" $value }}
{{- end }}
{{- end }}
{{- range $key := keys $table | sortAlpha }}
{{- $value := get $table $key }}
{{- if kindIs "map" $value }}
{{ include "second-opinion.toml.table" (list (printf "%s.%s" $path (include "second-opinion.toml.key" $key)) $value) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "second-opinion.toml" -}}
{{- $v := .Values -}}
{{- $open := include "second-opinion.auth" . -}}
# Written by the chart from its values. `second-opinion check-config` prints the effective settings and their origins.
listen = {{ include "second-opinion.address" (list (ternary $v.bindAddress "127.0.0.1" (not (empty $open))) $v.ports.grpc) | toJson }}
ops_listen = {{ include "second-opinion.address" (list $v.bindAddress $v.ports.ops) | toJson }}
data = "/var/lib/second-opinion/data"
{{- if eq $v.store.type "postgresql" }}
# store: set by SECOND_OPINION_STORE from a secret.
{{- end }}
{{- if $v.auth.issuer }}
auth_jwks = {{ $v.auth.jwks.url | default "/etc/second-opinion/jwks/jwks.json" | toJson }}
auth_issuer = {{ toJson $v.auth.issuer }}
auth_audience = {{ toJson $v.auth.audience }}
{{- end }}
{{- if $v.tls.secretName }}
tls_cert = "/etc/second-opinion/tls/tls.crt"
tls_key = "/etc/second-opinion/tls/tls.key"
{{- end }}
{{- if include "second-opinion.clientCa" . }}
tls_client_ca = "/etc/second-opinion/client-ca/ca.crt"
{{- end }}
log = {{ toJson $v.config.log }}
log_format = {{ toJson $v.config.log_format }}
audit = {{ toJson $v.config.audit }}
max_calls = {{ toJson $v.config.max_calls }}
max_deadline = {{ toJson $v.config.max_deadline }}
drain_grace = {{ printf "%ds" (int $v.drainGraceSeconds) | toJson }}
{{- with $v.config.otlp_endpoint }}
otlp_endpoint = {{ toJson . }}
{{- end }}
trace_ratio = {{ toJson $v.config.trace_ratio }}
{{- range $name := list "plan" "notices" "calendar" "limits" "sweeper" "web" }}
{{- with get $v.config $name }}
{{ include "second-opinion.toml.table" (list $name .) }}
{{- end }}
{{- end }}
{{- with $v.auth.callers }}
{{ include "second-opinion.toml.table" (list "callers" .) }}
{{- end }}
{{- end -}}
